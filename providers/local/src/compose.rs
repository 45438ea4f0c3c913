//! The same environment for those who have Docker: a compose file with the servers that apply would start.
//!
//! Names, parameters, grants and limits come from the same functions that lowering uses, so that the two cannot drift
//! apart. Nothing here talks to Docker, and no secret is in the file: it names variables, and whoever starts it gives
//! them.

use infra_model::component::ComponentSpec;
use infra_model::diagnostic::Diagnostic;
use infra_model::stack::Stack;
use infra_provider::lowering::{LowerRequest, Lowering};

use crate::compose::draft::Draft;
use crate::lower::anywhere;

mod blob_store;
mod draft;
mod file;
mod header;
mod images;
mod names;
mod network;
mod ports;
mod postgres;
mod redis;
mod script;

/// The first line of every file, by which one that may be overwritten is known.
pub const MARK: &str = "# Written by `infra export compose`; the next one overwrites changes made here.";

/// A compose file, and what must be set where it is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeFile {
    /// The file.
    pub text: String,
    /// The variables that hold its secrets, in the order of their names.
    pub secrets: Vec<SecretVariable>,
}

/// A variable that holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVariable {
    /// Its name, such as `POSTGRES_MAIN_SHOP_PASSWORD`.
    pub name: String,
    /// What it opens.
    pub purpose: String,
    /// How many letters and digits a good value has.
    pub chars: u32,
}

/// Returns the environment as a compose file.
///
/// # Errors
///
/// All that the local provider refuses on any machine, and what no image is pinned for.
pub fn export(stack: &Stack) -> Result<ComposeFile, Vec<Diagnostic>> {
    let lowering = anywhere::lowering(stack);
    let mut refused: Vec<Diagnostic> = Vec::new();
    let mut draft = Draft::new(stack);
    for component in stack.components.values() {
        let lowered = lowering.lower(&LowerRequest { component, stack });
        refused.extend(lowered.diagnostics.into_iter().filter(Diagnostic::is_error));
        let added = match &component.spec {
            ComponentSpec::Network(network) => {
                draft.networks(component, network);
                Ok(())
            }
            ComponentSpec::Postgres(wanted) => postgres::add(&mut draft, component, wanted),
            ComponentSpec::Redis(wanted) => redis::add(&mut draft, component, wanted),
            ComponentSpec::BlobStore(wanted) => {
                blob_store::add(&mut draft, component, wanted);
                Ok(())
            }
            // A vault is no server here either; what it holds is for settings.
            ComponentSpec::KeyVault(_) => Ok(()),
        };
        refused.extend(added.err());
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    draft.finish()
}

#[cfg(test)]
mod tests;
