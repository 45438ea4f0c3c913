//! Signatures of functions: one text for people, from which the number and names of parameters are read.

use crate::operation::OperationError;
use crate::operation::function::FunctionEntry;

/// The parameters of a function: `lookup(map, key, default?)`, `concat(list…)`.
#[derive(Clone, Copy)]
pub(super) struct Signature {
    name: &'static str,
    parameters: &'static str,
}

impl Signature {
    pub(super) fn of(entry: &FunctionEntry) -> Self {
        let name = entry.name();
        let parameters = entry.signature[name.len()..].trim_matches(['(', ')']);
        Signature { name, parameters }
    }

    /// Checks the number of arguments.
    pub(super) fn check_count(self, count: usize) -> Result<(), OperationError> {
        let all = self.parameters().count();
        let required = self
            .parameters()
            .filter(|name| !name.ends_with(['?', '…']))
            .count();
        let repeats = self.parameters.ends_with('…');
        if count >= required && (repeats || count <= all) {
            return Ok(());
        }
        let expected = match (required, repeats) {
            (_, true) => format!("at least {required}"),
            (_, false) if required < all => format!("{required} to {all}"),
            _ => all.to_string(),
        };
        let plural = if expected.ends_with('1') { "" } else { "s" };
        Err(OperationError::whole(format!(
            "`{}` takes {expected} argument{plural}, found {count}",
            self.name
        )))
    }

    /// Returns the name of a parameter; the last one stands for all that follow.
    pub(super) fn parameter(self, at: usize) -> &'static str {
        let name = self.parameters().nth(at).or_else(|| self.parameters().last());
        name.unwrap_or("argument").trim_end_matches(['?', '…'])
    }

    fn parameters(self) -> impl Iterator<Item = &'static str> {
        self.parameters.split(", ").filter(|name| !name.is_empty())
    }
}
