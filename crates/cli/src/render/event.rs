//! Events as lines for people and as JSON for machines.

use infra_model::event::{Event, Stage};

use crate::render::duration::human;
use crate::render::history::finding_words;
use crate::render::words::{self, counted};
use crate::terminal::{style, styled};

/// Returns an event as a line, or nothing for what people need not see.
pub(crate) fn text(event: &Event) -> Option<String> {
    Some(match event {
        Event::StageStarted(_) | Event::StageFinished(..) => return None,
        Event::LeaseAwaited { holder, until } => {
            let start = styled(style::WARNING, "waiting");
            format!("{start} for `{holder}`, who holds the environment until {until} or longer")
        }
        Event::Recovered { key, finding } => {
            let start = styled(style::WARNING, "recovered");
            format!("{start} {key} of an earlier run: {}", finding_words(*finding))
        }
        Event::Waking { since, by } => {
            let start = styled(style::WARNING, "starting");
            format!("{start} the environment first, which `{by}` stopped at {since}")
        }
        Event::StepStarted { key, action, .. } => format!("{} {key}", words::of(action).doing),
        Event::StepRetried {
            key, message, pause, ..
        } => {
            let start = styled(style::WARNING, "trying again");
            format!("{start} {key} in {}: {message}", human(*pause))
        }
        Event::LookRetried {
            resource_type,
            message,
            pause,
        } => {
            let start = styled(style::WARNING, "looking again");
            format!("{start} at `{resource_type}` in {}: {message}", human(*pause))
        }
        Event::StepDone {
            key, action, took, ..
        } => {
            let did = styled(style::CREATE, words::of(action).did);
            format!("{did} {key} in {}", human(*took))
        }
        Event::StepFailed {
            key,
            action,
            message,
            took,
            ..
        } => {
            let failed = styled(style::ERROR, format!("failed to {action}"));
            format!("{failed} {key} after {}: {message}", human(*took))
        }
        Event::StepSkipped { key, because, .. } => {
            format!(
                "{} {key}, because of {because}",
                styled(style::WARNING, "skipped")
            )
        }
        Event::Interrupted { running } => {
            let start = styled(style::WARNING, "interrupted:");
            let running = counted(*running, "step");
            format!("{start} nothing new begins; {running} still to end. Again to leave at once")
        }
    })
}

/// Returns what people are told when a run is left at once.
pub(crate) fn left(running: usize) -> String {
    let start = styled(style::WARNING, "left at once:");
    let running = counted(running, "step");
    format!(
        "{start} {running} did not end; the next run finds out what happened before it does anything else\n"
    )
}

/// Returns what people are told while a stage lasts; nothing for those that take no time or show steps.
pub(crate) fn stage_words(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Observe => Some("asking the provider what exists"),
        Stage::Plan => Some("comparing"),
        Stage::Config | Stage::Lower | Stage::Apply => None,
    }
}

/// Returns an event in the format `infra.event/1`.
pub(crate) fn json(event: &Event) -> serde_json::Value {
    let ms = |duration: &std::time::Duration| duration.as_millis() as u64;
    let mut document = match event {
        Event::StageStarted(stage) => {
            serde_json::json!({ "event": "stage_started", "stage": stage_name(*stage) })
        }
        Event::StageFinished(stage, took) => {
            serde_json::json!({ "event": "stage_finished", "stage": stage_name(*stage), "took_ms": ms(took) })
        }
        Event::LeaseAwaited { holder, until } => {
            serde_json::json!({ "event": "lease_awaited", "holder": holder, "until": until.to_string() })
        }
        Event::Recovered { key, finding } => {
            serde_json::json!({ "event": "recovered", "key": key, "finding": finding })
        }
        Event::Waking { since, by } => {
            serde_json::json!({ "event": "waking", "since": since.to_string(), "by": by })
        }
        Event::StepStarted {
            step,
            key,
            action,
            estimate,
        } => serde_json::json!({
            "event": "step_started", "step": step, "key": key, "action": action, "estimate_ms": ms(estimate),
        }),
        Event::StepRetried {
            step,
            key,
            message,
            pause,
        } => serde_json::json!({
            "event": "step_retried", "step": step, "key": key, "message": message, "pause_ms": ms(pause),
        }),
        Event::LookRetried {
            resource_type,
            message,
            pause,
        } => serde_json::json!({
            "event": "look_retried", "type": resource_type, "message": message, "pause_ms": ms(pause),
        }),
        Event::StepDone {
            step,
            key,
            action,
            took,
        } => serde_json::json!({
            "event": "step_done", "step": step, "key": key, "action": action, "took_ms": ms(took),
        }),
        Event::StepFailed {
            step,
            key,
            action,
            message,
            took,
        } => serde_json::json!({
            "event": "step_failed", "step": step, "key": key, "action": action, "message": message,
            "took_ms": ms(took),
        }),
        Event::StepSkipped { step, key, because } => serde_json::json!({
            "event": "step_skipped", "step": step, "key": key, "because": because,
        }),
        Event::Interrupted { running } => serde_json::json!({ "event": "interrupted", "running": running }),
    };
    document["format"] = "infra.event/1".into();
    document
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Config => "config",
        Stage::Lower => "lower",
        Stage::Observe => "observe",
        Stage::Plan => "plan",
        Stage::Apply => "apply",
    }
}

#[cfg(test)]
mod tests;
