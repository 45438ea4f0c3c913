//! Other people with access to the account: they change, delete and build on what is not theirs.

use std::collections::BTreeSet;

use infra_model::record::ObjectId;
use infra_model::snapshot::{Condition, Lineage};
use infra_model::value::{Attributes, Value};

use super::object::Object;
use super::{Cloud, World};

/// Something that somebody else did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Gave an attribute of an object another value.
    Changed {
        /// The object.
        id: ObjectId,
        /// The attribute.
        attribute: &'static str,
    },
    /// Deleted an object.
    Deleted {
        /// The object.
        id: ObjectId,
    },
    /// Made an object that stands on one of ours, which cannot be deleted until it is gone.
    BuiltOn {
        /// Our object.
        id: ObjectId,
        /// Theirs.
        with: ObjectId,
    },
}

/// Whose the objects of other people are.
const THEIRS: &str = "theirs";

impl Cloud {
    /// Lets somebody do something to an object of the state with this lineage, but not to those that are spared;
    /// nothing where there is none to choose from.
    pub fn let_others_act(&self, lineage: &Lineage, spared: &BTreeSet<ObjectId>) -> Option<Deed> {
        let mut world = self.world();
        let ours = |object: &&Object| {
            let tag = object.tag.as_ref();
            let is_ours = tag.map_or(!is_theirs(object), |tag| tag.lineage == *lineage);
            is_ours && !spared.contains(&object.id)
        };
        let ours: Vec<Object> = world.objects.values().filter(ours).cloned().collect();
        if ours.is_empty() {
            return None;
        }
        let object = &ours[world.random.usize(0..ours.len())];
        match world.random.u32(0..4) {
            0 => build_on(&mut world, object),
            1 => delete(&mut world, object),
            _ => change(&mut world, object),
        }
    }

    /// Deletes everything that other people made.
    pub fn let_others_leave(&self) {
        let mut world = self.world();
        let theirs = world.objects.iter().filter(|(_, object)| is_theirs(object));
        for place in theirs.map(|(place, _)| place.clone()).collect::<Vec<_>>() {
            world.remove(&place);
        }
    }
}

/// Tells whether an object belongs to other people.
#[must_use]
pub fn is_theirs(object: &Object) -> bool {
    object.id.0.starts_with(THEIRS)
}

fn change(world: &mut World, object: &Object) -> Option<Deed> {
    let attribute = ["size", "mode"]
        .into_iter()
        .find(|name| object.attributes.contains_key(*name))?;
    let value = match object.attributes.get(attribute)? {
        Value::Number(_) => Value::from(i64::from(world.random.u32(1000..2000))),
        _ => Value::string(format!("theirs {}", world.random.u32(..))),
    };
    let place = (object.resource_type.clone(), object.id.clone());
    world.alter(&place, |object| {
        object.attributes.insert(attribute.to_owned(), value);
    });
    let id = object.id.clone();
    Some(Deed::Changed { id, attribute })
}

fn delete(world: &mut World, object: &Object) -> Option<Deed> {
    let is_child = |other: &Object| other.parents().any(|parent| parent == object.id.0);
    if world.objects.values().any(is_child) {
        return None;
    }
    world.remove(&(object.resource_type.clone(), object.id.clone()));
    let id = object.id.clone();
    Some(Deed::Deleted { id })
}

fn build_on(world: &mut World, object: &Object) -> Option<Deed> {
    world.assigned += 1;
    let with = ObjectId(format!("{THEIRS}-{:04}", world.assigned));
    let parents = Value::list([Value::from(object.id.0.as_str())]);
    world.insert(Object {
        resource_type: object.resource_type.clone(),
        id: with.clone(),
        tag: None,
        attributes: Attributes::from([("parents".to_owned(), parents)]),
        outputs: Attributes::new(),
        condition: Condition::Complete,
        hidden_until: None,
        unread_until: None,
        busy_until: None,
    });
    let id = object.id.clone();
    Some(Deed::BuiltOn { id, with })
}
