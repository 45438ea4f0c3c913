//! An environment's state as it was after an earlier change.

use std::collections::BTreeMap;
use std::sync::Arc;

use infra_model::clock::Timestamp;
use infra_model::journal::{HistoryEntry, Operation};
use infra_model::record::{Record, RecordEntry, RecordKey, Serial};
use infra_state::audit::AuditError;
use infra_state::history::{self, verify_chain};

use crate::error::EngineError;
use crate::opened::Opened;

/// A state as it was after a change.
#[derive(Clone, Debug)]
pub struct Past {
    /// The number of the change.
    pub serial: Serial,
    /// When it was made.
    pub at: Timestamp,
    /// On whose behalf.
    pub operation: Operation,
    /// The last change that the same operation made: the state was on its way there.
    pub ends: Serial,
    /// What was recorded.
    pub records: BTreeMap<RecordKey, RecordEntry>,
    /// The changes until then, oldest first, with that one.
    pub until: Vec<HistoryEntry>,
    /// The changes since, oldest first.
    pub since: Vec<HistoryEntry>,
}

/// Returns the state as it was after a change.
///
/// # Errors
///
/// When there is no such change, the store fails, or the history does not hold.
pub async fn at(opened: &Opened, serial: Serial) -> Result<Past, EngineError> {
    let history = opened.store.history(Serial(1)).await;
    let mut entries = history.map_err(|source| opened.in_store(source))?;
    let failed = |source: AuditError| EngineError::Audit {
        environment: opened.stack.environment.name.clone(),
        source,
    };
    verify_chain(&entries).map_err(|error| failed(error.into()))?;
    let count = entries.partition_point(|entry| entry.serial <= serial);
    let Some(entry) = entries[..count].last().filter(|entry| entry.serial == serial) else {
        return Err(no_such(opened, serial));
    };
    let (at, operation) = (entry.at, entry.operation.clone());
    let records = history::replay(&entries[..count]);
    let records = records.map_err(|error| failed(AuditError::Unreadable(error)))?;
    let since = entries.split_off(count);
    let same = since.iter().take_while(|entry| entry.operation == operation);
    Ok(Past {
        serial,
        at,
        ends: same.last().map_or(serial, |entry| entry.serial),
        operation,
        records,
        until: entries,
        since,
    })
}

fn no_such(opened: &Opened, serial: Serial) -> EngineError {
    let environment = &opened.stack.environment.name;
    let message = match opened.state.serial {
        Serial(0) => format!("Nothing has changed the state of environment `{environment}` yet"),
        last => format!("There is no change {serial} of environment `{environment}`: they are 1 to {last}"),
    };
    EngineError::request(message, "List them with: infra state log ENVIRONMENT")
}

impl Past {
    /// Returns the records, parsed.
    ///
    /// # Errors
    ///
    /// When one cannot be read.
    pub fn records(&self) -> Result<Vec<Arc<Record>>, EngineError> {
        let records = self.records.values();
        records
            .map(|entry| entry.record().cloned().map_err(EngineError::defect))
            .collect()
    }
}
