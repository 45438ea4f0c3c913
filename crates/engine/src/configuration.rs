//! Reading, checking and laying out stacks.

use std::collections::BTreeMap;
use std::path::Path;

use infra_config::environment::{environments, find};
use infra_config::files::folder::Folder;
use infra_config::load::{Parsed, load};
use infra_config::stack::{given, stack};
use infra_model::diagnostic::{Diagnostic, SourceMap};
use infra_model::plan::GivenDigests;
use infra_model::resource::Target as Place;
use infra_model::stack::Stack;

use crate::backend::{Blueprint, ProviderFactory};
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
    /// The variables given from outside, with a digest of each value that is no secret.
    pub given: GivenDigests,
}

/// Checks that a stack has the environment that was named, and nothing else of it.
///
/// # Errors
///
/// When it has not; the error names a near one.
pub fn known(target: &Target) -> Result<(), EngineError> {
    let parsed = load(&Folder::new(&target.folder));
    match find(&parsed, &target.environment) {
        // The other mistakes of a stack are told where it is read.
        Err(diagnostic) if !environments(&parsed).is_empty() => Err(EngineError::Configuration {
            diagnostics: vec![*diagnostic],
            sources: Box::new(parsed.sources),
        }),
        _ => Ok(()),
    }
}

/// Reads a stack for one environment.
///
/// # Errors
///
/// When it has mistakes; all of them are in the error.
pub fn read(target: &Target) -> Result<Read, EngineError> {
    let parsed = load(&Folder::new(&target.folder));
    let (stack, diagnostics) = stack(&parsed, &target.environment, &target.variables);
    let given = given(&parsed, &target.variables);
    let sources = parsed.sources;
    match stack {
        Some(stack) if !diagnostics.iter().any(Diagnostic::is_error) => Ok(Read {
            stack,
            warnings: diagnostics,
            sources,
            given,
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

/// Checks a stack in all its environments, and what their providers make of it as far as that needs no connection.
#[must_use]
pub fn validate(folder: &Path, variables: &Variables, providers: &dyn ProviderFactory) -> Checked {
    let parsed = load(&Folder::new(folder));
    let mut diagnostics = infra_config::stack::validate(&parsed, variables);
    let environments: Vec<String> = environments(&parsed).into_iter().map(|head| head.name).collect();
    // A stack with mistakes is not lowered: what follows from them would be told as mistakes of its own.
    if !diagnostics.iter().any(Diagnostic::is_error) {
        let refused = refused(&parsed, &environments, variables, providers);
        diagnostics.extend(refused);
    }
    Checked {
        environments,
        diagnostics,
        sources: parsed.sources,
    }
}

/// Returns what the providers refuse, each once, with the environments that it is refused in unless these are all.
fn refused(
    parsed: &Parsed,
    environments: &[String],
    variables: &Variables,
    providers: &dyn ProviderFactory,
) -> Vec<Diagnostic> {
    let mut found: Vec<(Diagnostic, Vec<String>)> = Vec::new();
    for name in environments {
        // Without a value that is given later there is no stack to lower yet, as was said.
        let Some(stack) = stack(parsed, name, variables).0 else {
            continue;
        };
        let Some(blueprint) = providers.blueprint(&stack) else {
            continue;
        };
        let Blueprint {
            lowering, schemas, ..
        } = blueprint;
        let (_, lowered) = infra_lower::lower(&stack, &*lowering, &schemas, &Place::default());
        for mistake in lowered.into_iter().filter(Diagnostic::is_error) {
            match found.iter_mut().find(|(other, _)| *other == mistake) {
                Some((_, names)) => names.push(format!("`{name}`")),
                None => found.push((mistake, vec![format!("`{name}`")])),
            }
        }
    }
    found.sort_by_key(|(mistake, _)| mistake.span);
    let said = |(mut mistake, names): (Diagnostic, Vec<String>)| {
        if names.len() < environments.len() {
            mistake.detail = format!("In {}: {}", names.join(", "), mistake.detail);
        }
        mistake
    };
    found.into_iter().map(said).collect()
}
