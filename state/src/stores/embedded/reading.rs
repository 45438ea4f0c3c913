//! Reading: the whole state, and the history.
//!
//! sled keeps every page that it has read, which for a large state is as much memory again as the state itself. So
//! the database is walked in slices, and closed and opened between them: that costs no more than freeing the pages
//! does at the end.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use infra_model::digest::Digest;
use infra_model::journal::{HistoryEntry, OpenIntent};
use infra_model::record::{RecordEntry, RecordKey, Serial};
use infra_model::snapshot::Durations;

use crate::contract::{State, StoreError};
use crate::history;
use crate::rules;
use crate::stores::embedded::database::Pair;
use crate::stores::embedded::failure::Failure;
use crate::stores::embedded::layout::{
    self, DURATIONS, HISTORY, INTENTS, RECORDS, Tally, describe, number_key,
};
use crate::stores::embedded::session::Session;

/// How many pairs are read before sled's memory is freed.
const SLICE_PAIRS: usize = 34_000;

/// How many pairs the walking thread hands over at once.
const CHUNK_PAIRS: usize = 1024;

/// How many chunks may wait.
const CHUNKS_MAX: usize = 4;

/// Returns the state, with every checksum verified and no record parsed.
pub(super) fn load(session: &mut Session) -> Result<Option<State>, StoreError> {
    let Some(header) = session.header.clone() else {
        return Ok(None);
    };
    rules::readable(&header)?;
    let serial = session.position.head.serial;
    let mut tally = Tally::default();
    let records = records(session, &mut tally)?;
    let open_intents = intents(session, &mut tally)?;
    let durations = durations(session, &mut tally)?;
    missing(session, tally)?;
    if records.len() > SLICE_PAIRS {
        // What was read last would stay in memory while the state is worked with.
        session.shut();
    }
    Ok(Some(State {
        header,
        serial,
        records: records.into_iter().collect(),
        open_intents,
        durations,
        standing: session.position.head.standing.clone(),
    }))
}

fn missing(session: &Session, found: Tally) -> Result<(), Failure> {
    let expected = session.position.tally;
    if found == expected {
        return Ok(());
    }
    if found.values == expected.values {
        return Err(session.damaged("a record, intent or duration is not the one that was written last"));
    }
    let (found, expected) = (found.values, expected.values);
    Err(session.damaged(format!(
        "of {expected} records, intents and durations {found} are there"
    )))
}

type Records = Vec<(RecordKey, RecordEntry)>;

/// Reads all records with two threads: one walks the database, the other verifies and copies.
fn records(session: &mut Session, tally: &mut Tally) -> Result<Records, Failure> {
    let path = session.path();
    let (chunks, queue) = mpsc::sync_channel(CHUNKS_MAX);
    thread::scope(|scope| {
        let reader = scope.spawn(|| read_chunks(&path, queue));
        let walked = walk_chunks(session, chunks);
        let read = reader
            .join()
            .unwrap_or_else(|_| Err(Failure::damaged(&path, "the records cannot be read")));
        let (records, counted) = read?;
        walked?;
        *tally = counted;
        Ok(records)
    })
}

fn walk_chunks(session: &mut Session, chunks: SyncSender<Vec<Pair>>) -> Result<(), Failure> {
    let mut chunk = Vec::with_capacity(CHUNK_PAIRS);
    walk(session, RECORDS, vec![RECORDS], |pair| {
        chunk.push(pair);
        if chunk.len() == CHUNK_PAIRS {
            // A reader that found damage hangs up, and says so when it is joined.
            let _ = chunks.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK_PAIRS)));
        }
        Ok(())
    })?;
    let _ = chunks.send(chunk);
    drop(chunks);
    Ok(())
}

fn read_chunks(path: &Path, queue: Receiver<Vec<Pair>>) -> Result<(Records, Tally), Failure> {
    let (mut records, mut tally) = (Records::new(), Tally::default());
    for pair in queue.into_iter().flatten() {
        tally.add(pair.framed());
        let payload = layout::unframe(path, pair.key(), pair.framed())?;
        records.push(layout::read_record(path, pair.key(), payload)?);
    }
    Ok((records, tally))
}

