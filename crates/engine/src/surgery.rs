//! Changes of the state alone: move, remove, import, refresh. Each is one commit under a lease of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use infra_apply::interrupt::Interrupt;
use infra_apply::lease;
use infra_model::address::Address;
use infra_model::journal::{Commit, RecordChange};
use infra_model::record::{Record, RecordKey, Serial};
use infra_state::contract::State;

use crate::apply::{hold_request, operation, released};
use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::Opened;
use crate::recovery;

/// Resolves what an earlier run left open. A record that moves, goes or comes while a call on it is open would be
/// taken for what the call did, or for what it did not do.
///
/// # Errors
///
/// When the provider or the store fails, or a call cannot be resolved now.
async fn settle(backend: &Backend, opened: &mut Opened, wait: Duration) -> Result<(), EngineError> {
    if opened.state.open_intents.is_empty() {
        return Ok(());
    }
    let provider = opened.connect(backend).await?;
    recovery::resolve(backend, opened, &*provider, wait).await
}

/// Writes one change of the state on behalf of a command, which was made for the state as it is opened.
///
/// # Errors
///
/// When somebody else holds the lease, the state changed meanwhile, or the store fails; then nothing was changed.
pub async fn commit(
    backend: &Backend,
    opened: &Opened,
    command: &str,
    changes: Vec<RecordChange>,
) -> Result<Serial, EngineError> {
    let request = hold_request(backend, opened, Duration::ZERO, &Interrupt::never());
    let held = lease::hold(request, async |holding| {
        check_unmoved(opened).await?;
        let operation = operation(backend, holding.epoch(), command, None);
        let commit = Commit {
            changes,
            operation,
            at: backend.clock.now(),
            ..Commit::default()
        };
        let written = opened.store.commit(holding.epoch(), &commit).await;
        written.map_err(|source| opened.in_store(source))
    });
    released(held.await, opened)?
}

/// Checks under the lease that the state is the one that was read: records are written whole, so what another run
/// recorded meanwhile would be lost, and so would what it began and did not record.
async fn check_unmoved(opened: &Opened) -> Result<(), EngineError> {
    let now = opened
        .store
        .load()
        .await
        .map_err(|source| opened.in_store(source))?;
    if now.is_some_and(|now| now.serial == opened.state.serial && now.open_intents.is_empty()) {
        return Ok(());
    }
    let message = "Another run changed the state meanwhile, and nothing was done";
    Err(EngineError::request(message, "Run the command again"))
}

/// Renames records: of one resource, or of all resources of a component.
///
/// # Errors
///
/// When there is no such record, the new name is taken or of another type, or what an earlier run left open cannot be resolved.
pub async fn rename(
    backend: &Backend,
    opened: &mut Opened,
    (from, to): (&str, &str),
    wait: Duration,
) -> Result<Vec<(Address, Address)>, EngineError> {
    settle(backend, opened, wait).await?;
    let state = &opened.state;
    let selected = select(state, from)?;
    let whole = selected.iter().any(|key| key.address.as_str() == from);
    let mut renames = Vec::new();
    for key in &selected {
        let text = if whole {
            to.to_owned()
        } else {
            format!("{to}{}", &key.address.as_str()[from.len()..])
        };
        let address: Address = text
            .parse()
            .map_err(|error: infra_model::address::AddressError| {
                EngineError::request(
                    error.to_string(),
                    "Name a resource if the first name is one, else a component",
                )
            })?;
        // A record is read by the schema of its type, and its object is asked for at that type.
        if address.resource_type_str() != key.address.resource_type_str() {
            let message = format!(
                "`{}` cannot become `{address}`, which is of another type",
                key.address
            );
            return Err(EngineError::request(message, "Name an address of the same type"));
        }
        if state.records.contains_key(&RecordKey::current(address.clone())) {
            let message = format!("`{address}` is taken");
            return Err(EngineError::request(
                message,
                "See what there is with: infra state list ENVIRONMENT",
            ));
        }
        renames.push((key.clone(), address));
    }
    let changes = rename_changes(state, &renames)?;
    commit(backend, opened, "state mv", changes).await?;
    Ok(renames
        .into_iter()
        .map(|(key, address)| (key.address, address))
        .collect())
}

/// Forgets records: of one resource, or of all resources of a component. The objects go on to exist.
///
/// # Errors
///
/// When there is no such record, or what an earlier run left open cannot be resolved.
pub async fn forget(
    backend: &Backend,
    opened: &mut Opened,
    addresses: &[String],
    wait: Duration,
) -> Result<Vec<RecordKey>, EngineError> {
    settle(backend, opened, wait).await?;
    let mut keys = BTreeSet::new();
    for address in addresses {
        keys.extend(select(&opened.state, address)?);
    }
    let changes = keys.iter().cloned().map(RecordChange::Remove).collect();
    commit(backend, opened, "state rm", changes).await?;
    Ok(keys.into_iter().collect())
}

/// Returns the records of a resource or a component.
pub(crate) fn select(state: &State, text: &str) -> Result<Vec<RecordKey>, EngineError> {
    let keys: Vec<RecordKey> = state
        .records
        .keys()
        .filter(|key| key.address.as_str() == text || key.address.component_str() == text)
        .cloned()
        .collect();
    if keys.is_empty() {
        let addresses = state
            .records
            .keys()
            .flat_map(|key| [key.address.as_str(), key.address.component_str()]);
        let near = infra_model::diagnostic::near_match(text, addresses);
        let hint = near.map_or_else(
            || "See what there is with: infra state list ENVIRONMENT".to_owned(),
            |near| format!("Did you mean `{near}`?"),
        );
        return Err(EngineError::request(format!("The state knows no `{text}`"), hint));
    }
    Ok(keys)
}

/// Returns the changes that rename records, also where other records depend on them.
fn rename_changes(state: &State, renames: &[(RecordKey, Address)]) -> Result<Vec<RecordChange>, EngineError> {
    let names: BTreeMap<&Address, &Address> = renames.iter().map(|(key, to)| (&key.address, to)).collect();
    let renamed = |address: &Address| names.get(address).copied().unwrap_or(address).clone();
    let mut changes: Vec<RecordChange> = renames
        .iter()
        .map(|(key, _)| RecordChange::Remove(key.clone()))
        .collect();
    for (key, entry) in &state.records {
        let record = entry.record().map_err(EngineError::defect)?;
        let mut moved = Record::clone(record);
        moved.dependencies = record.dependencies.iter().map(renamed).collect();
        moved.key.address = renamed(&key.address);
        if moved != **record {
            changes.push(RecordChange::Put(Box::new(moved)));
        }
    }
    Ok(changes)
}
