//! The tables, made and changed step by step.
//!
//! Every step is applied once, in one transaction with the note that it was, under an advisory lock: two processes that
//! meet an empty database make one set of tables. A database that a newer engine has changed is left alone.

use tokio_postgres::types::Type;

use crate::stores::postgres::address::Address;
use crate::stores::postgres::connection::{Connection, Purpose, identifier};
use crate::stores::postgres::failure::Failure;

/// The steps, each from the layout before to its own, beginning with layout 1.
const STEPS: &[&str] = &[include_str!("migrations/0001-tables.sql")];

/// The layout that this engine reads and writes.
pub(super) const LAYOUT: u32 = STEPS.len() as u32;

const NOTES: &str = "create table if not exists migrations (
    layout integer primary key,
    applied timestamptz not null default clock_timestamp()
)";

/// What is found in a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// No table of ours.
    Nothing,
    /// Tables of an older engine, which the next write brings up to date.
    Older,
    /// Our tables.
    Current,
}

/// Looks what there is, within a transaction.
pub(super) async fn look(connection: &Connection, address: &Address) -> Result<Found, Failure> {
    let query =
        "select 1 from pg_catalog.pg_class join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
        where nspname = $1 and relname = 'migrations'";
    if connection
        .row(query, &[(&address.schema, Type::TEXT)])
        .await?
        .is_none()
    {
        return Ok(Found::Nothing);
    }
    match layout(connection).await? {
        0 => Ok(Found::Nothing),
        found if found < LAYOUT => Ok(Found::Older),
        LAYOUT => Ok(Found::Current),
        found => Err(Failure::Newer { found }),
    }
}

/// Refuses tables that a newer engine has changed, within a transaction that holds a lease's row: then no step can be
/// applied before the transaction ends.
pub(super) async fn still_current(connection: &Connection) -> Result<(), Failure> {
    match layout(connection).await? {
        found if found > LAYOUT => Err(Failure::Newer { found }),
        _ => Ok(()),
    }
}

async fn layout(connection: &Connection) -> Result<u32, Failure> {
    let row = connection.row("select max(layout) from migrations", &[]).await?;
    let found = row.and_then(|row| row.get::<_, Option<i32>>(0));
    Ok(found.map_or(0, |found| u32::try_from(found).unwrap_or(u32::MAX)))
}

/// Makes the tables, or brings them up to date.
pub(super) async fn migrate(connection: &mut Connection, address: &Address) -> Result<(), Failure> {
    connection.begin(Purpose::Write).await?;
    let lock = advisory_lock(&address.schema);
    connection
        .rows("select pg_advisory_xact_lock($1)", &[(&lock, Type::INT8)])
        .await?;
    let found = look(connection, address).await?;
    if found == Found::Current {
        return connection.roll_back().await;
    }
    if found == Found::Nothing {
        prepare(connection, address).await?;
    } else {
        // Whoever is in the middle of a change ends it first; whoever comes later sees the new layout.
        connection
            .run("lock table leases in access exclusive mode")
            .await?;
    }
    let done = layout(connection).await? as usize;
    for (step, layout) in STEPS.iter().zip(1_i32..).skip(done) {
        connection.run(step).await?;
        connection
            .execute(
                "insert into migrations (layout) values ($1)",
                &[(&layout, Type::INT4)],
            )
            .await?;
    }
    // An answer that got lost is no harm: the next attempt looks what there is.
    connection.commit().await
}

/// Makes the schema with the table of notes. The schema may have been made beforehand by somebody who may.
async fn prepare(connection: &Connection, address: &Address) -> Result<(), Failure> {
    let encoding = connection
        .row("select current_setting('server_encoding')", &[])
        .await?;
    let encoding: String = encoding.map(|row| row.get(0)).unwrap_or_default();
    if encoding != "UTF8" {
        let why = format!("the database has the encoding {encoding}, a state needs UTF8");
        return Err(Failure::lasting("written", address, why));
    }
    let query = "select 1 from pg_catalog.pg_namespace where nspname = $1";
    if connection
        .row(query, &[(&address.schema, Type::TEXT)])
        .await?
        .is_none()
    {
        connection
            .run(&format!("create schema {}", identifier(&address.schema)))
            .await?;
    }
    connection.run(NOTES).await
}

/// Returns the number of the lock: one per schema, and none that another program is likely to use.
fn advisory_lock(schema: &str) -> i64 {
    twox_hash::XxHash3_64::oneshot(format!("infra migrations {schema}").as_bytes()).cast_signed()
}
