//! Reading: the whole state, and the history, with everything verified.

use std::collections::BTreeMap;

use infra_model::digest::Digest;
use infra_model::journal::{HistoryEntry, IntentId, OpenIntent};
use infra_model::record::{RecordEntry, RecordHeader, RecordKey, Serial};
use infra_model::snapshot::Durations;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::contract::State;
use crate::history;
use crate::stores::postgres::address::Address;
use crate::stores::postgres::connection::Connection;
use crate::stores::postgres::failure::Failure;
use crate::stores::postgres::layout::{RecordRow, StateRow, Tally, duration_checksum, intent_checksum};
use crate::stores::postgres::locking::{Place, number, read_state};

/// Returns a state, with every checksum verified and no record parsed; nothing if it was not begun.
pub(super) async fn load(
    connection: &Connection,
    place: &Place,
    state: i64,
) -> Result<Option<State>, Failure> {
    let address = &place.address;
    let Some(row) = read_state(connection, address, state).await? else {
        return Ok(None);
    };
    let mut tally = Tally::default();
    let records = records(connection, address, state, &mut tally).await?;
    let open_intents = intents(connection, address, state, &mut tally).await?;
    let durations = durations(connection, address, state, &mut tally).await?;
    complete(&row, tally, address)?;
    Ok(row.header.map(|(_, header)| State {
        header,
        standing: row.head.standing.clone(),
        serial: row.head.serial,
        records,
        open_intents,
        durations,
    }))
}

fn complete(row: &StateRow, found: Tally, address: &Address) -> Result<(), Failure> {
    let expected = row.tally;
    if found == expected {
        return Ok(());
    }
    Err(Failure::damaged(
        address,
        match found.entries == expected.entries {
            true => "a record, intent or duration is not the one that was written last".to_owned(),
            false => format!(
                "of {} records, intents and durations {} are there",
                expected.entries, found.entries
            ),
        },
    ))
}

async fn records(
    connection: &Connection,
    address: &Address,
    state: i64,
    tally: &mut Tally,
) -> Result<BTreeMap<RecordKey, RecordEntry>, Failure> {
    let query = "select key, serial, inputs_digest, tainted, protect, format, body::text, checksum
        from records where state = $1";
    let mut records = BTreeMap::new();
    let visit = |row: &Row| {
        let key: &str = row.get(0);
        let damaged = |what: &str| Failure::damaged(address, format!("the record of `{key}` {what}"));
        let record = record_row(row).ok_or_else(|| damaged("cannot be read"))?;
        let checksum = record.checksum(state, key);
        if checksum != row.get::<_, i64>(7) {
            return Err(damaged("does not match its checksum"));
        }
        tally.add(checksum);
        let parsed: RecordKey = key.parse().map_err(|_| damaged("has no name of a record"))?;
        records.insert(parsed, record.entry());
        Ok(())
    };
    connection.each(query, &[(&state, Type::INT8)], visit).await?;
    Ok(records)
}

fn record_row(row: &Row) -> Option<RecordRow> {
    Some(RecordRow {
        header: RecordHeader {
            serial: Serial(number(row, 1)),
            inputs_digest: digest(row, 2)?,
            tainted: row.get(3),
            protect: row.get(4),
        },
        format: row.get::<_, i32>(5).cast_unsigned(),
        body: row.get(6),
    })
}

fn digest(row: &Row, column: usize) -> Option<Digest> {
    row.get::<_, &[u8]>(column)
        .try_into()
        .ok()
        .map(Digest::from_bytes)
}

async fn intents(
    connection: &Connection,
    address: &Address,
    state: i64,
    tally: &mut Tally,
) -> Result<Vec<OpenIntent>, Failure> {
    let query = "select id, body::text, checksum from intents where state = $1 order by id";
    let mut intents = Vec::new();
    let visit = |row: &Row| {
        let (id, body): (_, &str) = (IntentId(number(row, 0)), row.get(1));
        let checksum = intent_checksum(state, id, body);
        if checksum != row.get::<_, i64>(2) {
            let what = format!("the intent {} does not match its checksum", id.0);
            return Err(Failure::damaged(address, what));
        }
        tally.add(checksum);
        intents.push(serde_json::from_str(body).map_err(|error| {
            Failure::damaged(address, format!("the intent {} cannot be read ({error})", id.0))
        })?);
        Ok(())
    };
    connection.each(query, &[(&state, Type::INT8)], visit).await?;
    Ok(intents)
}

async fn durations(
    connection: &Connection,
    address: &Address,
    state: i64,
    tally: &mut Tally,
) -> Result<Durations, Failure> {
    let query = "select name, millis, checksum from durations where state = $1";
    let mut durations = Durations::default();
    for row in connection.rows(query, &[(&state, Type::INT8)]).await? {
        let (name, millis): (String, _) = (row.get(0), number(&row, 1));
        let checksum = duration_checksum(state, &name, millis);
        if checksum != row.get::<_, i64>(2) {
            let what = format!("the duration of `{name}` does not match its checksum");
            return Err(Failure::damaged(address, what));
        }
        tally.add(checksum);
        durations.0.insert(name, millis);
    }
    Ok(durations)
}

/// Returns the history from a serial on, with its chain verified up to the last change.
pub(super) async fn history(
    connection: &Connection,
    place: &Place,
    state: i64,
    from: Serial,
) -> Result<Vec<HistoryEntry>, Failure> {
    let address = &place.address;
    let Some(state_row) = read_state(connection, address, state).await? else {
        return Ok(Vec::new());
    };
    let first = Serial(from.0.max(1));
    let start = first.0.cast_signed();
    let query =
        "select serial, digest, body::text from history where state = $1 and serial >= $2 order by serial";
    let mut chain = Chain {
        address,
        next: first,
        previous: (first == Serial(1)).then(history::start),
        entries: Vec::new(),
    };
    let parameters = [(&state as _, Type::INT8), (&start as _, Type::INT8)];
    connection.each(query, &parameters, |row| chain.take(row)).await?;
    chain.finish(&state_row)
}

/// A history as it is read: what there is, and what must come next.
struct Chain<'a> {
    address: &'a Address,
    next: Serial,
    previous: Option<Digest>,
    entries: Vec<HistoryEntry>,
}

impl Chain<'_> {
    fn take(&mut self, row: &Row) -> Result<(), Failure> {
        let (serial, body): (_, &str) = (Serial(number(row, 0)), row.get(2));
        let damaged =
            |what: &str| Failure::damaged(self.address, format!("the history entry {serial} {what}"));
        let found = Digest::of(body.as_bytes());
        if digest(row, 1) != Some(found) {
            return Err(damaged("does not match its digest"));
        }
        let entry: HistoryEntry =
            serde_json::from_str(body).map_err(|error| damaged(&format!("cannot be read ({error})")))?;
        let is_chained = self.previous.is_none_or(|previous| previous == entry.previous);
        if serial != self.next || entry.serial != serial || !is_chained {
            return Err(damaged("does not follow the one before"));
        }
        self.next = Serial(serial.0 + 1);
        self.previous = Some(found);
        self.entries.push(entry);
        Ok(())
    }

    fn finish(self, row: &StateRow) -> Result<Vec<HistoryEntry>, Failure> {
        let head = &row.head;
        if self.next > head.serial && self.previous.is_none_or(|last| last == head.chain) {
            return Ok(self.entries);
        }
        let what = format!("the history ends before entry {}", head.serial);
        Err(Failure::damaged(self.address, what))
    }
}
