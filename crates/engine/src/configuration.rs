//! Reading, checking and laying out stacks.

use std::collections::BTreeMap;
use std::path::Path;

use infra_config::environment::environments;
use infra_config::files::folder::Folder;
use infra_config::load::load;
use infra_config::stack::stack;
use infra_model::diagnostic::{Diagnostic, SourceMap};
use infra_model::stack::Stack;

use crate::error::EngineError;
use crate::opened::Target;

pub mod layout;
pub mod starter;

// Whoever reads a stack gives values of variables, without knowing the stage itself.
pub use infra_config::variable::{Given, Origin};

/// Values of variables from outside, by name.
pub type Variables = BTreeMap<String, Given>;

/// A stack without mistakes, as one environment sees it.
#[derive(Debug)]
pub struct Read {
    /// The stack.
    pub stack: Stack,
    /// What probably is not as meant.
    pub warnings: Vec<Diagnostic>,
    /// The files.
    pub sources: SourceMap,
}

/// Reads a stack for one environment.
///
/// # Errors
///
/// When it has mistakes; all of them are in the error.
pub fn read(target: &Target) -> Result<Read, EngineError> {
    let parsed = load(&Folder::new(&target.folder));
    let (stack, diagnostics) = stack(&parsed, &target.environment, &target.variables);
    let sources = parsed.sources;
    match stack {
        Some(stack) if !diagnostics.iter().any(Diagnostic::is_error) => Ok(Read {
            stack,
            warnings: diagnostics,
            sources,
        }),
        _ => Err(EngineError::Configuration {
            diagnostics,
            sources: Box::new(sources),
        }),
    }
}

/// What a check of a stack in all its environments found.
#[derive(Debug)]
pub struct Checked {
    /// The names of its environments, in the order of their waves.
    pub environments: Vec<String>,
    /// All that is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The files.
    pub sources: SourceMap,
}

impl Checked {
    /// Tells whether nothing has to be mended; there may be warnings.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

impl From<Checked> for EngineError {
    fn from(checked: Checked) -> Self {
        EngineError::Configuration {
            diagnostics: checked.diagnostics,
            sources: Box::new(checked.sources),
        }
    }
}

/// Checks a stack in all its environments.
#[must_use]
pub fn validate(folder: &Path, variables: &Variables) -> Checked {
    let parsed = load(&Folder::new(folder));
    let diagnostics = infra_config::stack::validate(&parsed, variables);
    let environments = environments(&parsed).into_iter().map(|head| head.name).collect();
    Checked {
        environments,
        diagnostics,
        sources: parsed.sources,
    }
}
