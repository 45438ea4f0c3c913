//! Runs PgBouncer before a server.
//!
//! The pooler holds no password: it looks up verifiers through a function that only its own role may call, and passes on
//! what the client proves (SCRAM pass-through). A rotated password therefore needs no change here.

pub mod configuration;
pub mod lookup;
pub mod process;

use std::path::{Path, PathBuf};

use super::installation::{InstallationError, version_text};
use crate::host::programs::Programs;

/// The first version that keeps prepared statements working in transaction mode.
const PREPARED_STATEMENTS_SINCE: (u16, u16) = (1, 21);
/// The first version that can look up verifiers in one database for clients of all.
const ONE_LOOKUP_DATABASE_SINCE: (u16, u16) = (1, 19);

/// An installed PgBouncer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolerInstallation {
    /// The program.
    pub program: PathBuf,
    /// Its version, major and minor.
    pub version: (u16, u16),
    /// Whether it was built with TLS.
    pub tls: bool,
}

impl PoolerInstallation {
    /// Says whether prepared statements work in transaction mode.
    pub fn keeps_prepared_statements(&self) -> bool {
        self.version >= PREPARED_STATEMENTS_SINCE
    }

    fn has_one_lookup_database(&self) -> bool {
        self.version >= ONE_LOOKUP_DATABASE_SINCE
    }
}

/// Finds an installed PgBouncer, our own before the system's, and asks it for its version.
///
/// # Errors
/// [`InstallationError`] when there is none, or it is something else.
pub async fn locate(servers: &Path, programs: &Programs) -> Result<PoolerInstallation, InstallationError> {
    let own = servers.join("pgbouncer/bin/pgbouncer");
    let program = if own.is_file() {
        Some(own.clone())
    } else {
        programs.find("pgbouncer")
    };
    let Some(program) = program else {
        return Err(InstallationError::PoolerMissing {
            looked: vec![own, PathBuf::from("pgbouncer")],
        });
    };
    inspect(program).await
}

async fn inspect(program: PathBuf) -> Result<PoolerInstallation, InstallationError> {
    let said = version_text(&program).await?;
    match parse_version(&said) {
        Some(version) => Ok(PoolerInstallation {
            program,
            version,
            tls: has_tls(&said),
        }),
        None => Err(InstallationError::NotPooler { program, said }),
    }
}

/// Reads `PgBouncer 1.24.1` into major and minor version.
fn parse_version(said: &str) -> Option<(u16, u16)> {
    let mut parts = said.lines().next()?.strip_prefix("PgBouncer ")?.split('.');
    let mut next = || parts.next()?.parse().ok();
    Some((next()?, next()?))
}

/// A build with TLS names its library after the version: `tls: OpenSSL 3.0.19`.
fn has_tls(said: &str) -> bool {
    said.lines()
        .any(|line| line.starts_with("tls: ") && line.contains("SSL"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_decide_what_the_pooler_can_do() {
        assert_eq!(
            parse_version("PgBouncer 1.24.1\nlibevent 2.1.12-stable"),
            Some((1, 24))
        );
        assert!(has_tls("PgBouncer 1.24.1\ntls: OpenSSL 3.0.19 27 Jan 2026"));
        assert!(!has_tls("PgBouncer 1.24.1\ntls: (none)"));
        assert_eq!(parse_version("odyssey 1.3"), None);
        let installation = |version| PoolerInstallation {
            program: "/bin/pgbouncer".into(),
            version,
            tls: false,
        };
        assert!(installation((1, 21)).keeps_prepared_statements());
        assert!(!installation((1, 18)).keeps_prepared_statements());
    }
}
