//! Inputs in their two forms: as the journal and the state keep them, and as the provider gets them.
//!
//! *Stored*: every reference is replaced by the recorded output, secrets are sealed, and an operation that reads or makes
//! a secret stays an operation. *Opened*: everything is known and in clear; it exists for the time of a call.

use infra_model::address::Address;
use infra_model::expression::{Reference, each_reference, resolve, resolve_sealed};
use infra_model::operation::OperationError;
use infra_model::sealing::{OpenError, Sealing, open_value};
use infra_model::value::{Attributes, Value};

/// An input cannot be given to the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// It refers to something that no record holds.
    #[error("The input `{attribute}` refers to `{reference}`, which is not known")]
    Unknown {
        /// The input.
        attribute: String,
        /// What it refers to.
        reference: String,
    },
    /// Its expression does not fit the values that became known.
    #[error("The input `{attribute}` cannot be computed")]
    Operation {
        /// The input.
        attribute: String,
        /// Why.
        #[source]
        source: OperationError,
    },
    /// A secret in it was sealed with another key.
    #[error("The input `{attribute}` holds a secret that cannot be opened")]
    Sealed {
        /// The input.
        attribute: String,
        /// Why.
        #[source]
        source: OpenError,
    },
}

/// Returns the inputs in their stored form; `output` gives what records hold.
pub(crate) fn stored(
    inputs: &Attributes,
    output: &dyn Fn(&Address, &str) -> Option<Value>,
) -> Result<Attributes, InputError> {
    let lookup = |reference: &Reference| match reference {
        Reference::Output {
            address,
            output: name,
            ..
        } => output(address, name),
        Reference::Export { .. } => None,
    };
    let mut stored = Attributes::new();
    for (attribute, value) in inputs {
        let attribute = attribute.clone();
        let value = match resolve_sealed(value.clone(), &lookup) {
            Ok(value) => value,
            Err(source) => return Err(InputError::Operation { attribute, source }),
        };
        let mut missing = None;
        each_reference(&value, &mut |reference| missing = Some(reference.to_string()));
        if let Some(reference) = missing {
            return Err(InputError::Unknown { attribute, reference });
        }
        // What is null counts as not set; in a record it would mean that nobody knows.
        if !value.is_null() {
            stored.insert(attribute, value);
        }
    }
    Ok(stored)
}

/// Returns stored inputs as the provider gets them.
pub(crate) fn opened(stored: &Attributes, sealing: &dyn Sealing) -> Result<Attributes, InputError> {
    let mut opened = Attributes::new();
    for (attribute, value) in stored {
        let attribute = attribute.clone();
        let value = match open_value(value.clone(), sealing) {
            Ok(value) => value,
            Err(source) => return Err(InputError::Sealed { attribute, source }),
        };
        match resolve(value, &|_| None) {
            Ok(value) if value.is_known() => opened.insert(attribute, value),
            Ok(value) => {
                return Err(InputError::Unknown {
                    attribute,
                    reference: format!("{value:?}"),
                });
            }
            Err(source) => return Err(InputError::Operation { attribute, source }),
        };
    }
    Ok(opened)
}

#[cfg(test)]
mod tests;
