//! How exports of one component reach the inputs of another.

use std::cell::RefCell;
use std::collections::BTreeMap;

use infra_model::address::ComponentAddress;
use infra_model::component::Component;
use infra_model::diagnostic::Diagnostic;
use infra_model::expression::{self, Reference};
use infra_model::operation::{Operation, OperationError, Operator};
use infra_model::value::{Attributes, Value};

use crate::check;

/// A value cannot be built from exports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The provider does not export what is referred to.
    Missing(Reference),
    /// An operation does not fit the exported values.
    Operation(OperationError),
}

/// Replaces references to exports by the values that other components export.
///
/// # Errors
///
/// When an export is missing, or an operation does not fit what is exported.
pub fn resolve(value: &mut Value, exports: &BTreeMap<ComponentAddress, Attributes>) -> Result<(), Fault> {
    if !refers_to_export(value) {
        return Ok(());
    }
    let missing = RefCell::new(None);
    let lookup = |reference: &Reference| {
        let Reference::Export { component, path, .. } = reference else {
            return None;
        };
        let found = exports.get(component).and_then(|exports| find(exports, path));
        if found.is_none() {
            missing.borrow_mut().get_or_insert_with(|| reference.clone());
        }
        found
    };
    let resolved = expression::resolve(std::mem::take(value), &lookup);
    if let Some(reference) = missing.take() {
        return Err(Fault::Missing(reference));
    }
    *value = resolved.map_err(Fault::Operation)?;
    Ok(())
}

fn refers_to_export(value: &Value) -> bool {
    let mut found = false;
    expression::each_reference(value, &mut |reference| {
        found |= matches!(reference, Reference::Export { .. });
    });
    found
}

/// Returns the export at a path. Behind a value that is known only later, the rest of the path waits with it.
fn find(exports: &Attributes, path: &[String]) -> Option<Value> {
    let (first, rest) = path.split_first()?;
    let mut value = exports.get(first)?;
    for (at, part) in rest.iter().enumerate() {
        match value {
            Value::Map(entries) => value = entries.get(part)?,
            Value::Deferred(_) => return index(value.clone(), &rest[at..]),
            _ => return None,
        }
    }
    Some(value.clone())
}

fn index(value: Value, path: &[String]) -> Option<Value> {
    path.iter().try_fold(value, |value, part| {
        let key = Value::string(part.as_str());
        Operation::Operator(Operator::Index).fold(vec![value, key]).ok()
    })
}

impl Fault {
    /// Returns the component whose export is missing, if that is the fault.
    #[must_use]
    pub fn missing_of(&self) -> Option<&ComponentAddress> {
        match self {
            Fault::Missing(Reference::Export { component, .. }) => Some(component),
            _ => None,
        }
    }

    /// Returns the fault as a diagnostic about an attribute of a component.
    #[must_use]
    pub fn diagnostic(&self, component: &Component, attribute: &str) -> Diagnostic {
        match self {
            Fault::Missing(reference) => check::defect(
                component,
                format!(
                    "`{}` refers to `{reference}`, which is not exported",
                    component.address
                ),
            ),
            Fault::Operation(error) => {
                let detail = format!("`{attribute}` of `{}`: {error}", component.address);
                Diagnostic::error("An expression does not fit its values", detail)
                    .at(component.span)
                    .hint("Look at the references of this component and what they stand for")
            }
        }
    }
}
