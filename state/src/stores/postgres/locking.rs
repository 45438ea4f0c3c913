//! The beginning of every change: the lease's row is locked, and what the rules ask for is read behind the lock.
//!
//! The row is the fence. Writers queue at it, so whoever holds it sees the epoch in force, and nobody can take the lease
//! before the transaction has ended.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::{Epoch, IntentId};
use infra_model::record::Serial;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::contract::{Lease, STATE_FORMAT};
use crate::rules::Head;
use crate::stores::postgres::address::Address;
use crate::stores::postgres::connection::Connection;
use crate::stores::postgres::failure::Failure;
use crate::stores::postgres::layout::{StateRow, Tally};
use crate::stores::postgres::migrations;
use crate::stores::postgres::staging::{Needs, There, View};

/// Names a state in a database.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) address: Address,
    pub(super) stack: String,
    pub(super) environment: String,
}

/// Returns the number of a state; none if there is no row for it.
pub(super) async fn find(connection: &Connection, place: &Place) -> Result<Option<i64>, Failure> {
    let query = "select id from states where stack = $1 and environment = $2";
    let names = [
        (&place.stack as _, Type::TEXT),
        (&place.environment as _, Type::TEXT),
    ];
    Ok(connection.row(query, &names).await?.map(|row| row.get(0)))
}

/// Returns the number of a state, with its rows made if there are none. Who comes second waits for the first.
pub(super) async fn find_or_make(connection: &Connection, place: &Place) -> Result<i64, Failure> {
    if let Some(state) = find(connection, place).await? {
        return Ok(state);
    }
    let row = StateRow::default();
    let insertion = "with made as (
            insert into states
                (stack, environment, serial, epoch, last_intent, chain, entries, entries_sum, written_as, checksum)
            values ($1, $2, 0, 0, 0, $3, 0, 0, $4, 0)
            on conflict (stack, environment) do nothing returning id
        )
        insert into leases (state, epoch, holder, until, duration_ms) select id, 0, $5, null, 0 from made";
    let (chain, name) = (&row.head.chain.as_bytes()[..], &row.written_as[..]);
    connection
        .execute(
            insertion,
            &[
                (&place.stack, Type::TEXT),
                (&place.environment, Type::TEXT),
                (&chain, Type::BYTEA),
                (&name, Type::BYTEA),
                (&row.head.holder, Type::TEXT),
            ],
        )
        .await?;
    let made = find(connection, place).await?;
    made.ok_or_else(|| Failure::damaged(&place.address, "the row of the state cannot be made"))
}

/// Locks a state and returns what stands behind the lock. All questions are sent together.
pub(super) async fn lock(
    connection: &Connection,
    place: &Place,
    state: i64,
    needs: &Needs,
) -> Result<View, Failure> {
    let (locked, current, row, there) = futures::join!(
        lock_lease(connection, state),
        migrations::still_current(connection),
        read_state(connection, &place.address, state),
        read_there(connection, state, needs),
    );
    let damaged = |what: &str| Failure::damaged(&place.address, what);
    let locked = locked?.ok_or_else(|| damaged("the row of the lease is gone"))?;
    current?;
    let mut row = row?.ok_or_else(|| damaged("the row of the state is gone"))?;
    if locked.epoch != row.head.epoch {
        return Err(damaged("the epochs of lease and state differ"));
    }
    row.head.holder = locked.holder.clone();
    Ok(View {
        state,
        lease: locked.lease(),
        row,
        there: there?,
        server_now: locked.now,
    })
}

/// Ends transactions that hold the lock and have heard nothing from their client for ten seconds.
///
/// The server does that by itself, but for one case: a client that stands still in the middle of a statement, as a process
/// that is stopped while it sends a large change. It is known by what it does: it is of our role, has locked a lease, and
/// reads.
pub(super) async fn evict(connection: &Connection) -> Result<(), Failure> {
    let query = "select pg_terminate_backend(pid) from pg_stat_activity join pg_locks using (pid)
        where usename = current_user and wait_event = 'ClientRead' and relation = 'leases'::regclass and granted
            and mode = 'RowShareLock' and query_start < clock_timestamp() - interval '10 seconds'";
    connection.rows(query, &[]).await.map(|_| ())
}

/// The row of a lease.
struct LeaseRow {
    epoch: Epoch,
    holder: String,
    until: Option<Timestamp>,
    duration: Duration,
    now: Timestamp,
}

impl LeaseRow {
    fn lease(&self) -> Option<Lease> {
        Some(Lease {
            holder: self.holder.clone(),
            until: self.until?,
            duration: self.duration,
            epoch: self.epoch,
        })
    }
}

