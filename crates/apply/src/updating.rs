//! What became of an update that nobody answered, and what an update is compared with before it begins.

use infra_model::decision::Change;
use infra_model::plan::Draft;
use infra_model::record::Record;
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Observation, Observed, Owner};
use infra_model::value::{Attributes, Value};

use crate::outcome::{Moved, MovedAttribute};

/// Checks that an object is still what the plan was made for: there, ours, and unchanged where the step changes it.
pub(crate) fn check_unmoved(
    schema: Option<&ResourceSchema>,
    changes: &[Change],
    seen: &Observation,
) -> Result<(), Moved> {
    let Observation::Present(observed) = seen else {
        return Err(Moved::Gone);
    };
    if let Owner::Other(owner) = &observed.owner {
        return Err(Moved::Owner { owner: owner.clone() });
    }
    // What was not set before may show a default of the provider; nobody has changed it.
    let compared = changes.iter().filter(|change| !change.before.is_null());
    let moved: Vec<MovedAttribute> = compared
        .filter(|change| !is_same(schema, &change.attribute, &change.before, observed).unwrap_or(true))
        .map(|change| MovedAttribute {
            attribute: change.attribute.clone(),
            planned: change.before.clone(),
            now: observed
                .attributes
                .get(&change.attribute)
                .cloned()
                .unwrap_or_default(),
        })
        .collect();
    if moved.is_empty() {
        Ok(())
    } else {
        Err(Moved::Attributes(moved))
    }
}

/// Returns the outputs of an object if an observation proves that an update was done: every changed attribute can
/// be seen and is as wanted, and so can every output that the update may have changed.
pub(crate) fn outputs_if_done(
    schema: Option<&ResourceSchema>,
    old: &Record,
    draft: &Draft,
    changed: &[String],
    observed: &Observed,
) -> Option<Attributes> {
    let mut changing = schema?
        .outputs
        .iter()
        .filter(|(_, output)| output.changes_on_update);
    let is_wanted = |name: &String| {
        let wanted = draft.inputs.get(name).unwrap_or(&Value::Null);
        is_same(schema, name, wanted, observed) == Some(true)
    };
    if !changed.iter().all(is_wanted) || !changing.all(|(name, _)| observed.outputs.contains_key(name)) {
        return None;
    }
    let mut outputs = old.outputs.clone();
    outputs.extend(observed.outputs.clone());
    Some(outputs)
}

/// Tells whether an attribute is seen with this value; nothing if it cannot be seen.
fn is_same(schema: Option<&ResourceSchema>, name: &str, value: &Value, observed: &Observed) -> Option<bool> {
    let attribute = schema?
        .attributes
        .get(name)
        .filter(|attribute| attribute.observed)?;
    let seen = observed.attributes.get(name).unwrap_or(&Value::Null);
    // A value that the stored form leaves as an operation on a secret cannot be compared without the key.
    value.is_known().then(|| attribute.equality.same(value, seen))
}
