//! Environments that are there for one program: the history tells them from those that somebody brought up to keep.

use infra_model::record::Serial;

use crate::error::EngineError;
use crate::opened::Opened;
use crate::recovery;

/// The command, as the history names it.
pub const COMMAND: &str = "up --ephemeral";

/// So many changes are read at most. Before the last change of another command, a run changes each record twice.
const READ_MOST: u64 = 10_000;

/// Tells whether an environment may be destroyed by the way: it is empty, or such a run began with an empty one and was
/// killed. As a run refuses everything else, the last command in the history that was not a recovery tells.
///
/// # Errors
///
/// When the store cannot be read.
pub async fn is_ours(opened: &Opened) -> Result<bool, EngineError> {
    if opened.state.records.is_empty() {
        return Ok(true);
    }
    let from = Serial(opened.state.serial.0.saturating_sub(READ_MOST).max(1));
    let history = opened.store.history(from).await;
    let history = history.map_err(|source| EngineError::store(&opened.stack.environment.name, source))?;
    let commands = history.iter().rev().map(|entry| entry.operation.command.as_str());
    let last = commands.into_iter().find(|command| *command != recovery::COMMAND);
    Ok(last == Some(COMMAND))
}
