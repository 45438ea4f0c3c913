//! Runs PgBouncer before a server.
//!
//! The pooler holds no password: it looks up verifiers through a function that only its own role may call, and passes on
//! what the client proves (SCRAM pass-through). A rotated password therefore needs no change here.

pub mod configuration;
pub mod process;

use std::path::{Path, PathBuf};

use super::configuration::POOLER_ROLE;
use super::connection::{ConnectionError, Endpoint, identifier};
use super::installation::{InstallationError, version_text};
use super::{database, server};
use crate::host::programs::Programs;

/// The first version that keeps prepared statements working in transaction mode.
const PREPARED_STATEMENTS_SINCE: (u16, u16) = (1, 21);
/// The first version that can look up verifiers in one database for clients of all.
const ONE_LOOKUP_DATABASE_SINCE: (u16, u16) = (1, 19);
/// The schema of the function that looks up verifiers.
const SCHEMA: &str = "infra_pooler";

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

/// Makes the function through which the pooler looks up verifiers.
///
/// Superusers and infra's own roles are not found by it, so nobody gets through the pooler as one of them.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn ensure_lookup(
    primary: &Endpoint,
    installation: &PoolerInstallation,
) -> Result<(), ConnectionError> {
    let session = server::session(primary, database::BUILT_IN).await?;
    let statements = lookup_statements();
    if installation.has_one_lookup_database() {
        return session.run("make the pooler's function", &statements).await;
    }
    for name in super::role::databases(&session).await? {
        let inside = server::session(primary, &name).await?;
        inside.run("make the pooler's function", &statements).await?;
    }
    Ok(())
}

fn lookup_statements() -> String {
    let (schema, role) = (identifier(SCHEMA), identifier(POOLER_ROLE));
    format!(
        "begin; \
         create schema if not exists {schema}; \
         create or replace function {schema}.user_lookup(wanted text) returns table (username text, verifier text) \
         language sql security definer set search_path = pg_catalog as $$ \
         select rolname::text, rolpassword from pg_authid where rolname = wanted and rolcanlogin and not rolsuper \
         and rolname !~ '^infra' and (rolvaliduntil is null or rolvaliduntil > now()) $$; \
         revoke all on function {schema}.user_lookup(text) from public; \
         grant usage on schema {schema} to {role}; \
         grant execute on function {schema}.user_lookup(text) to {role}; \
         do $connect$ begin execute format('grant connect on database %I to {POOLER_ROLE}', current_database()); \
         end $connect$; \
         commit"
    )
}

/// The query that PgBouncer sends for each login.
fn lookup_query() -> String {
    format!("SELECT username, verifier FROM {SCHEMA}.user_lookup($1)")
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