/// The time is read after the lock was had: who waited for it must not judge by the time before.
async fn lock_lease(connection: &Connection, state: i64) -> Result<Option<LeaseRow>, Failure> {
    let locking = "select epoch, holder, until, duration_ms from leases where state = $1 for update";
    let parameters = [(&state as _, Type::INT8)];
    let (row, now) = futures::join!(
        connection.row(locking, &parameters),
        connection.row("select clock_timestamp()", &[]),
    );
    let row = row?;
    let now = now?.map(|row| timestamp(row.get(0))).unwrap_or_default();
    Ok(row.map(|row| LeaseRow {
        epoch: Epoch(number(&row, 0)),
        holder: row.get(1),
        until: row.get::<_, Option<SystemTime>>(2).map(timestamp),
        duration: Duration::from_millis(number(&row, 3)),
        now,
    }))
}

/// Reads the row of a state and verifies its checksum.
pub(super) async fn read_state(
    connection: &Connection,
    address: &Address,
    state: i64,
) -> Result<Option<StateRow>, Failure> {
    let query =
        "select header::text, serial, epoch, last_intent, chain, entries, entries_sum, written_as, checksum,
            standing::text
        from states where id = $1";
    let Some(row) = connection.row(query, &[(&state, Type::INT8)]).await? else {
        return Ok(None);
    };
    let damaged = || Failure::damaged(address, "the row of the state does not match its checksum");
    let text: Option<String> = row.get(0);
    let standing = row.get::<_, Option<&str>>(9).map(serde_json::from_str);
    let found = StateRow {
        header: None,
        head: Head {
            serial: Serial(number(&row, 1)),
            epoch: Epoch(number(&row, 2)),
            last_intent: IntentId(number(&row, 3)),
            chain: Digest::from_bytes(row.get::<_, &[u8]>(4).try_into().map_err(|_| damaged())?),
            standing: standing.transpose().map_err(|_| damaged())?.unwrap_or_default(),
            ..Head::default()
        },
        tally: Tally {
            entries: row.get(5),
            sum: row.get(6),
        },
        written_as: row.get::<_, &[u8]>(7).try_into().map_err(|_| damaged())?,
    };
    let found = found.with_header(text, address)?;
    let is_new = found.is_new() && row.get::<_, i64>(8) == 0;
    if !is_new && found.checksum(state) != row.get::<_, i64>(8) {
        return Err(damaged());
    }
    Ok(Some(found))
}

impl StateRow {
    fn with_header(self, text: Option<String>, address: &Address) -> Result<Self, Failure> {
        let Some(text) = text else {
            return Ok(self);
        };
        let header: crate::contract::StateHeader = serde_json::from_str(&text)
            .map_err(|error| Failure::damaged(address, format!("the header cannot be read ({error})")))?;
        if header.format > STATE_FORMAT {
            return Err(Failure::Newer { found: header.format });
        }
        let header = Some((text, header));
        Ok(StateRow { header, ..self })
    }
}

async fn read_there(connection: &Connection, state: i64, needs: &Needs) -> Result<There, Failure> {
    let (records, intents, durations) = futures::join!(
        read_records(connection, state, needs),
        read_intents(connection, state, needs),
        read_durations(connection, state, needs),
    );
    Ok(There {
        records: records?,
        intents: intents?,
        durations: durations?,
    })
}

async fn read_records(
    connection: &Connection,
    state: i64,
    needs: &Needs,
) -> Result<BTreeMap<String, i64>, Failure> {
    if needs.records.is_empty() {
        return Ok(BTreeMap::new());
    }
    let keys: Vec<&str> = needs.records.iter().map(String::as_str).collect();
    let query = "select key, checksum from records where state = $1 and key = any($2)";
    let rows = connection
        .rows(query, &[(&state, Type::INT8), (&keys, Type::TEXT_ARRAY)])
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn read_intents(
    connection: &Connection,
    state: i64,
    needs: &Needs,
) -> Result<BTreeMap<IntentId, i64>, Failure> {
    if needs.intents.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<i64> = needs.intents.iter().map(|id| id.0.cast_signed()).collect();
    let query = "select id, checksum from intents where state = $1 and id = any($2)";
    let rows = connection
        .rows(query, &[(&state, Type::INT8), (&ids, Type::INT8_ARRAY)])
        .await?;
    Ok(rows
        .iter()
        .map(|row| (IntentId(number(row, 0)), row.get(1)))
        .collect())
}

async fn read_durations(
    connection: &Connection,
    state: i64,
    needs: &Needs,
) -> Result<BTreeMap<String, (u64, i64)>, Failure> {
    if needs.durations.is_empty() {
        return Ok(BTreeMap::new());
    }
    let names: Vec<&str> = needs.durations.iter().map(String::as_str).collect();
    let query = "select name, millis, checksum from durations where state = $1 and name = any($2)";
    let rows = connection
        .rows(query, &[(&state, Type::INT8), (&names, Type::TEXT_ARRAY)])
        .await?;
    Ok(rows
        .iter()
        .map(|row| (row.get(0), (number(row, 1), row.get(2))))
        .collect())
}

/// Returns a number that is never negative.
pub(super) fn number(row: &Row, column: usize) -> u64 {
    row.get::<_, i64>(column).cast_unsigned()
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::default().after(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}
