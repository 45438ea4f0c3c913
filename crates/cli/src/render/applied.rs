//! How an apply ended, for people.

use std::error::Error;
use std::fmt::Write;

use infra_engine::apply::Applied;
use infra_engine::apply::outcome::{ApplyOutcome, Left, Report, StepError, StepFailed};

use crate::failure::chain;
use crate::render::duration::human;
use crate::terminal::{style, styled};

/// Returns the failures with their causes and hints, what was skipped, and one line that counts.
pub(crate) fn render(applied: &Applied) -> String {
    let report = applied.outcome.report();
    let mut text = String::new();
    report
        .failed
        .iter()
        .for_each(|failed| failed_step(&mut text, failed));
    for skipped in &report.skipped {
        let skip = styled(style::WARNING, "Skipped");
        let _ = writeln!(text, "{skip} {} because of {}", skipped.key, skipped.because);
    }
    if let Some(stop) = &report.stopped {
        let _ = writeln!(text, "{} {stop}", styled(style::ERROR, "Stopped:"));
        causes(&mut text, stop);
        if let Some(hint) = stop.hint() {
            let _ = writeln!(text, "{} {hint}", styled(style::HINT, "Hint:"));
        }
    }
    let _ = writeln!(text, "{}", styled(style::BOLD, conclusion(applied, report)));
    text
}

fn conclusion(applied: &Applied, report: &Report) -> String {
    let (done, failed) = (report.done.len(), report.failed.len());
    let skipped = report.skipped.len() + report.not_begun.len();
    let steps = if done == 1 { "step" } else { "steps" };
    match applied.outcome {
        ApplyOutcome::Completed(_) if done == 0 => "Nothing to do.".to_owned(),
        ApplyOutcome::Completed(_) => format!("Applied: {done} {steps} in {}.", human(applied.took)),
        ApplyOutcome::Interrupted(_) => {
            format!(
                "Interrupted after {done} {steps}; {skipped} not begun. All that ran was recorded; the same command goes on."
            )
        }
        ApplyOutcome::Failed(_) => {
            format!(
                "Not finished: {done} {steps} done, {failed} failed, {skipped} not begun. All that exists is recorded."
            )
        }
    }
}

fn failed_step(text: &mut String, failed: &StepFailed) {
    let error = &failed.error;
    let _ = writeln!(
        text,
        "{} {} {}: {error}",
        styled(style::ERROR, "Error:"),
        failed.action,
        failed.key
    );
    causes(text, error);
    if let Some(hint) = hint(error) {
        let _ = writeln!(text, "{} {hint}", styled(style::HINT, "Hint:"));
    }
    if failed.left == Left::OpenIntent {
        let _ = writeln!(
            text,
            "The next run finds out what happened before it does anything else"
        );
    }
}

fn causes(text: &mut String, error: &dyn Error) {
    for cause in chain(error).iter().skip(1) {
        let _ = writeln!(text, "{} {cause}", styled(style::BOLD, "Caused by:"));
    }
}

/// Returns what to do about a failed step, as far as it knows.
pub(crate) fn hint(error: &StepError) -> Option<String> {
    match error {
        StepError::Provider(error) | StepError::HalfMade(error) | StepError::TakenIn(error) => {
            error.hint.clone()
        }
        StepError::Unknown { source, .. } => source.hint.clone(),
        StepError::Journal(error) => error.hint().map(str::to_owned),
        _ => None,
    }
}
