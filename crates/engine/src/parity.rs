//! Comparing the environments of a stack. Nothing but the stack is looked at: no state, no provider, no secret.

use std::collections::BTreeMap;
use std::path::Path;

use infra_config::files::folder::Folder;
use infra_config::load::{Parsed, load};
use infra_config::stack::to_look_at;
use infra_config::survey::{Survey, survey};
use infra_model::diagnostic::SourceMap;
use infra_model::facts::Facts;
use infra_model::parity::{Difference, Stale, declared_by, differences};
use infra_model::stack::Stack;

use crate::configuration::Variables;
use crate::error::EngineError;

/// All environments of a stack side by side.
#[derive(Debug)]
pub struct Surveyed {
    parsed: Parsed,
    variables: Variables,
    survey: Survey,
}

/// An environment that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its name.
    pub name: String,
    /// The first mistake in it, for people.
    pub reason: String,
}

/// In what two environments differ.
#[derive(Clone, Debug)]
pub struct Parity {
    /// The stack.
    pub stack: String,
    /// The names of the environments, the left one first.
    pub between: [String; 2],
    /// Differences that nothing declares, in the order of paths.
    pub undeclared: Vec<Difference>,
    /// Differences that the stack declares, in the order of its exceptions.
    pub declared: Vec<Declared>,
    /// Paths of the stack's exceptions that cover no difference any more, between whichever environments.
    pub stale: Vec<Stale>,
}

/// Differences that the stack declares.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The name of the exception.
    pub exception: String,
    /// Why they differ.
    pub reason: String,
    /// What differs, in the order of paths.
    pub differences: Vec<Difference>,
}

/// Reads all environments of a stack. One that cannot be read is said where it is asked for.
#[must_use]
pub fn read_all(folder: &Path, variables: &Variables) -> Surveyed {
    let parsed = load(&Folder::new(folder));
    Surveyed {
        survey: survey(&parsed, variables),
        variables: variables.clone(),
        parsed,
    }
}

impl Surveyed {
    /// Returns the environments that could be read, in the order of their waves and names.
    #[must_use]
    pub fn stacks(&self) -> &[Stack] {
        &self.survey.stacks
    }

    /// Returns the files of the stack.
    #[must_use]
    pub fn sources(&self) -> &SourceMap {
        &self.parsed.sources
    }

    /// Returns the environments that could not be read.
    pub fn unread(&self) -> impl Iterator<Item = Unread> {
        self.survey.unread.iter().map(|(name, diagnostics)| Unread {
            name: name.clone(),
            reason: diagnostics
                .iter()
                .find(|diagnostic| diagnostic.is_error())
                .map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail))
                .unwrap_or_default(),
        })
    }

    /// Returns the stack as an environment sees it, named by its name or an alias.
    ///
    /// # Errors
    ///
    /// When there is no such environment, the stack has mistakes in it, or an exception names nothing.
    pub fn find(&self, name: &str) -> Result<&Stack, EngineError> {
        let refused = |diagnostics| EngineError::Configuration {
            diagnostics,
            sources: Box::new(self.parsed.sources.clone()),
        };
        let found = self.stacks().iter().find(|stack| stack.environment.name == name);
        let found = found.or_else(|| {
            let mut stacks = self.stacks().iter();
            stacks.find(|stack| stack.environment.aliases.iter().any(|alias| alias == name))
        });
        let Some(found) = found else {
            if let Some(diagnostics) = self.survey.unread.get(name) {
                return Err(refused(diagnostics.clone()));
            }
            return Err(refused(to_look_at(&self.parsed, name, &self.variables).1));
        };
        if !self.survey.faults.is_empty() {
            return Err(refused(self.survey.faults.clone()));
        }
        Ok(found)
    }

    /// Returns in what two environments differ.
    ///
    /// # Errors
    ///
    /// When one of them is not found, or both are the same.
    pub fn compare(&self, left: &str, right: &str) -> Result<Parity, EngineError> {
        let (left, right) = (self.find(left)?, self.find(right)?);
        let between = [left, right].map(|stack| stack.environment.name.clone());
        if between[0] == between[1] {
            let message = format!("`{}` is compared with itself", between[0]);
            return Err(EngineError::request(message, "Name two environments"));
        }
        let found = differences(&Facts::of_stack(left), &Facts::of_stack(right));
        Ok(self.sorted_out(left.name.clone(), between, found))
    }

    fn sorted_out(&self, stack: String, between: [String; 2], found: Vec<Difference>) -> Parity {
        let exceptions = &self.survey.exceptions;
        let mut undeclared = Vec::new();
        let mut declared: BTreeMap<&str, Vec<Difference>> = BTreeMap::new();
        for difference in found {
            match declared_by(exceptions, &difference, (&between[0], &between[1])) {
                Some(exception) => declared.entry(&exception.name).or_default().push(difference),
                None => undeclared.push(difference),
            }
        }
        let declared = exceptions.iter().filter_map(|exception| {
            Some(Declared {
                exception: exception.name.clone(),
                reason: exception.reason.clone(),
                differences: declared.remove(exception.name.as_str())?,
            })
        });
        Parity {
            stack,
            declared: declared.collect(),
            between,
            undeclared,
            stale: self.survey.stale.iter().map(|(stale, _)| stale.clone()).collect(),
        }
    }
}
