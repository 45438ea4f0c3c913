//! The three-way difference of one object: what was last applied, what the stack wants, what was seen.
//!
//! | stack wants what was applied | seen is what was applied | then |
//! | --- | --- | --- |
//! | yes | yes, or not looked at | nothing |
//! | no | yes, or not looked at | a change by the stack |
//! | yes | no | drift, and a change that repairs it |
//! | no | no | a change by both, unless what was seen is what is wanted: then only the record catches up |
//!
//! An attribute that is not set counts as its default. One without a default that is not set and never was is left
//! to the provider, whatever it filled in. One that is never seen and of which nobody knows what was applied is set
//! again, or taken away again, whatever the stack wants.

use std::collections::BTreeSet;

use infra_model::decision::{Change, ChangeOrigin};
use infra_model::expression::each_reference;
use infra_model::schema::{AttributeSchema, Equality, OnChange, ResourceSchema};
use infra_model::value::{Attributes, Value};

/// What is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides<'a> {
    pub(crate) schema: &'a ResourceSchema,
    /// Attributes whose changes are left alone.
    pub(crate) ignored: &'a BTreeSet<String>,
    /// What was last applied.
    pub(crate) last: &'a Attributes,
    /// What the stack wants.
    pub(crate) wanted: &'a Attributes,
    /// What was seen, if anybody looked.
    pub(crate) seen: Option<&'a Attributes>,
    /// Whether a secret that the object gives out is another than was recorded.
    pub(crate) secret_moved: bool,
}

/// What differs.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Differences {
    /// What has to change in the world.
    pub(crate) changes: Vec<Change>,
    /// What has to change in the record alone, because the world is as wanted already.
    pub(crate) catches_up: Vec<Change>,
    /// Where the world moved away from what was last applied.
    pub(crate) drift: Vec<Change>,
    /// Ignored attributes that differ, and what stays of them.
    pub(crate) held: Vec<(String, Value)>,
}

/// One attribute from three sides, defaults filled in.
struct Attribute<'a> {
    name: &'a str,
    schema: &'a AttributeSchema,
    last: &'a Value,
    wanted: &'a Value,
    seen: Option<&'a Value>,
    /// What was seen that cannot be compared, of an object whose secret is another one now.
    strange: Option<&'a Value>,
    /// Whether nobody knows what was last applied.
    in_doubt: bool,
}

/// Stands for an attribute that the type does not list: lowering has reported it.
static UNLISTED: AttributeSchema = AttributeSchema {
    summary: String::new(),
    on_change: OnChange::InPlace,
    equality: Equality::Exact,
    carried: false,
    stands_alone: false,
    observed: false,
    default: None,
    ascent: None,
    unlocks: None,
};

static NULL: Value = Value::Null;

/// Compares attribute by attribute.
pub(crate) fn compare(sides: &Sides<'_>) -> Differences {
    let mut differences = Differences::default();
    let listed = sides
        .schema
        .attributes
        .iter()
        .map(|(name, schema)| (name.as_str(), schema));
    let is_unlisted = |name: &&String| !sides.schema.attributes.contains_key(*name);
    let unlisted = sides
        .wanted
        .keys()
        .filter(is_unlisted)
        .map(|name| (name.as_str(), &UNLISTED));
    for (name, schema) in listed.chain(unlisted) {
        let attribute = Attribute {
            name,
            schema,
            last: set(sides.last.get(name), schema),
            wanted: set(sides.wanted.get(name), schema),
            seen: visible(sides, name, schema),
            strange: strange(sides, name, schema),
            in_doubt: !schema.observed && sides.last.get(name).is_some_and(Value::is_null),
        };
        compare_one(&attribute, sides, &mut differences);
    }
    differences
}

/// Tells whether an object is seen as it is wanted, which is also how it was last applied.
pub(crate) fn is_seen<'a>(
    schema: &ResourceSchema,
    seen: &Attributes,
    wanted: impl Fn(&str) -> &'a Value,
) -> bool {
    seen.iter().all(|(name, seen)| {
        let Some(schema) = schema.attributes.get(name).filter(|schema| schema.observed) else {
            return true;
        };
        let wanted = set(Some(wanted(name)), schema);
        wanted.is_null() || !wanted.is_known() || schema.equality.same(wanted, set(Some(seen), schema))
    })
}

/// Returns the value, or the default where there is none.
fn set<'a>(value: Option<&'a Value>, schema: &'a AttributeSchema) -> &'a Value {
    value
        .filter(|value| !value.is_null())
        .or(schema.default.as_ref())
        .unwrap_or(&NULL)
}

