//! Whether the history of an environment is what was written.

use infra_model::digest::Digest;
use infra_model::record::Serial;

use crate::error::EngineError;
use crate::opened::Opened;

// Whoever asks for an audit reads its result, without knowing stores.
pub use infra_state::audit::Audited;

/// Checks the whole history of an environment, that it leads to what is recorded, and, where somebody kept the digest
/// of an entry elsewhere, that this entry is still in it.
///
/// # Errors
///
/// At the first entry or record that does not fit; when the store fails or finds damage itself.
pub async fn verify(opened: &Opened, kept: Option<Digest>) -> Result<Audited, EngineError> {
    let history = opened.store.history(Serial(1)).await;
    let mut entries = history.map_err(|source| opened.in_store(source))?;
    // What another run wrote since the state was read is the next audit's.
    entries.retain(|entry| entry.serial <= opened.state.serial);
    let audited = infra_state::audit::audit(&opened.state, &entries, kept);
    audited.map_err(|source| EngineError::Audit {
        environment: opened.stack.environment.name.clone(),
        source,
    })
}
