//! Documents for machines. Every document names its format and version; `docs/reference/json.md` describes them.

use std::sync::Arc;

use infra_engine::apply::Applied;
use infra_engine::apply::outcome::ApplyOutcome;
use infra_engine::audit::Audited;
use infra_engine::configuration::Checked;
use infra_engine::migrate::{How, Migrated};
use infra_engine::past::Past;
use infra_engine::settings::{ResolvedConsumer, ResolvedSetting};
use infra_model::diagnostic::{Diagnostic, SourceMap, Span};
use infra_model::digest::Digest;
use infra_model::plan::Plan;
use infra_model::record::Record;
use infra_model::value::{Attributes, Value};
use infra_state::contract::State;
#[cfg(feature = "aws")]
use provider_aws::sql_script::{ScriptSecret, SqlScript};
use provider_local::compose::ComposeFile;
use serde_json::{Value as Json, json};

use crate::failure::chain;

/// Returns a plan in the format `infra.plan/1`: the plan file's own content with its digest.
pub(crate) fn plan(plan: &Plan, digest: Digest) -> Json {
    json!({ "format": "infra.plan/1", "digest": digest, "empty": plan.is_empty(), "plan": plan })
}

/// Returns the result of `infra validate` in the format `infra.validation/1`.
pub(crate) fn validation(checked: &Checked) -> Json {
    json!({
        "format": "infra.validation/1",
        "valid": checked.is_valid(),
        "environments": checked.environments,
        "diagnostics": diagnostics(&checked.diagnostics, &checked.sources),
    })
}

/// Returns diagnostics as members of a document.
pub(crate) fn diagnostics(diagnostics: &[Diagnostic], sources: &SourceMap) -> Json {
    diagnostics.iter().map(|one| diagnostic(one, sources)).collect()
}

/// Returns one diagnostic.
pub(crate) fn diagnostic(diagnostic: &Diagnostic, sources: &SourceMap) -> Json {
    let place = |span: Span| {
        Some(json!({
            "file": sources.get(span.source)?.name,
            "start": sources.position(span.source, span.start)?,
            "end": sources.position(span.source, span.end)?,
        }))
    };
    let related: Vec<Json> = diagnostic
        .related
        .iter()
        .map(|(span, label)| json!({ "place": place(*span), "label": label }))
        .collect();
    json!({
        "severity": diagnostic.severity,
        "summary": diagnostic.summary,
        "detail": diagnostic.detail,
        "place": diagnostic.span.and_then(place),
        "related": related,
        "hint": diagnostic.hint,
    })
}

/// Returns the result of an apply in the format `infra.applied/1`.
pub(crate) fn applied(applied: &Applied) -> Json {
    let ending = match applied.outcome {
        ApplyOutcome::Completed(_) => "completed",
        ApplyOutcome::Interrupted(_) => "interrupted",
        ApplyOutcome::Failed(_) => "failed",
    };
    let report = applied.outcome.report();
    let done = report
        .done
        .iter()
        .map(|one| json!({ "key": one.key, "action": one.action, "took_ms": one.took.as_millis() as u64 }));
    let failed = report.failed.iter().map(|one| {
        let (causes, hint) = (chain(&one.error), super::applied::hint(&one.error));
        json!({ "key": one.key, "action": one.action, "causes": causes, "hint": hint })
    });
    let skipped = report
        .skipped
        .iter()
        .map(|one| json!({ "key": one.key, "because": one.because }));
    json!({
        "format": "infra.applied/1",
        "ending": ending,
        "took_ms": applied.took.as_millis() as u64,
        "done": done.collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "skipped": skipped.collect::<Vec<_>>(),
        "not_begun": report.not_begun.len(),
        "stopped": report.stopped.as_ref().map(|stop| chain(stop)),
    })
}

/// Returns outputs in the format `infra.outputs/1`. A secret that is not shown is `{"secret": true}`.
pub(crate) fn outputs(outputs: &Attributes, show_secrets: bool) -> Json {
    let entry = |value: &Value| {
        let secret = value.is_secret();
        let known = value.is_known();
        let shown = if known && (show_secrets || !secret) {
            revealed(value)
        } else {
            Json::Null
        };
        json!({ "value": shown, "secret": secret, "known": known })
    };
    let outputs: serde_json::Map<String, Json> = outputs
        .iter()
        .map(|(name, value)| (name.clone(), entry(value)))
        .collect();
    json!({ "format": "infra.outputs/1", "outputs": outputs })
}

