//! How a stop or start of an environment ended, for people and as JSON.

use infra_engine::rest::{Direction, RestReport, Rested};
use serde_json::{Value as Json, json};

use crate::failure::chain;
use crate::render::duration::human;
use crate::render::words::{self, counted, some_of};
use crate::terminal::{style, styled};

/// Returns what failed with its causes and hints, and one line that says how the environment is now.
pub(crate) fn render(rested: &Rested, direction: Direction, start: &str) -> String {
    let report = &rested.report;
    let mut text = String::new();
    let did = words::of(direction.name()).did;
    for (key, error) in &report.failed {
        text += &format!("{} {key} was not {did}\n", styled(style::ERROR, "Error:"));
        for cause in chain(error) {
            text += &format!("Caused by: {cause}\n");
        }
        if let Some(hint) = &error.hint {
            text += &format!("{} {hint}\n", styled(style::HINT, "Hint:"));
        }
    }
    if let Some(lost) = &report.lost {
        text += &format!("{} {lost}\n", styled(style::ERROR, "Error:"));
    }
    if !report.is_complete() {
        return text + &unfinished(report, direction);
    }
    let (environment, took) = (&rested.environment, human(rested.took));
    text + &match direction {
        Direction::Stop => {
            format!(
                "Stopped `{environment}` in {took}; its data and its state stay. Start it with: {start}\n"
            )
        }
        Direction::Start => format!("`{environment}` runs, after {took}.\n"),
    }
}

fn unfinished(report: &RestReport, direction: Direction) -> String {
    let did = words::of(direction.name()).did;
    let mut text = String::new();
    if !report.skipped.is_empty() {
        let names: Vec<String> = report.skipped.iter().map(ToString::to_string).collect();
        text += &format!("Not begun: {}\n", some_of(&names).join(", "));
    }
    let (done, left) = (report.done.len(), report.failed.len() + report.skipped.len());
    text += &format!(
        "Not finished: {} {did}, {left} left. The next stop, start or apply goes on\n",
        counted(done, "resource")
    );
    text
}

/// Returns the same in the format `infra.rest/1`.
pub(crate) fn json(rested: &Rested, direction: Direction) -> Json {
    let report = &rested.report;
    let done = report
        .done
        .iter()
        .map(|(key, took)| json!({ "key": key, "took_ms": took.as_millis() as u64 }));
    let failed = report
        .failed
        .iter()
        .map(|(key, error)| json!({ "key": key, "causes": chain(error), "hint": error.hint }));
    json!({
        "format": "infra.rest/1",
        "environment": rested.environment,
        "action": direction.name(),
        "complete": report.is_complete(),
        "took_ms": rested.took.as_millis() as u64,
        "done": done.collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "skipped": report.skipped,
        "lost": report.lost.as_ref().map(ToString::to_string),
    })
}
