//! The pooler's files.

use std::path::{Path, PathBuf};

use infra_model::component::postgres::Pooler;

use crate::compose::images;
use crate::compose::postgres::{POOLER_FILE, POOLER_PORT, PORT};
use crate::compose::script::cat;
use crate::lower::postgres::mode;
use crate::postgres::configuration::POOLER_ROLE;
use crate::postgres::pooler::PoolerInstallation;
use crate::postgres::pooler::configuration::{Pooling, QUIET, pooling};

/// The file with the one user whom the pooler does not look up; it holds a password and is gone with the container.
const USERS_FILE: &str = "/tmp/users.txt";

/// Returns the pooler's file.
pub(super) fn file(primary: &str, pooler: &Pooler) -> String {
    let lines = pooling(&Pooling {
        users_file: Path::new(USERS_FILE),
        installation: &PoolerInstallation {
            program: PathBuf::new(),
            version: images::PGBOUNCER_VERSION,
            tls: false,
        },
        mode: mode(pooler.mode),
        size: pooler.size,
        clients_max: pooler.clients_max,
    });
    format!(
        "[databases]\n* = host={primary} port={PORT}\n\n[pgbouncer]\nlisten_addr = *\nlisten_port = {POOLER_PORT}\n{lines}{QUIET}"
    )
}

/// Returns the script that starts the pooler with the one user whom it does not look up.
pub(super) fn script(secret: &str) -> String {
    let password = cat(secret);
    format!(
        "set -eu\n\
         umask 077\n\
         printf '\"{POOLER_ROLE}\" \"%s\"\\n' \"{password}\" > {USERS_FILE}\n\
         exec pgbouncer {POOLER_FILE}\n"
    )
}
