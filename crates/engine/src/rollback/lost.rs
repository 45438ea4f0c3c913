//! What the history tells of data and secrets that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_model::address::Address;
use infra_model::journal::{Finding, HistoryEntry, Outcome};
use infra_model::record::{Record, Serial};
use infra_model::value::Value;

use crate::rollback::times::{Identity, Times, identity};

#[cfg(test)]
mod tests;

/// Returns the last change that deleted an object of then or put another in its place, by the address that it had then.
pub(super) fn deletions(since: &[HistoryEntry], times: &Times) -> BTreeMap<Address, Serial> {
    let mut deleted = BTreeMap::new();
    // What is forgotten goes on to exist.
    for entry in since.iter().filter(|entry| entry.operation.command != "state rm") {
        let keys = entry.changes.iter().map(|change| &change.key);
        let addresses = keys.filter(|key| key.deposed.is_none()).map(|key| &key.address);
        let before: Vec<_> = addresses
            .filter_map(|address| times.past.get_key_value(address))
            .collect();
        if before.is_empty() {
            continue;
        }
        let stay = staying(entry);
        let taken = before
            .into_iter()
            .filter(|(_, record)| !stay.contains(&identity(record)));
        deleted.extend(taken.map(|(address, _)| (address.clone(), entry.serial)));
    }
    deleted
}

/// Returns the last change after which an object of then was found, when an answer had got lost: it may have been made by
/// that, or changed.
pub(super) fn found(since: &[HistoryEntry], times: &Times) -> BTreeMap<Address, Serial> {
    let adopted = |entry: &&HistoryEntry| {
        let finding = Finding::Adopted;
        entry.outcome == Some(Outcome::Resolved { finding })
    };
    let mut found = BTreeMap::new();
    for entry in since.iter().filter(adopted) {
        let after = entry.changes.iter().filter_map(|change| change.after.as_deref());
        for record in after.filter(|record| record.key.deposed.is_none()) {
            let address = &record.key.address;
            if times.past.get(address).is_some_and(|then| then.id == record.id) {
                found.insert(address.clone(), entry.serial);
            }
        }
    }
    found
}

/// Returns what a change left as it was or gave another name. An object that was made is not the one of before, whatever
/// its identity: where that is a name, one that vanished and was made again has the same.
fn staying(entry: &HistoryEntry) -> BTreeSet<Identity> {
    let half = Outcome::Resolved {
        finding: Finding::AdoptedHalfMade,
    };
    if entry.made || entry.outcome == Some(half) {
        return BTreeSet::new();
    }
    let after = entry.changes.iter().filter_map(|change| change.after.as_deref());
    let current = after.filter(|record| record.key.deposed.is_none());
    current.map(identity).collect()
}

/// Returns whose secret outputs of then neither exist now nor stand in the inputs of then.
pub(super) fn lost_secrets(times: &Times) -> Vec<Address> {
    let is_lost = |(address, record): &(&Address, &Arc<Record>)| {
        let now = times.now_of(address);
        record.outputs.iter().any(|(name, value)| {
            let is_same = now.is_some_and(|now| now.outputs.get(name) == Some(value));
            value.is_secret() && !is_same && !is_given(record, value)
        })
    };
    let lost = times.past.iter().filter(is_lost);
    lost.map(|(address, _)| address.clone()).collect()
}

/// Tells whether a secret was given to the object, so that it can be given again.
fn is_given(record: &Record, secret: &Value) -> bool {
    record
        .inputs
        .values()
        .any(|input| input.any(&|part| part == secret))
}
