//! What a role really may do in a database.

use infra_provider::sql::access::{Grant, holds};

use super::connection::{ConnectionError, Session};

/// Says whether a role has all of its access, on what exists and on what will; to be asked in the database.
///
/// # Errors
/// [`ConnectionError`] when the server cannot be asked.
pub async fn is_granted(session: &Session, grant: &Grant<'_>) -> Result<bool, ConnectionError> {
    let query = format!(
        "with r as (select oid from pg_roles where rolname = $1), o as (select oid from pg_roles where rolname = $2) \
         select {} from r, o",
        holds(grant.level)
    );
    let rows = session
        .rows("look at a role's access", &query, &[&grant.role, &grant.owner])
        .await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}
