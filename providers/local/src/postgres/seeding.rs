//! Seeds: SQL that runs once per content, and the record of it, which the same transaction writes into the database.
//!
//! The record lies beside the data that it speaks of: a database that is made anew, or copied back from a backup, tells
//! itself what was brought into it. Whatever moment an engine or a server dies at, the files have run and the record says
//! so, or neither.

use std::collections::BTreeMap;

use futures::{StreamExt, pin_mut};
use infra_model::sql;
use infra_provider::ownership::OwnershipTag;
use infra_provider::sql::RECORDS as SCHEMA;
use infra_provider::sql::literal;
use thiserror::Error;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use tokio_postgres::{Row, SimpleQueryMessage};

use super::connection::{ConnectionError, Endpoint, Session};
use super::server;

mod owner;

/// The table of records. It belongs to the engine's role, so no owner of a database changes it by accident.
const TABLE: &str = "infra_seeds.applied";

/// Finds nothing but what PostgreSQL itself brings.
const ONLY_BUILT_IN: &str = "set search_path = pg_catalog, pg_temp";

/// A seed that a stack wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Its name.
    pub name: String,
    /// The role in whose name its files run.
    pub role: String,
    /// The paths and texts of its files, in order.
    pub files: Vec<(String, String)>,
    /// The digest of the texts.
    pub content: String,
}

/// A seed as a database remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSeed {
    /// The digest of what has run.
    pub content: String,
    /// The paths of its files.
    pub files: Vec<String>,
    /// Whose it is; nothing if that cannot be read.
    pub tag: Option<OwnershipTag>,
}

/// Why a seed was not applied.
#[derive(Debug, Error)]
pub enum SeedError {
    /// The server cannot be asked, or not about records.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// It refused a statement of a file, so nothing of the seed is there.
    #[error("{file}:{line}: {message}")]
    Refused {
        /// The path of the file.
        file: String,
        /// The line, from one.
        line: usize,
        /// What the server said.
        message: String,
        /// What the server advises.
        hint: Option<String>,
        /// The class and number of the error.
        code: SqlState,
    },
    /// It refused to end the transaction, as for a constraint that is checked at the end.
    #[error("{files}: {message}")]
    Unfinished {
        /// The paths of the files.
        files: String,
        /// What the server said.
        message: String,
        /// The class and number of the error.
        code: SqlState,
    },
    /// A file got out of the one transaction or of the owner's name, in a way that nobody saw beforehand. What it did until
    /// then may have been kept.
    #[error("{file}: It {what}, which a seed must not")]
    Escaped {
        /// The path of the file.
        file: String,
        /// What it did.
        what: &'static str,
    },
    /// The schema of the records is there and somebody else's, who could change what they say, or what happens with them.
    #[error("The schema `{SCHEMA}` of the database is not, or not all of it, infra's own")]
    Foreign,
    /// A seed of this name was applied by another state.
    #[error("The seed `{name}` was brought in by another environment")]
    Taken {
        /// Its name.
        name: String,
    },
}

/// Returns the seeds that a database remembers, by name.
///
/// # Errors
/// [`ConnectionError`] when the database cannot be asked.
pub async fn list(
    endpoint: &Endpoint,
    database: &str,
) -> Result<BTreeMap<String, FoundSeed>, ConnectionError> {
    let session = open(endpoint, database).await?;
    if !has_table(&session).await? {
        return Ok(BTreeMap::new());
    }
    let query = format!("select name, content, files, tag from {TABLE}");
    let rows = session.rows("list its seeds", &query, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), found(row))).collect())
}

fn found(row: &Row) -> FoundSeed {
    FoundSeed {
        content: row.get(1),
        files: row.get(2),
        tag: row.get::<_, String>(3).parse().ok(),
    }
}

/// Opens a session that finds nothing but what PostgreSQL itself brings: an owner may have set another path for the database,
/// and functions of his there would run in the name of the engine.
async fn open(endpoint: &Endpoint, database: &str) -> Result<Session, ConnectionError> {
    let session = server::session(endpoint, database).await?;
    session.run("begin to look at seeds", ONLY_BUILT_IN).await?;
    Ok(session)
}

