//! Login roles: made with a verifier instead of a password, and removed without losing what they own.

use std::collections::BTreeMap;

use infra_provider::ownership::OwnershipTag;
use infra_provider::sql::comment::Comment;
use infra_provider::sql::{identifier, literal};

use super::configuration::ENGINE_ROLE;
use super::connection::{ConnectionError, Endpoint, Session};
use super::{password, server};

/// Two that are removed at once both remove what the one was granted by or to the other, and the server refuses the second:
/// `tuple concurrently deleted`. The turn ends with the session.
const TAKE_TURN: &str = "select pg_advisory_lock(hashtextextended('infra removes a role', 0))";

/// A login role that a stack wants.
#[derive(Clone, Copy)]
pub struct Role<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its password in clear; only the verifier made from it leaves this process.
    pub password: &'a str,
    /// Whose it is.
    pub tag: &'a OwnershipTag,
}

impl std::fmt::Debug for Role<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Role")
            .field("name", &self.name)
            .field("tag", &self.tag)
            .finish_non_exhaustive()
    }
}

/// A role as a server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRole {
    /// How it may log in.
    pub login: Login,
    /// What its comment says, if we wrote it.
    pub comment: Option<Comment>,
}

/// How a role may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// With the password that we set.
    Password,
    /// With one that somebody else set.
    OtherPassword,
    /// Not at all.
    Disabled,
}

/// Says whether a name belongs to PostgreSQL or to infra itself.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with("pg_") || name == ENGINE_ROLE || name.starts_with("infra_") || name == "public"
}

/// Makes a role, or gives an existing one the password and attributes that it should have.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn ensure(session: &Session, role: &Role<'_>) -> Result<(), ConnectionError> {
    let verifier = password::verifier(role.password);
    let comment = Comment {
        tag: role.tag.clone(),
        fingerprint: Some(password::fingerprint(&verifier)),
    };
    let name = identifier(role.name);
    // One transaction: a role is there with its tag or not at all.
    let statements = format!(
        "begin; \
         do $$ begin if not exists (select from pg_roles where rolname = {quoted}) then create role {name}; end if; \
         end $$; \
         alter role {name} login nosuperuser nocreatedb nocreaterole noreplication password {verifier}; \
         comment on role {name} is {comment}; \
         commit",
        quoted = literal(role.name),
        verifier = literal(&verifier),
        comment = literal(&comment.to_text()),
    );
    session.run("make a role", &statements).await
}

/// Returns the roles of a server by name, without PostgreSQL's own.
///
/// # Errors
/// [`ConnectionError`] when the server cannot be asked.
pub async fn list(session: &Session) -> Result<BTreeMap<String, FoundRole>, ConnectionError> {
    let query = "select rolname::text, rolcanlogin, rolpassword, shobj_description(oid, 'pg_authid') \
                 from pg_authid where rolname !~ '^pg_'";
    let rows = session.rows("list its roles", query, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), found_role(row))).collect())
}

fn found_role(row: &tokio_postgres::Row) -> FoundRole {
    let verifier: Option<String> = row.get(2);
    let comment = row
        .get::<_, Option<String>>(3)
        .and_then(|text| Comment::parse(&text));
    let fingerprint = verifier.as_deref().map(password::fingerprint);
    let login = match (row.get::<_, bool>(1), fingerprint) {
        (false, _) | (true, None) => Login::Disabled,
        (true, found)
            if comment
                .as_ref()
                .is_some_and(|comment| comment.fingerprint == found) =>
        {
            Login::Password
        }
        (true, Some(_)) => Login::OtherPassword,
    };
    FoundRole { login, comment }
}

/// Removes a role; one that is gone is success.
///
/// What it owns stays and passes to the engine's role: a role's end must not be the end of its tables.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn remove(endpoint: &Endpoint, name: &str) -> Result<(), ConnectionError> {
    let session = server::session(endpoint, "postgres").await?;
    let exists = "select from pg_roles where rolname = $1";
    if session
        .rows("look for a role", exists, &[&name])
        .await?
        .is_empty()
    {
        return Ok(());
    }
    session
        .run("wait for others that remove roles", TAKE_TURN)
        .await?;
    let role = identifier(name);
    let end = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1";
    session
        .run("disable a role", &format!("alter role {role} nologin"))
        .await?;
    session.rows("end the sessions of a role", end, &[&name]).await?;
    let hand_over = format!("reassign owned by {role} to {ENGINE_ROLE}; drop owned by {role}");
    for database in databases(&session).await? {
        let inside = server::session(endpoint, &database).await?;
        inside.run("take over what a role owns", &hand_over).await?;
    }
    session
        .run("remove a role", &format!("drop role if exists {role}"))
        .await
}

/// Returns the databases of a server that can be connected to.
///
/// # Errors
/// [`ConnectionError`] when the server cannot be asked.
pub async fn databases(session: &Session) -> Result<Vec<String>, ConnectionError> {
    let query =
        "select datname::text from pg_database where datallowconn and datconnlimit <> -2 order by datname";
    let rows = session.rows("list its databases", query, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