/// Returns a value as JSON with its secrets in clear: for somebody who asked for them.
pub(crate) fn revealed(value: &Value) -> Json {
    match value {
        Value::Secret(secret) => Json::String(secret.expose().to_owned()),
        Value::List(values) => Json::Array(values.iter().map(revealed).collect()),
        Value::Map(entries) => Json::Object(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), revealed(value)))
                .collect(),
        ),
        other => serde_json::to_value(other).unwrap_or(Json::Null),
    }
}

/// Returns a state in the format `infra.state/1`. Secrets stay sealed.
pub(crate) fn state(state: &State, records: &[Arc<Record>]) -> Json {
    json!({
        "format": "infra.state/1",
        "stack": state.header.stack,
        "environment": state.header.environment,
        "lineage": state.header.lineage,
        "serial": state.serial,
        "open_intents": state.open_intents.len(),
        "records": records,
    })
}

/// Returns what became of a state that was to move, in the format `infra.migrated/1`.
pub(crate) fn migrated(migrated: &Migrated) -> Json {
    let digest = match migrated.how {
        How::Copied(digest) => Some(digest),
        How::Already => None,
    };
    json!({
        "format": "infra.migrated/1",
        "from": migrated.from,
        "to": migrated.to,
        "moved": digest.is_some(),
        "digest": digest,
        "serial": migrated.serial,
        "records": migrated.records,
        "open_intents": migrated.open_intents,
        "aside": migrated.aside,
    })
}

/// Returns a state as it was after a change, in the format `infra.past_state/1`. Secrets stay sealed.
pub(crate) fn past(state: &State, past: &Past, records: &[Arc<Record>]) -> Json {
    json!({
        "format": "infra.past_state/1",
        "stack": state.header.stack,
        "environment": state.header.environment,
        "lineage": state.header.lineage,
        "serial": past.serial,
        "at": past.at,
        "operation": past.operation,
        "operation_ends": past.ends,
        "records": records,
    })
}

/// Returns what an audit found of a history that holds, in the format `infra.audit/1`.
pub(crate) fn audited(state: &State, audited: &Audited) -> Json {
    json!({
        "format": "infra.audit/1",
        "environment": state.header.environment,
        "lineage": state.header.lineage,
        "entries": audited.entries,
        "first": audited.first,
        "last": audited.last,
        "tip": audited.tip,
        "kept": audited.kept,
        "records": audited.records,
    })
}

/// Returns what consumers read, in the format `infra.settings/1`.
pub(crate) fn settings(consumers: &[ResolvedConsumer], show_secrets: bool) -> Json {
    let entry = |setting: &ResolvedSetting| {
        let shown = (show_secrets || !setting.secret).then(|| setting.text.expose());
        (
            setting.name.clone(),
            json!({ "value": shown, "secret": setting.secret }),
        )
    };
    let consumers = consumers.iter().map(|consumer| {
        let settings: serde_json::Map<String, Json> = consumer.settings.iter().map(entry).collect();
        let consumed = json!({ "description": consumer.description, "settings": settings });
        (consumer.name.clone(), consumed)
    });
    let consumers: serde_json::Map<String, Json> = consumers.collect();
    json!({ "format": infra_engine::settings::FORMAT, "consumers": consumers })
}

/// Returns a compose file and the variables it needs, in the format `infra.compose/1`.
pub(crate) fn compose(file: &ComposeFile) -> Json {
    let secrets = file.secrets.iter();
    let secrets = secrets.map(|secret| json!({ "name": secret.name, "purpose": secret.purpose }));
    json!({ "format": "infra.compose/1", "file": file.text, "secrets": secrets.collect::<Vec<_>>() })
}

/// Returns scripts of SQL in the format `infra.sql/1`, with the variables that they read and not their values.
#[cfg(feature = "aws")]
pub(crate) fn sql(scripts: &[&SqlScript]) -> Json {
    let secret = |secret: &ScriptSecret| json!({ "name": secret.variable, "role": secret.role, "secret": secret.secret });
    let script = |script: &&SqlScript| {
        let secrets: Vec<Json> = script.secrets.iter().map(secret).collect();
        json!({ "component": script.component, "file": script.text, "secrets": secrets })
    };
    json!({ "format": "infra.sql/1", "scripts": scripts.iter().map(script).collect::<Vec<_>>() })
}

/// Returns one record in the format `infra.record/1`. Secrets stay sealed.
pub(crate) fn record(record: &Record) -> Json {
    json!({ "format": "infra.record/1", "record": record })
}
