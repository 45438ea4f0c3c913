//! Looking at a state without changing it.

use std::path::Path;
use std::sync::Arc;

use infra_model::journal::HistoryEntry;
use infra_model::record::{Record, Serial};
use infra_state::archive;

use crate::error::EngineError;
use crate::files;
use crate::opened::Opened;
use crate::surgery::select;

/// Returns the records of a resource or component, or all.
///
/// # Errors
///
/// When there is no such record, or one is damaged.
pub fn records(opened: &Opened, address: Option<&str>) -> Result<Vec<Arc<Record>>, EngineError> {
    let keys = match address {
        Some(address) => select(&opened.state, address)?,
        None => opened.state.records.keys().cloned().collect(),
    };
    keys.iter()
        .map(|key| {
            opened.state.records[key].record().cloned().map_err(|error| {
                let what = format!("record `{key}`: {error}");
                opened.in_store(infra_state::contract::StoreError::Damaged { what })
            })
        })
        .collect()
}

/// Returns the history, newest last.
///
/// # Errors
///
/// When the store fails or an entry is damaged.
pub async fn history(opened: &Opened) -> Result<Vec<HistoryEntry>, EngineError> {
    opened
        .store
        .history(Serial(0))
        .await
        .map_err(|source| opened.in_store(source))
}

/// Returns the whole state with its history as one plain file; secrets stay sealed.
///
/// # Errors
///
/// When the store fails or something in it is damaged.
pub async fn archive(opened: &Opened) -> Result<Vec<u8>, EngineError> {
    let taken = archive::take(&*opened.store).await;
    let archive = taken
        .map_err(|source| opened.in_store(source))?
        .ok_or_else(|| EngineError::defect("The state vanished"))?;
    archive::encode(&archive).map_err(EngineError::defect)
}

/// Writes an archive; an older archive is replaced as a whole or not at all, and nothing else is overwritten.
///
/// # Errors
///
/// When something else is there, or the disk refuses.
pub fn write(path: &Path, archive: &[u8]) -> Result<(), EngineError> {
    let is_vacant = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => std::fs::read(path).is_ok_and(|file| is_archive(&file)),
        Ok(_) => false,
        Err(_) => true,
    };
    if !is_vacant {
        let message = format!("`{}` exists and is no archive of a state", path.display());
        return Err(EngineError::request(message, "Name another file with --out"));
    }
    files::replace(path, archive)
}

/// Tells whether a file is empty or an archive, of this version of the engine or another, damaged or not.
fn is_archive(file: &[u8]) -> bool {
    use infra_state::archive::ArchiveError;
    let is_heading = |error| !matches!(error, ArchiveError::Line { line: 1, .. });
    file.is_empty() || archive::decode(file).map_or_else(is_heading, |_| true)
}
