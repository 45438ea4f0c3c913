//! Extensions that RDS has.
//!
//! Source: "Extension versions for Amazon RDS for PostgreSQL" in the release notes,
//! <https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-extensions.html>. What AWS adds later is named
//! in the setting `extra_extensions` until it stands here.

use std::ops::RangeInclusive;

use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::value::Value;

use super::settings;
use crate::lower::scene::Scene;

/// The major versions that RDS runs.
pub(super) const VERSIONS: RangeInclusive<u32> = 13..=18;

/// Extensions of all these versions.
const ALWAYS: &[&str] = &[
    "address_standardizer",
    "address_standardizer_data_us",
    "amcheck",
    "autoinc",
    "aws_commons",
    "aws_lambda",
    "aws_s3",
    "bloom",
    "bool_plperl",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "fuzzystrmatch",
    "hll",
    "hstore",
    "hstore_plperl",
    "hypopg",
    "insert_username",
    "intagg",
    "intarray",
    "ip4r",
    "isn",
    "jsonb_plperl",
    "lo",
    "log_fdw",
    "ltree",
    "moddatetime",
    "mysql_fdw",
    "oracle_fdw",
    "orafce",
    "pageinspect",
    "pg_bigm",
    "pg_buffercache",
    "pg_cron",
    "pg_freespacemap",
    "pg_hint_plan",
    "pg_partman",
    "pg_prewarm",
    "pg_proctab",
    "pg_repack",
    "pg_similarity",
    "pg_stat_statements",
    "pg_transport",
    "pg_trgm",
    "pg_visibility",
    "pgaudit",
    "pgcrypto",
    "pglogical",
    "pgrouting",
    "pgrowlocks",
    "pgstattuple",
    "pgtap",
    "plperl",
    "plpgsql",
    "plprofiler",
    "pltcl",
    "postgis",
    "postgis_raster",
    "postgis_tiger_geocoder",
    "postgis_topology",
    "postgres_fdw",
    "prefix",
    "rdkit",
    "rds_tools",
    "refint",
    "seg",
    "sslinfo",
    "tablefunc",
    "tcn",
    "tds_fdw",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "vector",
];

/// Extensions of some versions: the first and the last of them.
const SOMETIMES: &[(&str, u32, u32)] = &[
    ("flow_control", 13, 16),
    ("h3", 13, 18),
    ("h3_postgis", 15, 18),
    ("old_snapshot", 14, 16),
    ("pg_tle", 13, 18),
    ("pg_walinspect", 15, 18),
    ("pgactive", 14, 18),
    ("plcoffee", 13, 17),
    ("plls", 13, 17),
    ("plrust", 13, 17),
    ("plv8", 13, 17),
];

/// Extensions whose module the server loads at its start.
const PRELOADED: &[&str] = &[
    "pg_cron",
    "pg_tle",
    "pg_transport",
    "pgactive",
    "pgaudit",
    "pglogical",
    "plprofiler",
    "plrust",
];

/// Returns what is wrong with the extensions of a cluster.
pub(super) fn faults(scene: &Scene<'_>, postgres: &Postgres) -> Vec<Diagnostic> {
    let extra = settings::texts(scene, "extra_extensions");
    let is_missing = |name: &&String| !extra.contains(&name.as_str()) && !is_there(name, postgres.version);
    let missing = postgres.extensions.iter().filter(is_missing);
    let missing = missing.map(|name| fault(scene, postgres, name));
    missing.chain(cron_fault(scene, postgres)).collect()
}

fn is_there(name: &str, version: u32) -> bool {
    let is_of_version =
        |(known, first, last): &(&str, u32, u32)| *known == name && (*first..=*last).contains(&version);
    ALWAYS.contains(&name) || SOMETIMES.iter().any(is_of_version)
}

fn fault(scene: &Scene<'_>, postgres: &Postgres, name: &str) -> Diagnostic {
    let address = &scene.component.address;
    let version = postgres.version;
    let detail =
        format!("`{address}` wants the extension `{name}`, which RDS does not have for PostgreSQL {version}");
    let fault = Diagnostic::error("Extension is not available", detail).at(scene.component.span);
    let known = ALWAYS
        .iter()
        .copied()
        .chain(SOMETIMES.iter().map(|(known, ..)| *known));
    let near = near_match(name, known.filter(|known| is_there(known, version)));
    fault.hint(match near {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "The list: https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-extensions.html; if it names the extension, add it to `extra_extensions` in `aws`".to_owned(),
    })
}

/// The parameter that names the only database in which `pg_cron` is created. Source: "Scheduling maintenance with the PostgreSQL
/// pg_cron extension" of the user guide, and the script of the extension.
pub(super) const CRON_DATABASE: &str = "cron.database_name";
const CRON: &str = "pg_cron";

/// Returns the database in which `pg_cron` is created: the one that the stack names, or the only one.
pub(super) fn cron_database(postgres: &Postgres) -> Option<&str> {
    if !postgres.extensions.iter().any(|name| name == CRON) {
        return None;
    }
    let only = || {
        postgres
            .databases
            .keys()
            .next()
            .filter(|_| postgres.databases.len() == 1)
    };
    let said = postgres.parameters.get(CRON_DATABASE).and_then(Value::as_str);
    said.or_else(|| only().map(String::as_str))
}

/// Returns the extensions of one database.
pub(super) fn of_database(postgres: &Postgres, database: &str) -> Vec<String> {
    let cron = cron_database(postgres);
    let is_there = |name: &&String| *name != CRON || cron == Some(database);
    postgres.extensions.iter().filter(is_there).cloned().collect()
}

/// Returns why `pg_cron` cannot be created.
fn cron_fault(scene: &Scene<'_>, postgres: &Postgres) -> Option<Diagnostic> {
    let is_wanted = postgres.extensions.iter().any(|name| name == CRON);
    let place = cron_database(postgres);
    if !is_wanted || place.is_some_and(|place| postgres.databases.contains_key(place)) {
        return None;
    }
    let address = &scene.component.address;
    let detail = match place {
        Some(place) => format!("`{address}` has no database `{place}`, which `{CRON_DATABASE}` names"),
        None => {
            format!("`{address}` wants `{CRON}` and has several databases, of which one alone can have it")
        }
    };
    let names: Vec<&str> = postgres.databases.keys().map(String::as_str).collect();
    let hint = format!(
        "Set `\"{CRON_DATABASE}\"` in `parameters` to one of: {}",
        names.join(", ")
    );
    let fault = Diagnostic::error("Extension without a database", detail).at(scene.component.span);
    Some(fault.hint(hint))
}

/// Returns the modules that the server has to load for the extensions of a cluster.
pub(super) fn preloaded(postgres: &Postgres) -> impl Iterator<Item = &str> {
    let wanted = postgres.extensions.iter().map(String::as_str);
    wanted.filter(|name| PRELOADED.contains(name))
}
