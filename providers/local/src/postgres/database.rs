//! Databases with their owner, extensions and the access of other roles.

use std::collections::BTreeMap;

use infra_provider::ownership::OwnershipTag;

use super::access::{self, Grant, Level};
use super::comment::Comment;
use super::configuration::{ENGINE_ROLE, POOLER_ROLE};
use super::connection::{ConnectionError, Endpoint, Session, identifier, literal};
use super::pooler::lookup;
use super::server;

/// The database that every server has; it is taken over and given back instead of made and removed.
pub const BUILT_IN: &str = "postgres";
const CREATE_BUILT_IN: &str = "create database postgres";

/// A database that a stack wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The role that owns it.
    pub owner: String,
    /// Its extensions.
    pub extensions: Vec<String>,
    /// What other roles may do in it.
    pub access: BTreeMap<String, Level>,
}

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
    let Change { wanted, before, tag } = change;
    let (name, owner) = (identifier(&wanted.name), identifier(&wanted.owner));
    let comment = Comment {
        tag: (*tag).clone(),
        fingerprint: None,
    }
    .to_text();
    let mut text = String::from("begin; ");
    if before.owner != wanted.owner {
        text += &hand_over(&before.owner, &wanted.owner);
    }
    text += &format!(
        "alter database {name} owner to {owner}; \
         revoke all on database {name} from public; \
         grant connect on database {name} to {POOLER_ROLE}; "
    );
    for extension in &wanted.extensions {
        text += &format!("create extension if not exists {}; ", identifier(extension));
    }
    for extension in before
        .extensions
        .iter()
        .filter(|extension| !wanted.extensions.contains(extension))
    {
        text += &format!("drop extension if exists {}; ", identifier(extension));
    }
    for role in before
        .access
        .keys()
        .filter(|role| before.access.get(*role) != wanted.access.get(*role))
    {
        text += &access::revoke(&wanted.name, &before.owner, role);
    }
    for (role, level) in &wanted.access {
        text += &access::grant(&Grant {
            database: &wanted.name,
            owner: &wanted.owner,
            role,
            level: *level,
        });
    }
    text + &format!("comment on database {name} is {}; commit", literal(&comment))
}

/// Passes what the old owner has in this database to the new one, if the old one still exists.
///
/// `reassign owned` takes the old owner's other databases along; they are given back.
fn hand_over(before: &str, wanted: &str) -> String {
    format!(
        "do $owner$ declare others name[]; other name; begin \
         if not exists (select from pg_roles where rolname = {text}) then return; end if; \
         select coalesce(array_agg(datname), '{{}}') into others from pg_database d join pg_roles r on r.oid = d.datdba \
         where r.rolname = {text} and datname <> current_database(); \
         reassign owned by {name} to {wanted}; \
         foreach other in array others loop \
         execute format('alter database %I owner to %I', other, {text}); end loop; \
         end $owner$; ",
        text = literal(before),
        name = identifier(before),
        wanted = identifier(wanted)
    )
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
