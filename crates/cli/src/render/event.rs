//! Events as lines for people and as JSON for machines.

use infra_model::event::{Event, Stage};
use infra_model::journal::Finding;

use crate::render::duration::human;
use crate::terminal::{style, styled};

/// Returns an event as a line, or nothing for what people need not see.
pub(crate) fn text(event: &Event) -> Option<String> {
    Some(match event {
        Event::StageStarted(_) | Event::StageFinished(..) => return None,
        Event::LeaseAwaited { holder, until } => {
            format!("waiting for {holder}, who holds the lease until {until}")
        }
        Event::Recovered { key, finding } => format!("recovered {key}: {}", finding_words(*finding)),
        Event::StepStarted { key, action, .. } => format!("{action} {key}"),
        Event::StepRetried {
            key, message, pause, ..
        } => {
            format!(
                "{} {key}: {message}; next try in {}",
                styled(style::WARNING, "retry"),
                human(*pause)
            )
        }
        Event::StepDone {
            key, action, took, ..
        } => {
            format!(
                "{} {action} {key} in {}",
                styled(style::CREATE, "done"),
                human(*took)
            )
        }
        Event::StepFailed {
            key,
            action,
            message,
            took,
            ..
        } => {
            format!(
                "{} {action} {key} after {}: {message}",
                styled(style::ERROR, "failed"),
                human(*took)
            )
        }
        Event::StepSkipped { key, because, .. } => {
            format!("{} {key} because of {because}", styled(style::WARNING, "skipped"))
        }
        Event::Interrupted { running } => {
            format!(
                "{} no new step starts; waiting for {running} running",
                styled(style::WARNING, "interrupted:")
            )
        }
    })
}

/// Returns an event as one line of JSON, in the format `infra.event/1`.
pub(crate) fn json(event: &Event) -> String {
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
    document.to_string()
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

fn finding_words(finding: Finding) -> &'static str {
    match finding {
        Finding::Adopted => "it was made, and is in the state now",
        Finding::AdoptedHalfMade => "it was half made; it is in the state and will be replaced",
        Finding::NothingMade => "nothing was made",
        Finding::Gone => "it is gone",
        Finding::StillThere => "it is still there; the plan will compare it",
    }
}
