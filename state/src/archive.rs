//! Archives: a whole state as one plain file, to look at, to keep, and to move between stores.
//!
//! The form is JSON, one value per line: a header, then records, open intents and history entries, then the digest
//! of everything before it. Secrets stay sealed, and the key to them wrapped.

use infra_model::digest::Digest;
use infra_model::journal::{HistoryEntry, OpenIntent};
use infra_model::record::{Record, RecordEntry, RecordError, Serial};
use infra_model::snapshot::Durations;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::contract::{Standing, State, StateHeader, Store, StoreError};
use crate::history::{ChainError, verify_chain};

#[cfg(test)]
mod tests;

/// The version of the form. A reader refuses any other.
pub const ARCHIVE_FORMAT: u32 = 1;

/// A whole state with its history.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The state.
    pub state: State,
    /// Its history, oldest first.
    pub history: Vec<HistoryEntry>,
}

/// Returns what a store holds as one archive; nothing when it has no state.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn take(store: &dyn Store) -> Result<Option<Archive>, StoreError> {
    let Some(state) = store.load().await? else {
        return Ok(None);
    };
    let mut history = store.history(Serial(1)).await?;
    history.retain(|entry| entry.serial <= state.serial);
    Ok(Some(Archive { state, history }))
}

/// Returns the archive as a file.
///
/// # Errors
///
/// When a record cannot be read.
pub fn encode(archive: &Archive) -> Result<Vec<u8>, ArchiveError> {
    let state = &archive.state;
    let mut file = Vec::new();
    line(&mut file, &Line::State(Box::new(heading(archive))))?;
    for (key, entry) in &state.records {
        let record = entry.record().map_err(|source| ArchiveError::Record {
            key: key.to_string(),
            source,
        })?;
        let record = Record::clone(record);
        let serial = entry.serial;
        line(&mut file, &Line::Record(Box::new(Recorded { serial, record })))?;
    }
    for open in &state.open_intents {
        line(&mut file, &Line::Intent(Box::new(open.clone())))?;
    }
    for entry in &archive.history {
        line(&mut file, &Line::History(Box::new(entry.clone())))?;
    }
    let digest = Digest::of(&file);
    line(&mut file, &Line::Digest(digest))?;
    Ok(file)
}

fn heading(archive: &Archive) -> Heading {
    let state = &archive.state;
    Heading {
        archive: ARCHIVE_FORMAT,
        header: state.header.clone(),
        serial: state.serial,
        records: state.records.len(),
        intents: state.open_intents.len(),
        history: archive.history.len(),
        durations: state.durations.clone(),
    }
}

fn line(file: &mut Vec<u8>, line: &Line) -> Result<(), ArchiveError> {
    serde_json::to_writer(&mut *file, line).map_err(ArchiveError::Encode)?;
    file.push(b'\n');
    Ok(())
}

/// Reads an archive.
///
/// # Errors
///
/// When the file is damaged, cut short, or of another version.
pub fn decode(file: &[u8]) -> Result<Archive, ArchiveError> {
    let mut lines = file.split_inclusive(|byte| *byte == b'\n').enumerate();
    let heading = read_heading(lines.next().map_or(&[][..], |(_, line)| line))?;
    let mut archive = Archive {
        state: State {
            header: heading.header.clone(),
            serial: heading.serial,
            records: Default::default(),
            open_intents: Vec::new(),
            durations: heading.durations.clone(),
            standing: Standing::InForce,
        },
        history: Vec::new(),
    };
    let mut read = file
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or(file.len(), |at| at + 1);
    for (number, line) in lines {
        match parse::<Line>(line, number)? {
            Line::Digest(digest) => {
                return finish(
                    archive,
                    &heading,
                    digest,
                    &file[..read],
                    &file[read + line.len()..],
                );
            }
            other => add(&mut archive, other, number)?,
        }
        read += line.len();
    }
    Err(ArchiveError::CutShort)
}

fn read_heading(line: &[u8]) -> Result<Heading, ArchiveError> {
    #[derive(Deserialize)]
    struct Probe {
        state: ProbeHeading,
    }
    #[derive(Deserialize)]
    struct ProbeHeading {
        archive: u32,
    }
    let probe: Probe = parse(line, 0)?;
    if probe.state.archive != ARCHIVE_FORMAT {
        return Err(ArchiveError::Version {
            version: probe.state.archive,
        });
    }
    match parse::<Line>(line, 0)? {
        Line::State(heading) => Ok(*heading),
        _ => Err(ArchiveError::OutOfPlace { line: 1 }),
    }
}

fn add(archive: &mut Archive, line: Line, number: usize) -> Result<(), ArchiveError> {
    match line {
        Line::Record(recorded) => {
            let key = recorded.record.key.clone();
            let entry =
                RecordEntry::of(recorded.record, recorded.serial).map_err(|source| ArchiveError::Record {
                    key: key.to_string(),
                    source,
                })?;
            archive.state.records.insert(key, entry);
        }
        Line::Intent(open) => archive.state.open_intents.push(*open),
        Line::History(entry) => archive.history.push(*entry),
        Line::State(_) | Line::Digest(_) => return Err(ArchiveError::OutOfPlace { line: number + 1 }),
    }
    Ok(())
}

fn finish(
    archive: Archive,
    heading: &Heading,
    digest: Digest,
    before: &[u8],
    after: &[u8],
) -> Result<Archive, ArchiveError> {
    if Digest::of(before) != digest || !after.is_empty() || *heading != self::heading(&archive) {
        return Err(ArchiveError::Altered);
    }
    verify_chain(&archive.history)?;
    Ok(archive)
}

fn parse<T: DeserializeOwned>(line: &[u8], number: usize) -> Result<T, ArchiveError> {
    serde_json::from_slice(line).map_err(|source| ArchiveError::Line {
        line: number + 1,
        source,
    })
}

/// One line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    State(Box<Heading>),
    Record(Box<Recorded>),
    Intent(Box<OpenIntent>),
    History(Box<HistoryEntry>),
    Digest(Digest),
}

#[derive(PartialEq, Serialize, Deserialize)]
struct Heading {
    archive: u32,
    #[serde(flatten)]
    header: StateHeader,
    serial: Serial,
    records: usize,
    intents: usize,
    history: usize,
    durations: Durations,
}

#[derive(Serialize, Deserialize)]
struct Recorded {
    serial: Serial,
    record: Record,
}

/// An archive cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Another engine wrote it.
    #[error("The archive has format {version}, this engine reads format {ARCHIVE_FORMAT}")]
    Version {
        /// The format found.
        version: u32,
    },
    /// A line is not what it should be.
    #[error("Line {line} of the archive cannot be read")]
    Line {
        /// The line, from one.
        line: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A line stands where it makes no sense.
    #[error("Line {line} of the archive is out of place")]
    OutOfPlace {
        /// The line, from one.
        line: usize,
    },
    /// The end is missing.
    #[error("The archive is cut short")]
    CutShort,
    /// It is not what was written.
    #[error("The archive was altered")]
    Altered,
    /// The history is not what was written.
    #[error("The history in the archive was altered")]
    Chain(#[from] ChainError),
    /// A record cannot be read or written.
    #[error("The record of `{key}` cannot be archived")]
    Record {
        /// The record.
        key: String,
        /// Why.
        #[source]
        source: RecordError,
    },
    /// It holds what must not be written.
    #[error("The archive cannot be written")]
    Encode(#[source] serde_json::Error),
}
