//! Archives: a whole state as one plain file, to look at, to keep, and to move between stores.

use infra_model::journal::HistoryEntry;

use crate::contract::State;

/// A whole state with its history.
#[derive(Clone, Debug)]
pub struct Archive {
    /// The state.
    pub state: State,
    /// Its history, oldest first.
    pub history: Vec<HistoryEntry>,
}
