//! Seeds: SQL that runs once per content, and the record of it, which the same transaction writes into the database.
//!
//! The record lies beside the data that it speaks of: a database that is made anew, or copied back from a backup, tells
//! itself what was brought into it. Whatever moment an engine or a server dies at, the files have run and the record says
//! so, or neither.

use std::collections::BTreeMap;

use futures::{StreamExt, pin_mut};
use infra_model::sql;
use infra_provider::ownership::OwnershipTag;
use thiserror::Error;
use tokio_postgres::error::{DbError, ErrorPosition};
use tokio_postgres::{Row, SimpleQueryMessage};

use super::connection::{ConnectionError, Endpoint, Session, identifier, literal};
use super::server;

/// The table of records. It belongs to the engine's role, so no owner of a database changes it by accident.
const TABLE: &str = "infra_seeds.applied";

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
    },
    /// It refused to end the transaction, as for a constraint that is checked at the end.
    #[error("{files}: {message}")]
    Unfinished {
        /// The paths of the files.
        files: String,
        /// What the server said.
        message: String,
    },
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
    let session = server::session(endpoint, database).await?;
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

async fn has_table(session: &Session) -> Result<bool, ConnectionError> {
    let query = format!("select to_regclass('{TABLE}') is not null");
    let rows = session.rows("look for its seeds", &query, &[]).await?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
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
) -> Result<(), SeedError> {
    // Without a commit the end of the session undoes everything.
    let session = server::session(endpoint, database).await?;
    session.run("begin a seed", &beginning()).await?;
    let query = format!("select name, content, files, tag from {TABLE} where name = $1");
    let rows = session.rows("look for a seed", &query, &[&seed.name]).await?;
    let before = rows.first().map(found);
    if before.as_ref().is_some_and(|before| !is_ours(before, tag)) {
        let name = seed.name.clone();
        return Err(SeedError::Taken { name });
    }
    if before.is_none_or(|before| before.content != seed.content) {
        for (path, text) in &seed.files {
            run_file(&session, &seed.role, (path, text)).await?;
        }
    }
    session.run("record a seed", &recording(seed, tag)).await?;
    finish(&session, seed).await
}

fn is_ours(found: &FoundSeed, tag: &OwnershipTag) -> bool {
    found
        .tag
        .as_ref()
        .is_some_and(|found| found.lineage == tag.lineage && found.address == tag.address)
}

/// One after the other: a killed engine's transaction may still be at work in the server.
fn beginning() -> String {
    let schema = TABLE.split('.').next().unwrap_or_default();
    format!(
        "begin; \
         select pg_advisory_xact_lock(hashtextextended({}, 0)); \
         create schema if not exists {schema}; \
         create table if not exists {TABLE} (name text primary key, content text not null, files text[] not null, \
         tag text not null, applied timestamptz not null)",
        literal(TABLE)
    )
}

fn recording(seed: &Seed, tag: &OwnershipTag) -> String {
    let files: Vec<String> = seed.files.iter().map(|(path, _)| literal(path)).collect();
    format!(
        "set local session authorization default; \
         insert into {TABLE} values ({name}, {content}, array[{files}]::text[], {tag}, clock_timestamp()) \
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
            code: Some(_),
            ..
        } => {
            let paths: Vec<&str> = seed.files.iter().map(|(path, _)| path.as_str()).collect();
            let files = paths.join(", ");
            SeedError::Unfinished { files, message }
        }
        error => error.into(),
    })
}

/// Runs a file as a whole; what the server has completed before it refuses tells which statement it refused.
async fn run_file(session: &Session, role: &str, (path, text): (&str, &str)) -> Result<(), SeedError> {
    let become_owner = format!("set local session authorization {}", identifier(role));
    session
        .run("act as the owner of a database", &become_owner)
        .await?;
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
    let session = server::session(endpoint, database).await?;
    if !has_table(&session).await? {
        return Ok(());
    }
    let delete = format!("delete from {TABLE} where name = $1");
    session.rows("forget a seed", &delete, &[&name]).await?;
    Ok(())
}
