//! How an apply ended, for people.

use std::collections::BTreeMap;

use infra_engine::apply::Applied;
use infra_engine::apply::outcome::{ApplyOutcome, Left, Report, StepError, StepFailed, Stop};

use crate::failure::chain;
use crate::render::duration::human;
use crate::render::words::{self, counted};
use crate::terminal::{style, styled};

/// How many skipped steps are named.
const SKIPPED_SHOWN: usize = 10;

/// Returns the failures with their causes and hints, what was skipped, and one line that counts.
pub(crate) fn render(applied: &Applied) -> String {
    let report = applied.outcome.report();
    let mut paragraphs: Vec<String> = report.failed.iter().map(failed).collect();
    paragraphs.push(skipped(report));
    paragraphs.extend(report.stopped.as_ref().map(stopped));
    paragraphs.push(conclusion(applied));
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n")
}

fn failed(failed: &StepFailed) -> String {
    let (verb, error) = (words::of(failed.action), &failed.error);
    let mut text = format!(
        "{} {} was not {}\n",
        styled(style::ERROR, "Error:"),
        failed.key,
        verb.did
    );
    // The step's own words say less than the line above when it was simply the provider that failed.
    let first = usize::from(matches!(error, StepError::Provider(_)));
    text += &causes(chain(error).into_iter().skip(first));
    if let Some(hint) = hint(error) {
        text += &format!("{} {hint}\n", styled(style::HINT, "Hint:"));
    }
    if failed.left == Left::OpenIntent {
        let words = "The next run finds out what happened before it does anything else";
        text += &format!("{} {words}\n", styled(style::HINT, "Hint:"));
    }
    text
}

fn skipped(report: &Report) -> String {
    let mut text = String::new();
    for one in report.skipped.iter().take(SKIPPED_SHOWN) {
        let start = styled(style::WARNING, "Skipped:");
        text += &format!("{start} {}, because of {}\n", one.key, one.because);
    }
    let more = report.skipped.len().saturating_sub(SKIPPED_SHOWN);
    if more > 0 {
        text += &format!("{} {more} more\n", styled(style::WARNING, "Skipped:"));
    }
    text
}

fn stopped(stop: &Stop) -> String {
    let mut text = format!("{} {}\n", styled(style::ERROR, "Error:"), stop_words(stop));
    text += &causes(chain(stop).into_iter().skip(1));
    if let Some(hint) = stop.hint() {
        text += &format!("{} {hint}\n", styled(style::HINT, "Hint:"));
    }
    text
}

/// Returns why a run stopped, in so many words that a person reads them.
pub(crate) fn stop_words(stop: &Stop) -> String {
    let Stop::Stale(records) = stop else {
        return stop.to_string();
    };
    let names: Vec<String> = records.iter().map(|record| record.key.to_string()).collect();
    let lines: String = words::some_of(&names)
        .iter()
        .map(|name| format!("\n    {name}"))
        .collect();
    let count = counted(records.len(), "record");
    format!("The plan is out of date; since it was made, {count} changed:{lines}")
}

fn causes(causes: impl Iterator<Item = String>) -> String {
    let line = |cause: String| format!("{} {cause}\n", styled(style::BOLD, "Caused by:"));
    causes.map(line).collect()
}

fn conclusion(applied: &Applied) -> String {
    let report = applied.outcome.report();
    let (failed, done) = (report.failed.len(), done(report));
    let not_begun = report.skipped.len() + report.not_begun.len();
    let took = human(applied.took);
    let line = match &applied.outcome {
        // The plan has said so.
        ApplyOutcome::Completed(report) if report.done.is_empty() => return String::new(),
        ApplyOutcome::Completed(_) => format!("Done: {done} in {took}."),
        ApplyOutcome::Interrupted(_) => format!(
            "Interrupted: {done}, {not_begun} not begun. All that ran is recorded; the same command goes on."
        ),
        ApplyOutcome::Failed(report) if report.done.is_empty() && failed == 0 => {
            format!("Not begun: {not_begun} of the plan's steps. Nothing was changed.")
        }
        ApplyOutcome::Failed(_) => {
            format!(
                "Not finished: {done}, {failed} failed, {not_begun} not begun. All that exists is recorded."
            )
        }
    };
    styled(style::BOLD, line) + "\n"
}

/// Counts what was done: `3 created, 2 updated`.
fn done(report: &Report) -> String {
    let mut counts = BTreeMap::new();
    for step in &report.done {
        *counts.entry(words::of(step.action).did).or_insert(0) += 1;
    }
    if counts.is_empty() {
        return "nothing done".to_owned();
    }
    let parts = counts.iter().map(|(did, count)| format!("{count} {did}"));
    parts.collect::<Vec<_>>().join(", ")
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

#[cfg(test)]
mod tests;
