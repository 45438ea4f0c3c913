//! Checks a saved state by other means than those that wrote it: against itself, and against its history.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::expression::each_reference;
use infra_model::journal::{Epoch, HistoryEntry, OpenIntent};
use infra_model::record::{Record, RecordEntry, RecordKey, Serial};
use infra_model::snapshot::Snapshot;
use infra_state::contract::State;

/// Returns everything in which a state contradicts itself or its history.
#[must_use]
pub fn faults(state: &State, history: &[HistoryEntry]) -> Vec<String> {
    let snapshot = Snapshot {
        lineage: state.header.lineage.clone(),
        serial: state.serial,
        records: state.records.clone(),
        ..Snapshot::default()
    };
    let mut faults: Vec<String> = snapshot.check().iter().map(ToString::to_string).collect();
    for (key, entry) in &state.records {
        faults.extend(of_record(key, entry));
    }
    faults.extend(of_intents(&state.open_intents));
    faults.extend(of_history(state, history));
    faults
}

/// A record is as it is encoded, and what stands beside it is what it says.
fn of_record(key: &RecordKey, entry: &RecordEntry) -> Option<String> {
    let record = match Record::decode(entry.bytes()) {
        Ok(record) => record,
        Err(error) => return Some(format!("the record of `{key}` cannot be read: {error}")),
    };
    let beside = (entry.inputs_digest, entry.tainted, entry.protect);
    let inside = (record.inputs_digest(), record.tainted, record.protect);
    (beside != inside).then(|| format!("beside the record of `{key}` stands what it does not say"))
}

/// Intents are numbered in order, one at a time for each record, and hold all that recovery needs.
fn of_intents(open: &[OpenIntent]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut keys = BTreeSet::new();
    for pair in open.windows(2) {
        if pair[0].id >= pair[1].id || pair[0].epoch > pair[1].epoch {
            faults.push(format!(
                "intent {} comes before intent {}",
                pair[0].id.0, pair[1].id.0
            ));
        }
    }
    for OpenIntent { id, intent, .. } in open {
        if !keys.insert(&intent.key) {
            faults.push(format!("`{}` has two open intents", intent.key));
        }
        let mut refers = false;
        let inputs = intent
            .action
            .draft()
            .iter()
            .flat_map(|draft| draft.inputs.values())
            .collect::<Vec<_>>();
        inputs
            .iter()
            .for_each(|value| each_reference(value, &mut |_| refers = true));
        if refers {
            faults.push(format!("the intent {} refers to something", id.0));
        }
    }
    faults
}

/// The history leads, entry by entry, to the records as they are.
fn of_history(state: &State, history: &[HistoryEntry]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut records: BTreeMap<&RecordKey, (&Record, Serial)> = BTreeMap::new();
    let mut epoch = Epoch::default();
    for entry in history {
        if entry.epoch < epoch {
            faults.push(format!(
                "entry {} was written with an older lease than the one before",
                entry.serial
            ));
        }
        epoch = entry.epoch;
        for change in &entry.changes {
            match &change.after {
                Some(record) => records.insert(&change.key, (record, entry.serial)),
                None => records.remove(&change.key),
            };
        }
    }
    let last = history.last().map_or(Serial::default(), |entry| entry.serial);
    if last != state.serial {
        faults.push(format!(
            "the history ends at {last}, the state is at {}",
            state.serial
        ));
    }
    let is_told = |key: &&RecordKey, entry: &RecordEntry| match (records.get(key), entry.record()) {
        (Some((record, serial)), Ok(kept)) => **record == **kept && *serial == entry.serial,
        _ => false,
    };
    let untold = state.records.iter().filter(|(key, entry)| !is_told(key, entry));
    faults.extend(untold.map(|(key, _)| format!("the history tells otherwise of `{key}`")));
    let missing = records.keys().filter(|key| !state.records.contains_key(**key));
    faults.extend(missing.map(|key| format!("the history tells of `{key}`, the state does not")));
    faults
}
