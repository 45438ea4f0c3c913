//! The one look at the inputs of every declared resource.
//!
//! Inputs of 100,000 resources do not fit a processor's caches, so everything that can be learned in passing is
//! learned in one pass: what is referred to, and the digest where nothing is.

use infra_model::address::Address;
use infra_model::digest::Digest;
use infra_model::expression::{Expression, Reference};
use infra_model::resource::Desired;
use infra_model::value::Value;

use crate::error::PlanError;

/// What one look at the inputs of a resource told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glance {
    /// They refer to nothing, and this is their digest.
    Known(Digest),
    /// They refer to outputs.
    Refers,
}

/// A secret stands in clear.
struct InClear;

/// Looks at the inputs of a resource and calls `need` with every address that they refer to.
pub(crate) fn look(desired: &Desired, need: &mut dyn FnMut(&Address)) -> Result<Glance, PlanError> {
    let mut refers = false;
    for value in desired.inputs.values() {
        let found = look_at(value, need).map_err(|InClear| PlanError::SecretInClear {
            address: desired.address.clone(),
        })?;
        refers |= found;
    }
    Ok(match refers {
        true => Glance::Refers,
        false => Glance::Known(desired.inputs_digest()),
    })
}

/// Tells whether a value refers to something.
fn look_at(value: &Value, need: &mut dyn FnMut(&Address)) -> Result<bool, InClear> {
    let mut any = |values: &mut dyn Iterator<Item = &Value>| {
        let mut refers = false;
        for value in values {
            refers |= look_at(value, need)?;
        }
        Ok(refers)
    };
    match value {
        Value::Secret(_) => Err(InClear),
        Value::List(values) => any(&mut values.iter()),
        Value::Map(entries) => any(&mut entries.values()),
        Value::Deferred(expression) => match &**expression {
            Expression::Reference(reference) => {
                if let Reference::Output { address, .. } = reference {
                    need(address);
                }
                Ok(true)
            }
            Expression::Apply { arguments, .. } => any(&mut arguments.iter()),
        },
        _ => Ok(false),
    }
}