fn intents(session: &mut Session, tally: &mut Tally) -> Result<Vec<OpenIntent>, Failure> {
    let path = session.path();
    let mut intents = Vec::new();
    walk(session, INTENTS, vec![INTENTS], |pair| {
        tally.add(pair.framed());
        intents.push(layout::read_json(&path, pair.key(), pair.framed())?);
        Ok(())
    })?;
    Ok(intents)
}

fn durations(session: &mut Session, tally: &mut Tally) -> Result<Durations, Failure> {
    let path = session.path();
    let mut durations = Durations::default();
    walk(session, DURATIONS, vec![DURATIONS], |pair| {
        tally.add(pair.framed());
        let name = String::from_utf8_lossy(&pair.key()[1..]).into_owned();
        let millis = layout::read_json(&path, pair.key(), pair.framed())?;
        durations.0.insert(name, millis);
        Ok(())
    })?;
    Ok(durations)
}

/// Returns the history from a serial on, with its chain verified up to the last change.
pub(super) fn history(session: &mut Session, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
    let first = Serial(from.0.max(1));
    let mut chain = Chain {
        path: session.path(),
        next: first,
        next_part: 0,
        bytes: Vec::new(),
        previous: (first == Serial(1)).then(history::start),
        entries: Vec::new(),
    };
    walk(session, HISTORY, number_key(HISTORY, first.0), |pair| {
        chain.take(&pair)
    })?;
    let head = &session.position.head;
    let complete = chain.next > head.serial && chain.previous.is_none_or(|last| last == head.chain);
    match complete {
        true => Ok(chain.entries),
        false => Err(session
            .damaged(format!("the history ends before entry {}", head.serial))
            .into()),
    }
}

/// A history as it is read: what there is, and what must come next.
struct Chain {
    path: PathBuf,
    next: Serial,
    next_part: u32,
    bytes: Vec<u8>,
    previous: Option<Digest>,
    entries: Vec<HistoryEntry>,
}

impl Chain {
    fn take(&mut self, pair: &Pair) -> Result<(), Failure> {
        let payload = layout::unframe(&self.path, pair.key(), pair.framed())?;
        let part = layout::read_history_part(&self.path, pair.key(), payload)?;
        if (part.serial, part.number) != (self.next, self.next_part) {
            return Err(self.broken(pair.key()));
        }
        self.bytes.extend(part.bytes);
        self.next_part += 1;
        if part.is_last {
            self.finish(pair.key())
        } else {
            Ok(())
        }
    }

    fn finish(&mut self, key: &[u8]) -> Result<(), Failure> {
        let bytes = std::mem::take(&mut self.bytes);
        let entry: HistoryEntry = layout::parse(&self.path, key, &bytes)?;
        let chained = self.previous.is_none_or(|previous| previous == entry.previous);
        if entry.serial != self.next || !chained {
            return Err(self.broken(key));
        }
        self.next = Serial(self.next.0 + 1);
        self.next_part = 0;
        self.previous = Some(Digest::of(&bytes));
        self.entries.push(entry);
        Ok(())
    }

    fn broken(&self, key: &[u8]) -> Failure {
        Failure::damaged(
            &self.path,
            format!("{} does not follow the one before", describe(key)),
        )
    }
}

/// Visits all pairs of a space that are written, from a key on.
pub(super) fn walk(
    session: &mut Session,
    space: u8,
    mut from: Vec<u8>,
    mut visit: impl FnMut(Pair) -> Result<(), Failure>,
) -> Result<(), Failure> {
    loop {
        let Some(database) = session.database() else {
            return Ok(());
        };
        match database.scan(space, &from, SLICE_PAIRS, &mut visit)? {
            None => return Ok(()),
            Some(next) => from = next,
        }
        session.reopen()?;
    }
}
