//! What the block `aws` of a component may say.

use infra_model::component::redis::{Persistence, Redis};
use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use crate::lower::encryption::{self, DELETION_WINDOW, ENCRYPTION_KEY};
use crate::lower::scene::Scene;
use crate::lower::secrets::RECOVERY_WINDOW;

/// All settings and what each takes.
const SETTINGS: [(&str, Takes); 14] = [
    ("auto_minor_version_upgrade", Takes::Flag),
    (ENCRYPTION_KEY, Takes::Text),
    ("engine", Takes::Text),
    ("engine_version", Takes::Text),
    (DELETION_WINDOW, Takes::Days),
    ("maintenance_window", Takes::Text),
    ("multi_az", Takes::Flag),
    ("node_type", Takes::Text),
    ("parameters", Takes::Map),
    (RECOVERY_WINDOW, Takes::Days),
    ("skip_final_snapshot", Takes::Flag),
    ("snapshot_retention_days", Takes::Days),
    ("snapshot_window", Takes::Text),
    ("tags", Takes::Map),
];

/// Days that snapshots are kept if nothing is said.
const RETENTION: i64 = 7;
/// The most days that the service keeps them.
const LONGEST_RETENTION: i64 = 35;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Days,
    Flag,
    Map,
    Text,
}

impl Takes {
    fn takes(self, value: &Value) -> bool {
        match self {
            Takes::Days => value.as_int().is_some_and(|days| days >= 0),
            Takes::Flag => value.as_bool().is_some(),
            Takes::Map => value.as_map().is_some(),
            Takes::Text => value.as_str().is_some(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Takes::Days => "a number of days",
            Takes::Flag => "`true` or `false`",
            Takes::Map => "a map",
            Takes::Text => "a text",
        }
    }
}

/// Returns what is wrong with the settings.
pub(super) fn check(scene: &Scene<'_>) -> Vec<Diagnostic> {
    let mut wrong = scene.unknown_settings(&SETTINGS.map(|(name, _)| name));
    let misread = SETTINGS.iter().filter_map(|(name, takes)| {
        let value = scene.setting(name)?;
        (!takes.takes(value)).then(|| {
            let detail = format!(
                "`{name}` of `{}` is a {}",
                scene.component.address,
                value.type_name()
            );
            let error = Diagnostic::error("Wrong setting", detail).at(scene.component.span);
            error.hint(format!("It takes {}", takes.words()))
        })
    });
    wrong.extend(misread);
    wrong.extend(encryption::faults(scene));
    let days = scene.setting("snapshot_retention_days").and_then(Value::as_int);
    if days.is_some_and(|days| days > LONGEST_RETENTION) {
        let detail = format!(
            "`{}` keeps snapshots longer than the {LONGEST_RETENTION} days of ElastiCache",
            scene.component.address
        );
        wrong.push(Diagnostic::error("Wrong setting", detail).at(scene.component.span));
    }
    wrong
}

/// Returns a text that is set.
pub(super) fn text<'a>(scene: &Scene<'a>, name: &str) -> Option<&'a str> {
    scene.setting(name).and_then(Value::as_str)
}

/// Returns what is said of a thing that is there or not.
pub(super) fn flag(scene: &Scene<'_>, name: &str) -> Option<bool> {
    scene.setting(name).and_then(Value::as_bool)
}

/// Returns the parameters of the engine that are set.
pub(super) fn parameters<'a>(scene: &Scene<'a>) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let map = scene.setting("parameters").and_then(Value::as_map);
    map.into_iter().flatten()
}

/// Returns how many days snapshots are kept: none of what need not survive.
pub(super) fn retention(scene: &Scene<'_>, redis: &Redis) -> i64 {
    let usual = match redis.persistence {
        Persistence::None => 0,
        Persistence::Snapshot | Persistence::AppendOnly => RETENTION,
    };
    let set = scene.setting("snapshot_retention_days").and_then(Value::as_int);
    set.unwrap_or(usual)
}
