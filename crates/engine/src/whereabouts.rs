//! Where the state of an environment is: a stack that names another store must not begin an empty state beside the
//! one that there is.
//!
//! Three things tell that there is one: what the stack says of its previous store, a state that is left in the
//! folder of this machine, and a note in the environment's folder of where this machine has seen the state last. The
//! note is an aid: a fresh checkout has none and simply works, and where it cannot be written it is left out.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use infra_model::clock::Timestamp;
use infra_model::snapshot::Lineage;
use infra_model::stack::Stack;
use infra_model::store::StoreChoice;
use infra_state::contract::{Standing, State};
use serde::{Deserialize, Serialize};

use crate::backend::Backend;
use crate::error::EngineError;
use crate::files;
use crate::opened::{environment_folder, open_store, patiently};

/// The version of the form of the note. A reader refuses any other.
const NOTE_FORMAT: u32 = 1;

/// The file of the note, in the environment's folder.
const NOTE_FILE: &str = "store.json";

/// Where this machine has seen a state last. A state on this machine itself has no note: it is its own.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    format: u32,
    /// The place, for people.
    store: String,
    lineage: Lineage,
}

/// Refuses the store of a stack when the state is elsewhere. `found` is what the store holds.
///
/// # Errors
///
/// When the state is elsewhere, when there is another one, or when a place where it may be cannot be looked at.
pub(crate) async fn check(
    backend: &Backend,
    folder: &Path,
    stack: &Stack,
    found: Option<&State>,
    deadline: Timestamp,
) -> Result<(), EngineError> {
    let environment = stack.environment.name.as_str();
    let not_in_force = |state: &State| {
        let standing = state.standing.require();
        standing.map_err(|source| EngineError::store(environment, source))
    };
    if let Some(state) = found.filter(|state| matches!(state.standing, Standing::Arriving { .. })) {
        not_in_force(state)?;
    }
    let in_force = found.filter(|state| state.standing.is_in_force());
    for other in others(stack, in_force.is_some()) {
        match (standing_in(backend, stack, other, deadline).await?, in_force) {
            (Some(Standing::InForce), None) => return Err(elsewhere(stack, other)),
            (Some(Standing::InForce), Some(_)) => return Err(two_states(stack, other)),
            // What the stack names now says best where the state went.
            (Some(_), None) if found.is_some() => {}
            (Some(standing), None) => {
                let standing = standing.require();
                standing.map_err(|source| EngineError::store(environment, source))?;
            }
            // What a move has left says so.
            (Some(_), Some(_)) | (None, _) => {}
        }
    }
    found.map(not_in_force).transpose()?;
    let noted = read(folder, stack)?;
    match (found, noted) {
        (None, None) => Ok(()),
        (None, Some(note)) => Err(vanished(stack, &note)),
        (Some(state), Some(note)) if note.lineage != state.header.lineage => {
            Err(another_state(stack, &stack.store.choice, &note))
        }
        (Some(state), noted) => {
            if noted != note_of(stack, &state.header.lineage) {
                note(folder, stack, &state.header.lineage);
            }
            Ok(())
        }
    }
}

/// Refuses a state that is to be moved and is not the one that this machine knows.
///
/// # Errors
///
/// When it is another one.
pub(crate) fn check_lineage(
    folder: &Path,
    stack: &Stack,
    state: &State,
    place: &StoreChoice,
) -> Result<(), EngineError> {
    match read(folder, stack)? {
        Some(note) if note.lineage != state.header.lineage => Err(another_state(stack, place, &note)),
        _ => Ok(()),
    }
}

/// Returns the other places where a state may be: the folder of this machine, and, for an empty store, what the stack
/// calls the previous one.
fn others(stack: &Stack, found: bool) -> Vec<&StoreChoice> {
    let declared = &stack.store;
    let previous = declared.previous.iter().filter(|_| !found);
    let mut others: Vec<&StoreChoice> = previous.collect();
    if !others.contains(&&StoreChoice::Embedded) {
        others.push(&StoreChoice::Embedded);
    }
    others.retain(|other| **other != declared.choice);
    others
}

