//! How an apply ended, for people.

use std::collections::BTreeMap;

use infra_engine::apply::Applied;
use infra_engine::apply::outcome::{ApplyOutcome, Left, Report, StepError, StepFailed, Stop};

use crate::failure::chain;
use crate::render::duration::human;
use crate::render::words::{self, counted};
use crate::terminal::{style, styled};

/// How many steps are named that were skipped, or failed for one reason.
const SHOWN: usize = 10;

/// Returns the failures with their causes and hints, what was skipped, and one line that counts.
pub(crate) fn render(applied: &Applied) -> String {
    let report = applied.outcome.report();
    let mut paragraphs = failures(report);
    paragraphs.push(skipped(report));
    paragraphs.extend(report.stopped.as_ref().map(stopped));
    paragraphs.push(conclusion(applied));
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n")
}

/// Returns a paragraph for each cause of failures. A store that is lost stops a hundred steps for one reason.
fn failures(report: &Report) -> Vec<String> {
    let mut causes: Vec<(String, Vec<String>)> = Vec::new();
    for failed in &report.failed {
        let (what, why) = (what_failed(failed), why_failed(failed));
        match causes.iter_mut().find(|(known, _)| *known == why) {
            Some((_, all)) => all.push(what),
            None => causes.push((why, vec![what])),
        }
    }
    let paragraph = |(why, mut all): (String, Vec<String>)| {
        let more = all.len().saturating_sub(SHOWN);
        all.truncate(SHOWN);
        if more > 0 {
            all.push(format!("{} {more} more\n", styled(style::ERROR, "Error:")));
        }
        all.concat() + &why
    };
    causes.into_iter().map(paragraph).collect()
}

fn what_failed(failed: &StepFailed) -> String {
    let did = words::of(failed.action).did;
    let was = match &failed.error {
        StepError::Unrecorded(_) => format!("was {did}, and that could not be recorded"),
        _ => format!("was not {did}"),
    };
    format!("{} {} {was}\n", styled(style::ERROR, "Error:"), failed.key)
}

fn why_failed(failed: &StepFailed) -> String {
    let error = &failed.error;
    // The step's own words say less than the line above when it was simply the provider or the store that failed.
    let first = usize::from(matches!(error, StepError::Provider(_) | StepError::Unrecorded(_)));
    let mut text = causes(chain(error).into_iter().skip(first));
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
    for one in report.skipped.iter().take(SHOWN) {
        let start = styled(style::WARNING, "Skipped:");
        text += &format!("{start} {}, because of {}\n", one.key, one.because);
    }
    let more = report.skipped.len().saturating_sub(SHOWN);
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
        ApplyOutcome::Failed(report) => {
            let is_open = report.failed.iter().any(|failed| failed.left == Left::OpenIntent);
            let recorded = match is_open {
                true => "What is not recorded yet, the next run finds.",
                false => "All that exists is recorded.",
            };
            format!("Not finished: {done}, {failed} failed, {not_begun} not begun. {recorded}")
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
        StepError::Journal(error) | StepError::Unrecorded(error) => error.hint().map(str::to_owned),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
