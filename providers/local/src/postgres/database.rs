//! Databases with their owner, extensions and the access of other roles.

use std::collections::BTreeMap;

use infra_provider::ownership::OwnershipTag;
use infra_provider::sql::access::Grant;
use infra_provider::sql::comment::Comment;
use infra_provider::sql::database::Database;
use infra_provider::sql::{identifier, literal};

use super::access;
use super::configuration::{ENGINE_ROLE, POOLER_ROLE};
use super::connection::{ConnectionError, Endpoint, Session};
use super::pooler::lookup;
use super::server;

/// The database that every server has; it is taken over and given back instead of made and removed.
pub const BUILT_IN: &str = "postgres";
const CREATE_BUILT_IN: &str = "create database postgres";

/// A database as a server has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDatabase {
    /// The role that owns it.
    pub owner: String,
    /// What its comment says, if we wrote it.
    pub comment: Option<Comment>,
    /// Whether its removal began and did not end; all that can be done is to remove it.
    pub invalid: bool,
}

impl FoundDatabase {
    /// Says whether its creation stopped before it was handed to its owner.
    ///
    /// Nobody but the engine makes databases that belong to the engine's own role.
    pub fn is_half_made(&self) -> bool {
        self.comment.is_none() && self.owner == ENGINE_ROLE
    }
}

/// A change of an existing database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// What it shall be.
    pub wanted: &'a Database,
    /// What was last applied to it.
    pub before: &'a Database,
    /// Whose it is.
    pub tag: &'a OwnershipTag,
}

/// Makes a database, or completes one whose creation stopped half-way.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn create(
    endpoint: &Endpoint,
    database: &Database,
    tag: &OwnershipTag,
) -> Result<(), ConnectionError> {
    let session = server::session(endpoint, BUILT_IN).await?;
    take_turn(&session, &database.name).await?;
    let found = list(&session).await?;
    let found = found.get(&database.name);
    if found.is_some_and(|found| found.invalid) {
        session
            .run("remove a database", &drop_statement(&database.name))
            .await?;
    }
    if found.is_none_or(|found| found.invalid) {
        let make = format!("create database {}", identifier(&database.name));
        session.run("make a database", &make).await?;
    }
    change(
        endpoint,
        &Change {
            wanted: database,
            before: &Database {
                access: BTreeMap::new(),
                ..database.clone()
            },
            tag,
        },
    )
    .await
}

/// Waits until nobody else makes or removes a database of this name, and keeps others from it until the session ends.
///
/// The statement of an engine that was killed goes on in the server, and what it will have done cannot be seen before.
async fn take_turn(session: &Session, name: &str) -> Result<(), ConnectionError> {
    let take = format!("select pg_advisory_lock(hashtextextended({}, 0))", literal(name));
    session.run("wait for others at its database", &take).await
}

/// Waits until nobody makes or removes a database of this name.
///
/// # Errors
/// [`ConnectionError`] when the server cannot be asked.
pub async fn settle(session: &Session, name: &str) -> Result<(), ConnectionError> {
    take_turn(session, name).await?;
    session.run("go on", "select pg_advisory_unlock_all()").await
}

fn drop_statement(name: &str) -> String {
    format!("drop database if exists {} with (force)", identifier(name))
}

/// Gives a database the owner, extensions and access that it should have.
///
/// An extension that is no longer wanted is removed unless something uses it: then the server refuses.
///
/// # Errors
/// [`ConnectionError`] when the server refuses; nothing has changed then.
pub async fn change(endpoint: &Endpoint, change: &Change<'_>) -> Result<(), ConnectionError> {
    let session = server::session(endpoint, &change.wanted.name).await?;
    session.run("change a database", &statements(change)).await
}

fn statements(change: &Change<'_>) -> String {
    let comment = Comment {
        tag: change.tag.clone(),
        fingerprint: None,
    };
    let change = infra_provider::sql::database::Change {
        wanted: change.wanted,
        before: change.before,
        comment: Some(&comment.to_text()),
        connects: &[POOLER_ROLE],
    };
    format!("begin; {}commit", change.statements())
}

/// Returns the databases of a server by name.
///
/// # Errors
/// [`ConnectionError`] when the server cannot be asked.
pub async fn list(session: &Session) -> Result<BTreeMap<String, FoundDatabase>, ConnectionError> {
    let query = "select d.datname::text, r.rolname::text, shobj_description(d.oid, 'pg_database'), \
                 d.datconnlimit = -2 from pg_database d join pg_roles r on r.oid = d.datdba where d.datallowconn";
    let rows = session.rows("list its databases", query, &[]).await?;
    let found = |row: &tokio_postgres::Row| FoundDatabase {
        owner: row.get(1),
        comment: row
            .get::<_, Option<String>>(2)
            .and_then(|text| Comment::parse(&text)),
        invalid: row.get(3),
    };
    Ok(rows.iter().map(|row| (row.get(0), found(row))).collect())
}

/// Returns those of a database's extensions and accesses that are really there; what nobody asked for is left out.
///
/// # Errors
/// [`ConnectionError`] when the database cannot be asked.
pub async fn look_inside(endpoint: &Endpoint, known: &Database) -> Result<Database, ConnectionError> {
    let session = server::session(endpoint, &known.name).await?;
    let installed = session
        .rows(
            "list its extensions",
            "select extname::text from pg_extension",
            &[],
        )
        .await?;
    let installed: Vec<String> = installed.iter().map(|row| row.get(0)).collect();
    let mut access = BTreeMap::new();
    for (role, level) in &known.access {
        let grant = Grant {
            database: &known.name,
            owner: &known.owner,
            role,
            level: *level,
        };
        if access::is_granted(&session, &grant).await? {
            access.insert(role.clone(), *level);
        }
    }
    let extensions = known
        .extensions
        .iter()
        .filter(|extension| installed.contains(extension))
        .cloned()
        .collect();
    Ok(Database {
        access,
        extensions,
        ..known.clone()
    })
}

/// Removes a database with all it holds; one that is gone is success.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn remove(endpoint: &Endpoint, name: &str) -> Result<(), ConnectionError> {
    let outside = if name == BUILT_IN { "template1" } else { BUILT_IN };
    let session = server::session(endpoint, outside).await?;
    take_turn(&session, name).await?;
    session.run("remove a database", &drop_statement(name)).await?;
    if name == BUILT_IN {
        session
            .run("make its own database again", CREATE_BUILT_IN)
            .await?;
        complete_built_in(endpoint).await?;
    }
    Ok(())
}

/// Makes the database that every server has, with what lives in it, if a removal of it stopped half-way.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn ensure_built_in(endpoint: &Endpoint) -> Result<(), ConnectionError> {
    let Err(refused) = server::session(endpoint, BUILT_IN).await else {
        return complete_built_in(endpoint).await;
    };
    let session = server::session(endpoint, "template1").await?;
    match list(&session).await?.get(BUILT_IN) {
        // Its template must be free of other sessions when it is copied.
        Some(found) if found.invalid => drop(session),
        Some(_) => return Err(refused),
        None => {
            let made = session.run("make its own database again", CREATE_BUILT_IN);
            made.await?;
            return complete_built_in(endpoint).await;
        }
    }
    remove(endpoint, BUILT_IN).await
}

async fn complete_built_in(endpoint: &Endpoint) -> Result<(), ConnectionError> {
    lookup::ensure_in(&server::session(endpoint, BUILT_IN).await?).await
}
