//! Fills an environment that has no state with an archive of one.

use std::path::Path;
use std::time::Duration;

use infra_apply::interrupt::Interrupt;
use infra_apply::lease;
use infra_model::record::Serial;
use infra_model::stack::Stack;
use infra_state::archive::{self, Archive};

use crate::apply::{hold_store, released_in};
use crate::backend::Backend;
use crate::configuration;
use crate::error::EngineError;
use crate::opened::{self, Target};
use crate::whereabouts;

/// What an archive held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The number of the last change.
    pub serial: Serial,
    /// How many resources are recorded.
    pub records: usize,
    /// How many changes the history tells of.
    pub history: usize,
}

/// Makes the state of an environment from an archive, whole or not at all.
///
/// # Errors
///
/// When there is a state already, the file is no archive of this environment, or its secrets cannot be opened.
pub async fn restore(
    backend: &Backend,
    target: &Target,
    file: &Path,
    wait: Duration,
) -> Result<Restored, EngineError> {
    let stack = configuration::read(target)?.stack;
    let environment = stack.environment.name.as_str();
    let archive = read(file)?;
    fits(&archive, &stack)?;
    let key = backend.keys.unwrap(&archive.state.header.wrapped_key);
    key.map_err(|source| EngineError::key(environment, source))?;
    let in_store = |source| EngineError::store(environment, source);
    let deadline = backend.clock.now().after(wait);
    let store = opened::open_store(backend, &stack, &stack.store.choice, deadline).await?;
    if store.load().await.map_err(in_store)?.is_some() {
        let message = format!("Environment `{environment}` has a state already");
        let hint = "An archive fills an empty place only: move the folder of the state away first";
        return Err(EngineError::request(message, hint));
    }
    let request = hold_store(backend, store.clone(), wait, &Interrupt::never());
    let held = lease::hold(request, async |holding| {
        store.restore(holding.epoch(), &archive).await
    });
    released_in(held.await, environment)?.map_err(in_store)?;
    whereabouts::note(&target.folder, &stack, &archive.state.header.lineage);
    Ok(Restored {
        serial: archive.state.serial,
        records: archive.state.records.len(),
        history: archive.history.len(),
    })
}

fn read(file: &Path) -> Result<Archive, EngineError> {
    let path = file.display().to_string();
    let bytes = std::fs::read(file).map_err(|source| EngineError::File {
        path: path.clone(),
        attempt: "read",
        source,
    })?;
    archive::decode(&bytes).map_err(|source| EngineError::Archive { path, source })
}

fn fits(archive: &Archive, stack: &Stack) -> Result<(), EngineError> {
    let header = &archive.state.header;
    if header.stack == stack.name && header.environment == stack.environment.name {
        return Ok(());
    }
    let message = format!(
        "The archive is of environment `{}` of stack `{}`",
        header.environment, header.stack
    );
    let hint = match header.stack == stack.name {
        true => format!(
            "Name that environment: infra state push {} FILE",
            header.environment
        ),
        false => "Name the folder of that stack with -C".to_owned(),
    };
    Err(EngineError::request(message, hint))
}
