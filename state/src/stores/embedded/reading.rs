//! Reading: the whole state, and the history.

use infra_model::digest::Digest;
use infra_model::journal::{HistoryEntry, OpenIntent};
use infra_model::record::Serial;

use crate::contract::{State, StoreError};
use crate::history;
use crate::stores::embedded::failure::Failure;
use crate::stores::embedded::layout::{self, DURATIONS, HISTORY, INTENTS, RECORDS, Tally, describe};
use crate::stores::embedded::session::Session;

/// Returns the state, with every checksum verified and no record parsed.
pub(super) fn load(session: &Session) -> Result<Option<State>, StoreError> {
    let Some(header) = session.readable_header()? else {
        return Ok(None);
    };
    let mut state = State {
        header: header.clone(),
        serial: session.position.head.serial,
        records: Default::default(),
        open_intents: Vec::new(),
        durations: Default::default(),
    };
    let mut tally = Tally::default();
    let mut records = Vec::new();
    each(session, RECORDS, &mut tally, |key, payload| {
        records.push(layout::read_record(key, payload).map_err(|what| session.damaged(what))?);
        Ok(())
    })?;
    state.records = records.into_iter().collect();
    each(session, INTENTS, &mut tally, |key, payload| {
        state
            .open_intents
            .push(session.parse::<OpenIntent>(key, payload)?);
        Ok(())
    })?;
    each(session, DURATIONS, &mut tally, |key, payload| {
        let name = String::from_utf8_lossy(&key[1..]).into_owned();
        state.durations.0.insert(name, session.parse(key, payload)?);
        Ok(())
    })?;
    missing(session, tally)?;
    Ok(Some(state))
}

fn each(
    session: &Session,
    space: u8,
    tally: &mut Tally,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(database) = session.database() else {
        return Ok(());
    };
    database.scan(space, &[space], |key, framed| {
        tally.add(framed);
        visit(key, session.unframe(key, framed)?)
    })
}

fn missing(session: &Session, found: Tally) -> Result<(), Failure> {
    let expected = session.position.tally;
    if found == expected {
        return Ok(());
    }
    let (found, expected) = (found.values, expected.values);
    Err(session.damaged(format!(
        "records, intents or durations are missing or old: {expected} were written, {found} are there"
    )))
}

/// Returns the history from a serial on, with its chain verified up to the last change.
pub(super) fn history(session: &Session, from: Serial) -> Result<Vec<HistoryEntry>, StoreError> {
    let head = &session.position.head;
    let (mut next, mut chain) = (from.0.max(1), None);
    if next == 1 {
        chain = Some(history::start());
    }
    let mut entries = Vec::new();
    let Some(database) = session.database() else {
        return Ok(entries);
    };
    database.scan(HISTORY, &layout::number_key(HISTORY, next), |key, framed| {
        let payload = session.unframe(key, framed)?;
        let entry: HistoryEntry = session.parse(key, payload)?;
        if entry.serial.0 != next || chain.is_some_and(|chain| chain != entry.previous) {
            return Err(session.damaged(format!("{} does not follow the one before", describe(key))));
        }
        next += 1;
        chain = Some(Digest::of(payload));
        entries.push(entry);
        Ok(())
    })?;
    let complete = next > head.serial.0 && chain.is_none_or(|chain| chain == head.chain);
    match complete {
        true => Ok(entries),
        false => Err(session
            .damaged(format!("the history ends before entry {}", head.serial))
            .into()),
    }
}
