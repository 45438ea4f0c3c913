//! What the block `aws` of a `postgres` may set.

use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use crate::lower::encryption::{self, DELETION_WINDOW, ENCRYPTION_KEY};
use crate::lower::scene::Scene;

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Number,
    Flag,
    Texts,
    Map,
    /// What is checked where it is used.
    Other,
}

const SETTINGS: &[(&str, Form)] = &[
    ("alarm_topic", Form::Other),
    ("alarms", Form::Other),
    ("auto_minor_version_upgrade", Form::Flag),
    ("backup_window", Form::Text),
    ("ca_certificate", Form::Text),
    (ENCRYPTION_KEY, Form::Text),
    ("extra_extensions", Form::Texts),
    ("force_ssl", Form::Flag),
    ("iam_authentication", Form::Flag),
    ("instance_class", Form::Text),
    ("iops", Form::Number),
    (DELETION_WINDOW, Form::Number),
    ("log_exports", Form::Texts),
    ("maintenance_window", Form::Text),
    ("multi_az", Form::Flag),
    ("performance_insights", Form::Flag),
    ("performance_insights_days", Form::Number),
    ("pooler_connections_percent", Form::Number),
    ("pooler_idle_timeout_s", Form::Number),
    ("port", Form::Number),
    ("promote", Form::Texts),
    ("recovery_window_days", Form::Number),
    ("replica_class", Form::Text),
    ("replica_regions", Form::Map),
    ("skip_final_snapshot", Form::Flag),
    ("sql", Form::Text),
    ("storage_max_gb", Form::Number),
    ("storage_throughput", Form::Number),
    ("storage_type", Form::Text),
    ("tags", Form::Map),
];

/// Returns what is wrong with the block `aws` of a cluster.
pub(super) fn faults(scene: &Scene<'_>) -> Vec<Diagnostic> {
    let names: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
    let mut faults = scene.unknown_settings(&names);
    for (name, form) in SETTINGS {
        let Some(value) = scene.setting(name).filter(|value| !form.fits(value)) else {
            continue;
        };
        let address = &scene.component.address;
        let detail = format!("`{name}` in `aws` of `{address}` is a {}", value.type_name());
        let fault = Diagnostic::error("Setting has the wrong type", detail).at(scene.component.span);
        faults.push(fault.hint(format!("It takes {}", form.name())));
    }
    faults.extend(encryption::faults(scene));
    faults
}

impl Form {
    fn fits(self, value: &Value) -> bool {
        match self {
            Form::Text => value.as_str().is_some(),
            Form::Number => value.as_int().is_some(),
            Form::Flag => value.as_bool().is_some(),
            Form::Texts => value
                .as_list()
                .is_some_and(|list| list.iter().all(|value| value.as_str().is_some())),
            Form::Map => value.as_map().is_some(),
            Form::Other => true,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Form::Text => "a text",
            Form::Number => "a whole number",
            Form::Flag => "`true` or `false`",
            Form::Texts => "a list of texts",
            Form::Map => "a map",
            Form::Other => "what its own error says",
        }
    }
}

/// Returns a setting that is a flag.
pub(super) fn flag(scene: &Scene<'_>, name: &str) -> Option<bool> {
    scene.setting(name).and_then(Value::as_bool)
}

/// Returns a setting that is a list of texts, empty if it is not set.
pub(super) fn texts<'a>(scene: &Scene<'a>, name: &str) -> Vec<&'a str> {
    let list = scene.setting(name).and_then(Value::as_list).unwrap_or_default();
    list.iter().filter_map(Value::as_str).collect()
}
