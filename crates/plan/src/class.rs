//! How much a step hurts those who use its object.

use infra_model::decision::Change;
use infra_model::schema::{OnChange, ResourceSchema, StepClass};

use crate::error::PlanError;
use crate::roster::{Held, Node};

/// Returns how much a change in place hurts.
pub(crate) fn class_of_update(schema: &ResourceSchema, changes: &[Change]) -> StepClass {
    let is_disruptive = |change: &Change| {
        let attribute = schema.attributes.get(&change.attribute);
        attribute.is_some_and(|attribute| attribute.on_change == OnChange::Disruptive)
    };
    match changes.iter().any(is_disruptive) {
        true => StepClass::Disruptive,
        false => StepClass::Safe,
    }
}

/// Returns how much deleting an object hurts: data is gone, or its users lose a service, or it never worked.
pub(crate) fn class_of_deletion(node: &Node<'_>, held: &Held<'_>) -> Result<StepClass, PlanError> {
    Ok(match (held.holds_nothing(), held.holds_data(node.schema()?)) {
        (true, _) => StepClass::Safe,
        (false, true) => StepClass::DestroysData,
        // Nobody uses an object any more that a replacement set aside.
        (false, false) if node.unnoticed || held.key.deposed.is_some() => StepClass::Safe,
        (false, false) => StepClass::Disruptive,
    })
}
