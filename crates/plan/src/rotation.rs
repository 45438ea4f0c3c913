//! Rotation: a request raises the carried counter of a generated secret, and its provider makes a new one.

use infra_model::value::{Attributes, Value};

use crate::error::PlanError;
use crate::request::{Goal, PlanOptions};
use crate::roster::{Node, Roster};
use crate::selection;

/// The attribute that counts rotations, where it is carried.
pub const ROTATIONS: &str = "rotation";

/// Checks that everything to rotate or to replace on request is declared, and can be.
pub(crate) fn check_requests(options: &PlanOptions, roster: &Roster<'_>) -> Result<(), PlanError> {
    for (option, addresses) in [("--replace", &options.replace), ("rotate", &options.rotate)] {
        for address in addresses {
            if roster.find(address.as_str()).is_none() {
                return Err(selection::unknown(option, address.as_str(), roster));
            }
        }
    }
    for address in options.rotate.iter().filter(|_| options.goal == Goal::Converge) {
        let node = roster.find(address.as_str()).map(|place| roster.node(place));
        let declared = node.filter(|node| node.desired.is_some());
        let attribute = declared.and_then(|node| node.schema?.attributes.get(ROTATIONS));
        let address = address.clone();
        if !attribute.is_some_and(|attribute| attribute.carried) {
            return Err(PlanError::NotRotatable { address });
        }
        if node.is_some_and(|node| node.current.is_none()) {
            return Err(PlanError::NothingToRotate { address });
        }
    }
    Ok(())
}

/// Returns the inputs with the counter, as it was carried, raised, if that was asked for.
pub(crate) fn raise(options: &PlanOptions, node: &Node<'_>, mut inputs: Attributes) -> Attributes {
    if options.rotate.contains(&node.address) {
        let schema = node.schema.and_then(|schema| schema.attributes.get(ROTATIONS));
        let default = schema.and_then(|schema| schema.default.as_ref());
        let carried = inputs.get(ROTATIONS).or(default).and_then(Value::as_int);
        inputs.insert(ROTATIONS.to_owned(), Value::from(carried.unwrap_or(0) + 1));
    }
    inputs
}
