//! Acts in the name of the owner of a database for each file of a seed, and sees that the file kept to it.
//!
//! The session stays one of the engine's role, so this is no wall: who writes a seed is trusted like who writes the stack. It
//! keeps mistakes from running with more rights than the application has.

use infra_provider::sql::{identifier, literal};

use super::ONLY_BUILT_IN;
use crate::postgres::connection::{ConnectionError, Session};

/// Becomes the owner, with the settings that a fresh session of his would have: a file must not depend on those which another
/// one before it made.
pub(super) async fn become_owner(session: &Session, role: &str) -> Result<(), ConnectionError> {
    let (quoted, role) = (literal(role), identifier(role));
    // What is set for the role alone is set for all databases or for this one, and the latter wins.
    let statements = format!(
        "set local session authorization {role}; set local role none; reset all; \
         do $own$ declare one pg_catalog.text; begin \
         for one in select s.setting from (select d.setdatabase, pg_catalog.unnest(d.setconfig) as setting \
             from pg_catalog.pg_db_role_setting d join pg_catalog.pg_roles r on r.oid = d.setrole \
             where r.rolname = {quoted} and (d.setdatabase = 0 or d.setdatabase = (select b.oid \
             from pg_catalog.pg_database b where b.datname = pg_catalog.current_database()))) s \
             order by s.setdatabase \
         loop perform pg_catalog.set_config(pg_catalog.split_part(one, '=', 1), \
             pg_catalog.substr(one, pg_catalog.strpos(one, '=') + 1), true); \
         end loop; end $own$"
    );
    session.run("act as the owner of a database", &statements).await
}

/// Becomes the engine again, who finds nothing of the owner's by its bare name.
pub(super) async fn become_engine(session: &Session) -> Result<(), ConnectionError> {
    let statements = format!("set local session authorization default; set local role none; {ONLY_BUILT_IN}");
    session.run("act as the engine again", &statements).await
}

/// Returns the number of the transaction.
pub(super) async fn transaction(session: &Session) -> Result<String, ConnectionError> {
    let query = "select pg_catalog.pg_current_xact_id()::pg_catalog.text";
    let rows = session.rows("look at a transaction", query, &[]).await?;
    Ok(rows.first().map(|row| row.get(0)).unwrap_or_default())
}

/// Returns what a file did that it must not, if it did.
pub(super) async fn escape(
    session: &Session,
    role: &str,
    transaction: &str,
) -> Result<Option<&'static str>, ConnectionError> {
    let query = "select pg_catalog.pg_current_xact_id()::pg_catalog.text, session_user::pg_catalog.text";
    let rows = session.rows("look at a transaction", query, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (now, user): (String, String) = (row.get(0), row.get(1));
    Ok(if now != transaction {
        Some("ended the transaction")
    } else if user != role {
        Some("left the name of the owner")
    } else {
        None
    })
}
