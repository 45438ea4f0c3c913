//! Parameters of PostgreSQL as RDS takes them: numbers in their base unit, switches as `1` and `0`.

use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::Diagnostic;
use infra_model::value::{Attributes, Value};

use super::{extensions, settings};
use crate::kinds::rds::parameter_group::names::{is_reserved, is_word, needs_restart};
use crate::kinds::rds::parameter_group::units::{Unit, unit_of};
use crate::lower::scene::Scene;

const PRELOAD: &str = "shared_preload_libraries";
/// What RDS loads if nobody says anything.
const PRELOADED_BY_RDS: &str = "pg_stat_statements";
const FORCE_SSL: &str = "rds.force_ssl";

/// Parameters by when they take effect.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parameters {
    /// Those that take effect at once.
    pub(super) moving: Attributes,
    /// Those that a start alone reads.
    pub(super) fixed: Attributes,
}

/// Returns the parameters of a cluster. Those for memory RDS computes from the class of machine, unless the stack says them.
pub(super) fn of(scene: &Scene<'_>, postgres: &Postgres, diagnostics: &mut Vec<Diagnostic>) -> Parameters {
    let is_forced = settings::flag(scene, "force_ssl").unwrap_or(true);
    let mut all = Attributes::from([(FORCE_SSL.to_owned(), switch(is_forced))]);
    for (name, value) in &postgres.parameters {
        match converted(name, value) {
            Ok(value) => drop(all.insert(name.clone(), value)),
            Err(fault) => diagnostics.push(fault.told(scene, name)),
        }
    }
    preload(postgres, &mut all);
    if let Some(database) = extensions::cron_database(postgres) {
        all.entry(extensions::CRON_DATABASE.to_owned())
            .or_insert_with(|| Value::string(database));
    }
    let (fixed, moving) = all.into_iter().partition(|(name, _)| needs_restart(name));
    Parameters { moving, fixed }
}

fn switch(is_on: bool) -> Value {
    Value::string(if is_on { "1" } else { "0" })
}

/// Adds the modules that extensions need to what RDS loads by itself.
fn preload(postgres: &Postgres, all: &mut Attributes) {
    let given = all.get(PRELOAD).and_then(Value::as_str).map(str::to_owned);
    let mut modules: Vec<String> = given
        .as_deref()
        .unwrap_or(PRELOADED_BY_RDS)
        .split(',')
        .map(|module| module.trim().to_owned())
        .collect();
    let missing: Vec<String> = extensions::preloaded(postgres)
        .filter(|module| !modules.iter().any(|known| known == module))
        .map(str::to_owned)
        .collect();
    if missing.is_empty() {
        return;
    }
    modules.extend(missing);
    all.insert(PRELOAD.to_owned(), Value::String(modules.join(",")));
}

/// Why a parameter cannot be set.
enum Fault {
    Reserved,
    Secret,
    WrongType(&'static str),
    WrongUnit(String, Unit),
}

/// Returns a value as RDS takes it; what is known only after apply stays as it is.
fn converted(name: &str, value: &Value) -> Result<Value, Fault> {
    if is_reserved(name) {
        return Err(Fault::Reserved);
    }
    if value.is_secret() {
        return Err(Fault::Secret);
    }
    match value {
        value if !value.is_known() => Ok(value.clone()),
        Value::Bool(is_on) if is_word(name) => Ok(Value::string(if *is_on { "on" } else { "off" })),
        Value::Bool(is_on) => Ok(switch(*is_on)),
        Value::Number(number) => Ok(Value::String(number.to_string())),
        Value::String(text) => in_base_unit(name, text),
        other => Err(Fault::WrongType(other.type_name())),
    }
}

fn in_base_unit(name: &str, text: &str) -> Result<Value, Fault> {
    let trimmed = text.trim();
    let digits = trimmed.trim_start_matches('-');
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let suffix = digits[end..].trim();
    let (Some(unit), Ok(amount)) = (unit_of(name), digits[..end].parse::<u64>()) else {
        return Ok(word(name, trimmed));
    };
    if suffix.is_empty() || trimmed.starts_with('-') {
        return Ok(Value::string(trimmed));
    }
    match unit.convert(amount, suffix) {
        Some(amount) => Ok(Value::String(amount.to_string())),
        None => Err(Fault::WrongUnit(trimmed.to_owned(), unit)),
    }
}

/// PostgreSQL takes `on` and `off` for every switch, RDS takes `1` and `0`.
fn word(name: &str, text: &str) -> Value {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" if !is_word(name) => switch(true),
        "off" | "false" | "no" if !is_word(name) => switch(false),
        _ => Value::string(text),
    }
}

impl Fault {
    fn told(self, scene: &Scene<'_>, name: &str) -> Diagnostic {
        let address = &scene.component.address;
        let (summary, detail, hint) = match self {
            Fault::Reserved => (
                "Server parameter is not the stack's to set",
                format!("`{address}` sets `{name}`, which RDS sets itself"),
                "Remove it, or set it for other environments alone".to_owned(),
            ),
            Fault::Secret => (
                "Server parameter is a secret",
                format!(
                    "`{name}` of `{address}` is a secret, but RDS shows parameters to everybody who may look"
                ),
                "Keep the secret out of `parameters`".to_owned(),
            ),
            Fault::WrongType(type_name) => (
                "Server parameter has the wrong type",
                format!("`{name}` of `{address}` is a {type_name}"),
                "Write a text, a number or a bool".to_owned(),
            ),
            Fault::WrongUnit(text, unit) => (
                "Server parameter has an impossible value",
                format!(
                    "`{name}` of `{address}` is `{text}`, which is no whole number of {}",
                    unit.name()
                ),
                format!("RDS takes {}", unit.name()),
            ),
        };
        Diagnostic::error(summary, detail)
            .at(scene.component.span)
            .hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, value: &str) -> Option<String> {
        let value = converted(name, &Value::string(value)).ok()?;
        value.as_str().map(str::to_owned)
    }

    #[test]
    fn amounts_are_told_in_the_unit_of_the_parameter() {
        assert_eq!(text("work_mem", "64MB").as_deref(), Some("65536"));
        assert_eq!(text("shared_buffers", "1GB").as_deref(), Some("131072"));
        assert_eq!(text("max_wal_size", "2GB").as_deref(), Some("2048"));
        assert_eq!(text("statement_timeout", "30s").as_deref(), Some("30000"));
        assert_eq!(text("checkpoint_timeout", "5min").as_deref(), Some("300"));
        assert_eq!(text("log_min_duration_statement", "-1").as_deref(), Some("-1"));
        assert_eq!(
            text("shared_buffers", "{DBInstanceClassMemory/32768}").as_deref(),
            Some("{DBInstanceClassMemory/32768}")
        );
        assert_eq!(text("max_wal_size", "100kB"), None);
    }

    #[test]
    fn switches_are_told_as_digits_and_choices_as_words() {
        assert_eq!(text("log_connections", "on").as_deref(), Some("1"));
        assert_eq!(text("synchronous_commit", "off").as_deref(), Some("off"));
        assert_eq!(
            converted("jit", &Value::from(false)).ok(),
            Some(Value::string("0"))
        );
        assert!(matches!(
            converted("port", &Value::from(1_i64)),
            Err(Fault::Reserved)
        ));
    }
}