async fn standing_in(
    backend: &Backend,
    stack: &Stack,
    choice: &StoreChoice,
    deadline: Timestamp,
) -> Result<Option<Standing>, EngineError> {
    let store = open_store(backend, stack, choice, deadline).await?;
    let loaded = patiently(backend, deadline, || store.load()).await;
    let loaded = loaded.map_err(|source| EngineError::store(&stack.environment.name, source))?;
    Ok(loaded.map(|state| state.standing))
}

fn elsewhere(stack: &Stack, place: &StoreChoice) -> EngineError {
    let (environment, choice) = (&stack.environment.name, &stack.store.choice);
    let message = format!("The state of environment `{environment}` is in `{place}`, and not in `{choice}`");
    let hint = "Move it with: infra state migrate ENVIRONMENT. Or name its store in the stack as before";
    EngineError::request(message, hint)
}

fn vanished(stack: &Stack, note: &Note) -> EngineError {
    let (environment, choice) = (&stack.environment.name, &stack.store.choice);
    let message = format!(
        "This machine has seen the state of environment `{environment}` in `{}`, and `{choice}` holds none",
        note.store
    );
    let hint = format!(
        "Name its store in the stack as before, or as `previous` in the block `store`, and move it with: infra state \
         migrate ENVIRONMENT. If it is gone for good, remove .infra/{environment}/{NOTE_FILE}"
    );
    EngineError::request(message, hint)
}

pub(crate) fn two_states(stack: &Stack, other: &StoreChoice) -> EngineError {
    let (environment, choice) = (&stack.environment.name, &stack.store.choice);
    let message =
        format!("Environment `{environment}` has a state in `{choice}` and another one in `{other}`");
    let right = match (other, choice) {
        (StoreChoice::Embedded, _) => format!("`{choice}`, move .infra/{environment}/state out of the way"),
        (_, StoreChoice::Embedded) => {
            format!(
                "`{other}`, move .infra/{environment}/state out of the way and name that store in the stack"
            )
        }
        _ => format!("`{choice}`, remove the block `previous` from the stack"),
    };
    let hint = format!("Only one can be right. If it is the one in {right}");
    EngineError::request(message, hint)
}

fn another_state(stack: &Stack, place: &StoreChoice, note: &Note) -> EngineError {
    let environment = &stack.environment.name;
    let message = format!(
        "`{place}` holds another state of environment `{environment}` than the one that this machine has seen in `{}`",
        note.store
    );
    let hint = format!("If the other one is gone for good, remove .infra/{environment}/{NOTE_FILE}");
    EngineError::request(message, hint)
}

fn path(folder: &Path, stack: &Stack) -> PathBuf {
    environment_folder(folder, &stack.environment.name).join(NOTE_FILE)
}

fn read(folder: &Path, stack: &Stack) -> Result<Option<Note>, EngineError> {
    let path = path(folder, stack);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.display().to_string();
            return Err(EngineError::File {
                path,
                attempt: "read",
                source,
            });
        }
    };
    match serde_json::from_slice::<Note>(&bytes) {
        Ok(note) if note.format == NOTE_FORMAT => Ok(Some(note)),
        _ => {
            let message = format!("`{}` does not say where the state is", path.display());
            let hint = "Use the engine that wrote it, or remove it if the stack names the right store";
            Err(EngineError::request(message, hint))
        }
    }
}

/// Notes where a state is, for the next command on this machine.
pub(crate) fn note(folder: &Path, stack: &Stack, lineage: &Lineage) {
    let path = path(folder, stack);
    let Some(note) = note_of(stack, lineage) else {
        let _ = std::fs::remove_file(path);
        return;
    };
    let Ok(text) = serde_json::to_vec(&note) else {
        return;
    };
    let parent = path.parent().unwrap_or(folder);
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent);
    if made.is_ok() {
        let _ = files::replace(&path, &text);
    }
}

/// Returns what is to be noted of a state in the stack's store.
fn note_of(stack: &Stack, lineage: &Lineage) -> Option<Note> {
    let choice = &stack.store.choice;
    (*choice != StoreChoice::Embedded).then(|| Note {
        format: NOTE_FORMAT,
        store: choice.to_string(),
        lineage: lineage.clone(),
    })
}
