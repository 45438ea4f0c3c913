//! What a server is told, what it may use, and how it is asked whether it serves.

use infra_model::component::Component;
use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::Diagnostic;
use infra_model::value::Attributes;

use crate::compose::file;
use crate::compose::postgres::{ACCESS_FILE, PORT, sql};
use crate::lower::postgres::parameters;
use crate::postgres::configuration::{ENGINE_ROLE, REPLICATION_ROLE, fixed_everywhere};
use crate::postgres::installed::parameter_text;

/// What `initdb` is told, as far as it is told the same after apply. How large a file of the log is decides only how quick
/// servers are made.
pub(super) const INITDB: &str = "--data-checksums --encoding=UTF8 --locale=C.UTF-8";

/// Shared memory of a container at least, in megabytes. Docker's 64 are too few for one parallel query. It is a bound, and nothing
/// is used before it is needed.
const SHARED_MB: u64 = 1024;

/// The settings of the servers of a component.
pub(super) struct Settings {
    /// The arguments of the server.
    pub(super) arguments: Vec<String>,
    /// Shared memory of its container, as compose writes it.
    pub(super) shared_memory: String,
}

/// Returns the settings: what every server has, and what size and stack say.
///
/// # Errors
/// When a parameter is known only after apply.
pub(super) fn of(component: &Component, postgres: &Postgres) -> Result<Settings, Diagnostic> {
    let wanted = parameters::everywhere(component, postgres);
    let mut all = vec![format!("hba_file={ACCESS_FILE}")];
    let fixed = fixed_everywhere().filter(|(name, _)| !wanted.contains_key(*name));
    all.extend(fixed.map(|(name, value)| format!("{name}={value}")));
    for (name, value) in &wanted {
        let Some(text) = parameter_text(value) else {
            let detail = format!("`{name}` of `{}` is known only after apply", component.address);
            let error = Diagnostic::error("A server parameter is not known", detail).at(component.span);
            return Err(error.hint("Give it a value that needs no other resource in this environment"));
        };
        all.push(format!("{name}={text}"));
    }
    let arguments = all
        .into_iter()
        .flat_map(|one| ["-c".to_owned(), file::text(&one)]);
    Ok(Settings {
        arguments: arguments.collect(),
        shared_memory: format!("{}mb", shared_mb(&wanted)),
    })
}

/// Returns how much shared memory a container needs, in megabytes: an index of pgvector that is built in parallel takes
/// `maintenance_work_mem` of it.
fn shared_mb(parameters: &Attributes) -> u64 {
    let given = parameters.get("maintenance_work_mem").and_then(parameter_text);
    let for_indexes = given.and_then(|text| megabytes(&text)).unwrap_or_default();
    SHARED_MB.max(for_indexes + SHARED_MB / 4)
}

/// Returns an amount of memory as PostgreSQL reads it, in megabytes and rounded up. Without a unit it is kilobytes.
fn megabytes(text: &str) -> Option<u64> {
    let digits = text.trim().trim_end_matches(char::is_alphabetic);
    let unit = text.trim().strip_prefix(digits)?;
    let amount: u64 = digits.trim().parse().ok()?;
    let kilobytes = match unit {
        "" | "kB" => amount,
        "B" => amount.div_ceil(1 << 10),
        "MB" => amount << 10,
        "GB" => amount << 20,
        "TB" => amount << 30,
        _ => return None,
    };
    Some(kilobytes.div_ceil(1 << 10))
}

/// Returns the check of a server. While the image makes the cluster it listens on a socket only, and an init script that was cut
/// short leaves a cluster which the image starts as if it were whole.
pub(super) fn health() -> String {
    format!(
        "pg_isready --quiet --host=127.0.0.1 --port={PORT} && psql --username={ENGINE_ROLE} --dbname=postgres --no-psqlrc \
         --tuples-only --no-align --command=\"{}\" | grep -qx {}",
        sql::IS_COMPLETE,
        sql::COMPLETE
    )
}

/// Returns who may log in: the superuser inside the container alone, everybody else with a password.
pub(super) fn access_file() -> String {
    format!(
        "local  all          {ENGINE_ROLE}              trust\n\
         local  all          all                scram-sha-256\n\
         host   all          {ENGINE_ROLE}         all  reject\n\
         host   replication  {REPLICATION_ROLE}  all  scram-sha-256\n\
         host   all          {REPLICATION_ROLE}  all  reject\n\
         host   all          all           all  scram-sha-256\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_as_postgresql_reads_it() {
        for (text, expected) in [
            ("64MB", Some(64)),
            ("2GB", Some(2048)),
            ("1048576", Some(1024)),
            ("100kB", Some(1)),
            ("1 GB", Some(1024)),
            ("much", None),
        ] {
            assert_eq!(megabytes(text), expected, "{text}");
        }
    }
}