/// Returns what was seen of an attribute, where that can be compared: an operation on a sealed secret has no value
/// that the planner could compare with the world.
fn visible<'a>(sides: &Sides<'a>, name: &str, schema: &'a AttributeSchema) -> Option<&'a Value> {
    if !schema.observed {
        return None;
    }
    let seen = sides.seen?.get(name)?;
    let is_comparable = |value: Option<&Value>| value.is_none_or(|value| value.is_known() || waits(value));
    let comparable = is_comparable(sides.last.get(name)) && is_comparable(sides.wanted.get(name));
    comparable.then(|| set(Some(seen), schema))
}

/// Returns what was seen of an attribute that cannot be compared, where the object gives out another secret than it was given: it was
/// changed, and only setting it again makes it what the stack wants.
fn strange<'a>(sides: &Sides<'a>, name: &str, schema: &'a AttributeSchema) -> Option<&'a Value> {
    let seen = sides.seen?.get(name)?;
    let hidden = schema.observed && visible(sides, name, schema).is_none();
    let is_set = sides.wanted.get(name).is_some_and(|wanted| !wanted.is_null());
    (sides.secret_moved && hidden && is_set).then_some(seen)
}

/// Tells whether a value waits for an output.
pub(crate) fn waits(value: &Value) -> bool {
    let mut found = false;
    each_reference(value, &mut |_| found = true);
    found
}

fn compare_one(attribute: &Attribute<'_>, sides: &Sides<'_>, differences: &mut Differences) {
    if attribute.in_doubt && !sides.ignored.contains(attribute.name) {
        let again = change(attribute, &NULL, attribute.wanted, ChangeOrigin::Stack);
        differences.changes.push(again);
        return;
    }
    let (last, wanted) = (attribute.last, attribute.wanted);
    if last.is_null() && wanted.is_null() {
        return;
    }
    let equality = attribute.schema.equality;
    let waits = waits(wanted);
    let moved_in_stack = waits || !same_in_stack(equality, wanted, last);
    let drifted = attribute.strange.or_else(|| {
        let seen = attribute.seen;
        seen.filter(|seen| !last.is_null() && !equality.same(last, seen))
    });
    if let Some(seen) = drifted {
        let drift = change(attribute, last, seen, ChangeOrigin::Drift);
        differences.drift.push(Change {
            replaces: false,
            ..drift
        });
    }
    let changes = waits
        || attribute.strange.is_some()
        || match attribute.seen {
            Some(seen) => !equality.reached(last, wanted, seen),
            None => moved_in_stack,
        };
    if !changes && !moved_in_stack {
        return;
    }
    if sides.ignored.contains(attribute.name) {
        let stays = drifted.or(sides.last.get(attribute.name)).unwrap_or(&NULL);
        differences.held.push((attribute.name.to_owned(), stays.clone()));
        return;
    }
    let origin = match (moved_in_stack, drifted.is_some()) {
        // What is carried follows what is seen: the stack has no say in it.
        (true, true) if attribute.schema.carried && !changes => ChangeOrigin::Drift,
        (true, true) => ChangeOrigin::Both,
        (false, true) => ChangeOrigin::Drift,
        (_, false) => ChangeOrigin::Stack,
    };
    if changes {
        let before = attribute.seen.or(attribute.strange).unwrap_or(last);
        differences
            .changes
            .push(change(attribute, before, wanted, origin));
    } else {
        let catches_up = change(attribute, last, wanted, origin);
        differences.catches_up.push(Change {
            replaces: false,
            ..catches_up
        });
    }
}

/// Tells whether the stack wants what was applied. More keys are noise only in what a provider reports: here a key
/// that is gone was taken out of the stack.
fn same_in_stack(equality: Equality, wanted: &Value, last: &Value) -> bool {
    match equality {
        Equality::DesiredKeys => Equality::Exact.same(wanted, last),
        _ => equality.same(wanted, last),
    }
}

fn change(attribute: &Attribute<'_>, before: &Value, after: &Value, origin: ChangeOrigin) -> Change {
    Change {
        attribute: attribute.name.to_owned(),
        before: before.clone(),
        after: after.clone(),
        origin,
        replaces: attribute.schema.on_change == OnChange::Replace,
    }
}

/// Returns the changes of an object that is made from nothing.
pub(crate) fn from_nothing(inputs: &Attributes) -> Vec<Change> {
    let set = inputs.iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| Change {
        attribute: name.clone(),
        before: Value::Null,
        after: value.clone(),
        origin: ChangeOrigin::Stack,
        replaces: false,
    })
    .collect()
}