/// Says whether the table of records is there and the engine's own: a view, or a table with rules, triggers or policies of
/// somebody else, would have his functions run in the name of the engine.
async fn has_table(session: &Session) -> Result<bool, ConnectionError> {
    let query = format!(
        "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r \
         on r.oid = c.relowner and r.oid = n.nspowner where n.nspname = '{SCHEMA}' and c.relname = 'applied' \
         and r.rolname = current_user and c.relkind = 'r' and not c.relhasrules and not c.relhastriggers \
         and not c.relrowsecurity)"
    );
    let rows = session.rows("look for its seeds", &query, &[]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Whose record of a seed is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The one of the same address: a seed is made.
    TheSame,
    /// Any of the same state: a seed changes, and may have had another address when it ran.
    OfThisState,
}

/// Runs the files of a seed unless they have run with this content, and records it, all in one transaction.
///
/// # Errors
/// [`SeedError`] when the server refuses; nothing has changed then. When it stopped answering nobody knows.
pub async fn apply(
    endpoint: &Endpoint,
    database: &str,
    seed: &Seed,
    tag: &OwnershipTag,
    whose: Whose,
) -> Result<(), SeedError> {
    // Without a commit the end of the session undoes everything.
    let session = open(endpoint, database).await?;
    session.run("begin a seed", &beginning()).await?;
    if !has_table(&session).await? {
        return Err(SeedError::Foreign);
    }
    let query = format!("select name, content, files, tag from {TABLE} where name = $1");
    let rows = session.rows("look for a seed", &query, &[&seed.name]).await?;
    let before = rows.first().map(found);
    if before.as_ref().is_some_and(|before| !is_ours(before, tag, whose)) {
        let name = seed.name.clone();
        return Err(SeedError::Taken { name });
    }
    if before.is_none_or(|before| before.content != seed.content) {
        run(&session, seed).await?;
    }
    session.run("record a seed", &recording(seed, tag)).await?;
    finish(&session, seed).await
}

fn is_ours(found: &FoundSeed, tag: &OwnershipTag, whose: Whose) -> bool {
    found.tag.as_ref().is_some_and(|found| {
        found.lineage == tag.lineage && (whose == Whose::OfThisState || found.address == tag.address)
    })
}

/// One after the other, so that a killed engine's transaction, which may still be at work in the server, is waited for. Everybody may read the
/// records: else no owner could dump a database.
fn beginning() -> String {
    format!(
        "begin; \
         select pg_advisory_xact_lock(hashtextextended({}, 0)); \
         create schema if not exists {SCHEMA}; \
         create table if not exists {TABLE} (name text primary key, content text not null, files text[] not null, \
         tag text not null, applied timestamptz not null); \
         grant usage on schema {SCHEMA} to public; grant select on {TABLE} to public",
        literal(TABLE)
    )
}

fn recording(seed: &Seed, tag: &OwnershipTag) -> String {
    let files: Vec<String> = seed.files.iter().map(|(path, _)| literal(path)).collect();
    format!(
        "insert into {TABLE} values ({name}, {content}, array[{files}]::text[], {tag}, clock_timestamp()) \
         on conflict (name) do update set content = excluded.content, files = excluded.files, tag = excluded.tag, \
         applied = excluded.applied",
        name = literal(&seed.name),
        content = literal(&seed.content),
        files = files.join(", "),
        tag = literal(&tag.to_string()),
    )
}

async fn finish(session: &Session, seed: &Seed) -> Result<(), SeedError> {
    let committed = session.run("end a seed", "commit").await;
    committed.map_err(|error| match error {
        ConnectionError::Statement {
            message,
            code: Some(code),
            ..
        } => unfinished(seed, message, &code),
        error => error.into(),
    })
}

fn unfinished(seed: &Seed, message: String, code: &str) -> SeedError {
    let paths: Vec<&str> = seed.files.iter().map(|(path, _)| path.as_str()).collect();
    SeedError::Unfinished {
        files: paths.join(", "),
        message,
        code: SqlState::from_code(code),
    }
}

/// Runs the files in the name of the owner, with what is checked at the end, and becomes the engine again.
async fn run(session: &Session, seed: &Seed) -> Result<(), SeedError> {
    let transaction = owner::transaction(session).await?;
    for (path, text) in &seed.files {
        owner::become_owner(session, &seed.role).await?;
        run_file(session, (path, text)).await?;
        if let Some(what) = owner::escape(session, &seed.role, &transaction).await? {
            let file = path.clone();
            return Err(SeedError::Escaped { file, what });
        }
    }
    // What waits for the end of the transaction, such as triggers of the owner, would run in the name of the engine there.
    let checked = session.run("end a seed", "set constraints all immediate").await;
    checked.map_err(|error| match error {
        ConnectionError::Statement {
            message,
            code: Some(code),
            ..
        } => unfinished(seed, message, &code),
        error => error.into(),
    })?;
    owner::become_engine(session).await.map_err(SeedError::from)
}

/// Runs a file as a whole; what the server has completed before it refuses tells which statement it refused.
async fn run_file(session: &Session, (path, text): (&str, &str)) -> Result<(), SeedError> {
    let lost = |error: &tokio_postgres::Error| ConnectionError::Statement {
        action: "run a seed",
        message: error.to_string(),
        code: None,
    };
    let mut completed = 0;
    let refused = match session.client.simple_query_raw(text).await {
        Err(error) => error,
        Ok(messages) => {
            pin_mut!(messages);
            loop {
                match messages.next().await {
                    None => return Ok(()),
                    Some(Ok(SimpleQueryMessage::CommandComplete(_))) => completed += 1,
                    Some(Ok(_)) => {}
                    Some(Err(error)) => break error,
                }
            }
        }
    };
    let Some(answer) = refused.as_db_error() else {
        return Err(lost(&refused).into());
    };
    Err(SeedError::Refused {
        file: path.to_owned(),
        line: line(text, completed, answer),
        message: message(answer),
        hint: answer.hint().map(str::to_owned),
        code: answer.code().clone(),
    })
}

fn message(answer: &DbError) -> String {
    match answer.detail() {
        Some(detail) => format!("{} ({})", answer.message(), detail.trim_end_matches('.')),
        None => answer.message().to_owned(),
    }
}

/// Returns the line that the server points at, else the one on which the statement begins that it refused.
fn line(text: &str, completed: usize, answer: &DbError) -> usize {
    let byte = match answer.position() {
        Some(ErrorPosition::Original(character)) => {
            let before = usize::try_from(*character).unwrap_or(1).saturating_sub(1);
            text.char_indices().nth(before).map(|(byte, _)| byte)
        }
        _ => {
            let statements = sql::statements(text).unwrap_or_default();
            statements.get(completed).map(|statement| statement.range.start)
        }
    };
    let before = byte.and_then(|byte| text.get(..byte)).unwrap_or_default();
    1 + before.matches('\n').count()
}

/// Forgets that a seed has run; what it brought stays.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn forget(endpoint: &Endpoint, database: &str, name: &str) -> Result<(), ConnectionError> {
    let session = open(endpoint, database).await?;
    if !has_table(&session).await? {
        return Ok(());
    }
    let delete = format!("delete from {TABLE} where name = $1");
    session.rows("forget a seed", &delete, &[&name]).await?;
    Ok(())
}
