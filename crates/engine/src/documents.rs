//! What documents about an environment are written from: the stack, what it becomes, and how it differs from the others.

use std::path::Path;

use infra_model::diagnostic::Diagnostic;
use infra_model::resource::{ResourceGraph, Target};
use infra_model::stack::Stack;

use crate::backend::{Blueprint, ProviderFactory};
use crate::configuration::Variables;
use crate::error::EngineError;
use crate::files::{make_parent, replace};
use crate::parity::{Parity, Unread, read_all};

/// All that documents about an environment say.
#[derive(Debug)]
pub struct Documented {
    /// The stack as the environment sees it.
    pub stack: Stack,
    /// What it becomes, where the provider can tell that without asking anybody.
    pub resources: Option<ResourceGraph>,
    /// How it differs from each other environment, which comes first.
    pub parities: Vec<Parity>,
    /// The environments that it could not be compared with, because they cannot be read.
    pub unread: Vec<Unread>,
}

/// Reads what documents about an environment need. Nothing but the stack's folder is looked at.
///
/// # Errors
///
/// When there is no such environment, or the stack has mistakes in it.
pub fn read(
    folder: &Path,
    environment: &str,
    variables: &Variables,
    providers: &dyn ProviderFactory,
) -> Result<Documented, EngineError> {
    let surveyed = read_all(folder, variables);
    let stack = surveyed.find(environment)?;
    let own = stack.environment.name.as_str();
    let others = surveyed.stacks().iter().map(|other| &other.environment.name);
    let parities: Result<Vec<Parity>, EngineError> = others
        .filter(|other| *other != own)
        .map(|other| surveyed.compare(other, own))
        .collect();
    Ok(Documented {
        resources: lowered(stack, providers),
        parities: parities?,
        unread: surveyed.unread().collect(),
        stack: stack.clone(),
    })
}

/// Returns what the provider makes of a stack, nothing if only a connection can tell or it refuses the stack.
fn lowered(stack: &Stack, providers: &dyn ProviderFactory) -> Option<ResourceGraph> {
    let Blueprint {
        lowering, schemas, ..
    } = providers.blueprint(stack)?;
    let (graph, diagnostics) = infra_lower::lower(stack, &*lowering, &schemas, &Target::default());
    let is_refused = diagnostics.iter().any(Diagnostic::is_error);
    (!is_refused).then_some(graph)
}

/// Writes documents into a folder, which is made if there is none. A file that does not begin with a line that has the mark was
/// not written here and is not overwritten; then none is written.
///
/// # Errors
///
/// When something else is there, or the disk refuses.
pub fn write(folder: &Path, files: &[(&str, String)], mark: &str) -> Result<(), EngineError> {
    for (name, _) in files {
        let path = folder.join(name);
        let is_ours = match std::fs::read(&path) {
            Ok(found) => {
                found.is_empty()
                    || String::from_utf8_lossy(&found)
                        .lines()
                        .next()
                        .is_some_and(|line| line.contains(mark))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                let message = format!("`{}` is no folder", folder.display());
                return Err(EngineError::request(message, "Name another one with --out"));
            }
            Err(error) => error.kind() == std::io::ErrorKind::NotFound,
        };
        if !is_ours {
            let message = format!("`{}` exists and was not written by this command", path.display());
            return Err(EngineError::request(
                message,
                "Remove it, or name another folder with --out",
            ));
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        make_parent(&path)?;
        replace(&path, text.as_bytes())?;
    }
    Ok(())
}
