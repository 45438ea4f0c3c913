//! The function through which the pooler looks up verifiers.
//!
//! It lies in the database that every server has, and is made with it: a server or database that is made anew has it
//! again. A PgBouncer that looks up in the database of each client needs it in all of them.

use infra_provider::sql::identifier;

use super::PoolerInstallation;
use crate::postgres::configuration::POOLER_ROLE;
use crate::postgres::connection::{ConnectionError, Endpoint, Session};
use crate::postgres::{database, role, server};

/// The schema of the function.
const SCHEMA: &str = "infra_pooler";

/// Makes the function where the installed pooler looks for it.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn ensure(primary: &Endpoint, installation: &PoolerInstallation) -> Result<(), ConnectionError> {
    let session = server::session(primary, database::BUILT_IN).await?;
    if installation.has_one_lookup_database() {
        return ensure_in(&session).await;
    }
    for name in role::databases(&session).await? {
        ensure_in(&server::session(primary, &name).await?).await?;
    }
    Ok(())
}

/// Makes the function in the database of a session.
///
/// Superusers and infra's own roles are not found by it, so nobody gets through the pooler as one of them.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn ensure_in(session: &Session) -> Result<(), ConnectionError> {
    session.run("make the pooler's function", &statements()).await
}

/// Says whether the function is where a pooler looks for it, so that clients can log in.
///
/// # Errors
/// [`ConnectionError`] when the server cannot be asked.
pub async fn exists(primary: &Endpoint, in_one_database: bool) -> Result<bool, ConnectionError> {
    let session = server::session(primary, database::BUILT_IN).await?;
    if in_one_database {
        return exists_in(&session).await;
    }
    for name in role::databases(&session).await? {
        if !exists_in(&server::session(primary, &name).await?).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn exists_in(session: &Session) -> Result<bool, ConnectionError> {
    let query = format!("select to_regprocedure('{SCHEMA}.user_lookup(text)') is not null");
    let rows = session
        .rows("look for the pooler's function", &query, &[])
        .await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Returns the statements that make the function.
pub fn statements() -> String {
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
pub fn query() -> String {
    format!("SELECT username, verifier FROM {SCHEMA}.user_lookup($1)")
}
