//! The pooler's files.

use std::fmt::Write as _;

use infra_model::component::postgres::{PoolMode, Pooler};

use crate::compose::postgres::{POOLER_FILE, POOLER_PORT, PORT};
use crate::compose::script::cat;
use crate::postgres::configuration::POOLER_ROLE;
use crate::postgres::pooler::configuration::PREPARED_STATEMENTS_MAX;
use crate::postgres::pooler::lookup;

/// Returns the pooler's file.
pub(super) fn file(primary: &str, pooler: &Pooler) -> String {
    let mut text = format!("[databases]\n* = host={primary} port={PORT}\n\n[pgbouncer]\n");
    let mode = match pooler.mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
        PoolMode::Statement => "statement",
    };
    let port = POOLER_PORT.to_string();
    let (size, clients) = (pooler.size.to_string(), pooler.clients_max.to_string());
    let (query, prepared) = (lookup::query(), PREPARED_STATEMENTS_MAX.to_string());
    for (name, value) in [
        ("listen_addr", "*"),
        ("listen_port", port.as_str()),
        ("auth_type", "scram-sha-256"),
        ("auth_user", POOLER_ROLE),
        ("auth_file", "/tmp/users.txt"),
        ("auth_query", query.as_str()),
        ("auth_dbname", "postgres"),
        ("pool_mode", mode),
        ("default_pool_size", size.as_str()),
        ("max_client_conn", clients.as_str()),
        ("max_prepared_statements", prepared.as_str()),
        ("ignore_startup_parameters", "extra_float_digits"),
        ("log_connections", "0"),
        ("log_disconnections", "0"),
    ] {
        let _ = writeln!(text, "{name} = {value}");
    }
    text
}

/// Returns the script that starts the pooler with the one user whom it does not look up.
pub(super) fn script(secret: &str) -> String {
    let password = cat(secret);
    format!(
        "set -eu\n\
         umask 077\n\
         printf '\"{POOLER_ROLE}\" \"%s\"\\n' \"{password}\" > /tmp/users.txt\n\
         exec pgbouncer {POOLER_FILE}\n"
    )
}
