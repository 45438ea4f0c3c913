//! What became of an update that nobody answered, and what an update is compared with before it begins.

use infra_model::decision::Change;
use infra_model::plan::Draft;
use infra_model::record::Record;
use infra_model::schema::{AttributeSchema, Equality, ResourceSchema};
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
    let has_moved = |change: &&Change| {
        // The planner could not compare a value that waits for the key, nor one that was not set.
        let compared = !change.before.is_null() && (change.after.is_known() || !change.after.is_secret());
        let is = |value| is_same(schema, &change.attribute, value, observed);
        // What is already as wanted needs no protection from us: an answer that got lost may have done it.
        compared && is(&change.before) == Some(false) && is(&change.after) != Some(true)
    };
    let moved: Vec<MovedAttribute> = changes
        .iter()
        .filter(has_moved)
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

/// Returns the attributes that the provider has to change: those whose wanted value, known by now, is neither what
/// the plan saw nor what the object shows, and those of which nobody knows what was applied.
pub(crate) fn still_different(
    changes: &[Change],
    old: &Record,
    wanted: &Attributes,
    seen: &Observation,
) -> Vec<String> {
    let shown = |name: &str| match seen {
        Observation::Present(observed) => observed.attributes.get(name),
        Observation::Absent => None,
    };
    let differs = |change: &&Change| {
        let wanted = wanted.get(&change.attribute).unwrap_or(&Value::Null);
        let is_shown = |seen: &Value| Equality::Exact.same(wanted, seen);
        let may_differ = *wanted != change.before || old.is_in_doubt(&change.attribute);
        may_differ && !shown(&change.attribute).is_some_and(is_shown)
    };
    changes
        .iter()
        .filter(differs)
        .map(|change| change.attribute.clone())
        .collect()
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
        let last = old.inputs.get(name).unwrap_or(&Value::Null);
        let wanted = draft.inputs.get(name).unwrap_or(&Value::Null);
        is_reached(schema, name, (last, wanted), observed)
    };
    if !changed.iter().all(is_wanted) || !changing.all(|(name, _)| observed.outputs.contains_key(name)) {
        return None;
    }
    let mut outputs = old.outputs.clone();
    outputs.extend(observed.outputs.clone());
    Some(outputs)
}

/// Tells whether an attribute is seen as it was to become, from what was applied before.
fn is_reached(
    schema: Option<&ResourceSchema>,
    name: &str,
    (last, wanted): (&Value, &Value),
    observed: &Observed,
) -> bool {
    let Some((attribute, seen)) = visible(schema, name, observed) else {
        return false;
    };
    let set = |value| set(attribute, value);
    let equality = attribute.equality;
    wanted.is_known() && equality.reached(set(last), set(wanted), set(seen))
}

/// Tells whether an attribute is seen with this value; nothing if it cannot be seen or compared.
fn is_same(schema: Option<&ResourceSchema>, name: &str, value: &Value, observed: &Observed) -> Option<bool> {
    let (attribute, seen) = visible(schema, name, observed)?;
    let set = |value| set(attribute, value);
    value
        .is_known()
        .then(|| attribute.equality.same(set(value), set(seen)))
}

fn visible<'a>(
    schema: Option<&'a ResourceSchema>,
    name: &str,
    observed: &'a Observed,
) -> Option<(&'a AttributeSchema, &'a Value)> {
    let attribute = schema?.attributes.get(name)?;
    let seen = observed.attributes.get(name)?;
    attribute.observed.then_some((attribute, seen))
}

/// Returns the value, or the default where there is none, as the planner does.
fn set<'a>(attribute: &'a AttributeSchema, value: &'a Value) -> &'a Value {
    let default = attribute.default.as_ref().unwrap_or(&Value::Null);
    if value.is_null() { default } else { value }
}
