//! What a provider says about its types of resource, as plain data that the planner reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::ResourceType;
use crate::schema::ascent::Ascent;
use crate::value::{Attributes, Value};

pub mod ascent;
pub mod equality;
pub mod reference;

/// How an unknown create of a type is resolved without a person.
///
/// Every [`ResourceSchema`] has one: the field is not optional and there is no default, so a type of resource
/// without a class does not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryClass {
    /// Class A, we choose the name: read by name and check the ownership tag, then adopt or create.
    Named,
    /// Class B, the provider takes a client token: send the same stored token again.
    Token,
    /// Class C, identity is assigned and tags are set at creation: list by the operation's token; one is
    /// adopted, none after settling means create, two stop the run and show both.
    Tagged,
    /// Class D, the content is the identity: read and compare.
    Content,
}

/// How much a step can hurt, from nothing to loss of data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepClass {
    /// Nobody notices.
    Safe,
    /// A restart or failover: connections break.
    Disruptive,
    /// The object is deleted and made anew; it holds no data.
    Replacing,
    /// Data is gone afterwards unless it was backed up.
    DestroysData,
}

/// What a change of an attribute means for the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChange {
    /// The object is updated and nobody notices.
    InPlace,
    /// The object is updated with a restart or failover.
    Disruptive,
    /// The object must be replaced.
    Replace,
}

/// When two values of an attribute count as the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Equality {
    /// When they are the same value.
    #[default]
    Exact,
    /// When they are the same text but for upper and lower case.
    IgnoreCase,
    /// When they are the same version, or what is seen is a newer minor one of the same major: services install these by
    /// themselves and go back to none.
    NewerMinor,
    /// When they hold the same elements in any order.
    Unordered,
    /// When every key of the desired map has the same value in the observed one; more keys there are noise.
    DesiredKeys,
    /// When their texts are the same JSON document.
    Json,
    /// When their texts are policy documents that allow and deny the same, in any order and whatever their statements are called.
    Policy,
}

/// An input attribute of a type of resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeSchema {
    /// What it is, in one sentence, with its unit.
    pub summary: String,
    /// What a change means for the object.
    pub on_change: OnChange,
    /// When two values count as the same.
    pub equality: Equality,
    /// Set at creation; afterwards the recorded value stays desired unless an operation names it.
    pub carried: bool,
    /// Whether an object that has it, `true`, stands on its own: it holds data that is nowhere else, and is not replaced for
    /// what it was made from.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stands_alone: bool,
    /// Whether the provider reports it when it observes the object; secrets usually are not.
    pub observed: bool,
    /// What the provider fills in when it is not set.
    pub default: Option<Value>,
    /// What up means where it moves up in place and down with a new object alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ascent: Option<Ascent>,
    /// Set where it names what the object's data cannot be read without, such as a key: how a stack keeps that. As long as the object
    /// stays, no plan deletes, replaces or exchanges what it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlocks: Option<String>,
}

impl AttributeSchema {
    /// Returns an attribute that is observed, compared exactly, not carried, and has no default.
    #[must_use]
    pub fn new(summary: &str, on_change: OnChange) -> Self {
        AttributeSchema {
            summary: summary.to_owned(),
            on_change,
            equality: Equality::Exact,
            carried: false,
            stands_alone: false,
            observed: true,
            default: None,
            ascent: None,
            unlocks: None,
        }
    }

    /// Returns it compared in this way.
    #[must_use]
    pub fn equality(self, equality: Equality) -> Self {
        AttributeSchema { equality, ..self }
    }

    /// Returns it as set at creation and kept afterwards.
    #[must_use]
    pub fn carried(self) -> Self {
        AttributeSchema {
            carried: true,
            ..self
        }
    }

    /// Returns it as the mark of an object that stands on its own.
    #[must_use]
    pub fn stands_alone(self) -> Self {
        AttributeSchema {
            stands_alone: true,
            ..self
        }
    }

    /// Returns it as never reported by an observation.
    #[must_use]
    pub fn not_observed(self) -> Self {
        AttributeSchema {
            observed: false,
            ..self
        }
    }

    /// Returns it as one that moves in place only up.
    #[must_use]
    pub fn only_up(self, ascent: Ascent) -> Self {
        AttributeSchema {
            ascent: Some(ascent),
            ..self
        }
    }

    /// Returns it as naming what the object's data cannot be read without, with how a stack keeps that.
    #[must_use]
    pub fn unlocks(self, how_to_keep: &str) -> Self {
        AttributeSchema {
            unlocks: Some(how_to_keep.to_owned()),
            ..self
        }
    }

    /// Returns it with what the provider fills in.
    #[must_use]
    pub fn default_value(self, default: impl Into<Value>) -> Self {
        AttributeSchema {
            default: Some(default.into()),
            ..self
        }
    }
}

/// An output of a type of resource, known once the object exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSchema {
    /// What it is, in one sentence.
    pub summary: String,
    /// Whether it is sealed in the state and hidden on screens.
    pub secret: bool,
    /// Whether an update of the object may change it; then it is unknown in a plan that updates the object.
    pub changes_on_update: bool,
}

impl OutputSchema {
    /// Returns an output that is not secret and that updates leave alone.
    #[must_use]
    pub fn new(summary: &str) -> Self {
        OutputSchema {
            summary: summary.to_owned(),
            secret: false,
            changes_on_update: false,
        }
    }

    /// Returns it as sealed in the state and hidden on screens.
    #[must_use]
    pub fn secret(self) -> Self {
        OutputSchema { secret: true, ..self }
    }

    /// Returns it as one that an update may change.
    #[must_use]
    pub fn changes_on_update(self) -> Self {
        OutputSchema {
            changes_on_update: true,
            ..self
        }
    }
}

/// Usual durations in milliseconds, used until history knows better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypicalDurations {
    /// Of a create.
    pub create_ms: u64,
    /// Of an update.
    pub update_ms: u64,
    /// Of a delete.
    pub delete_ms: u64,
}

/// A type of resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceSchema {
    /// The type.
    pub resource_type: ResourceType,
    /// What it is, in one sentence.
    pub summary: String,
    /// The version of inputs and outputs in records, from one.
    pub version: u32,
    /// How an unknown create is resolved.
    pub recovery: RecoveryClass,
    /// Its inputs.
    pub attributes: BTreeMap<String, AttributeSchema>,
    /// Its outputs.
    pub outputs: BTreeMap<String, OutputSchema>,
    /// Whether deleting it loses data of the user.
    pub holds_data: bool,
    /// Whether a replacement is created before the old object is deleted.
    pub create_before_destroy: bool,
    /// Usual durations.
    pub typical: TypicalDurations,
}

impl ResourceSchema {
    /// Tells whether an object with these attributes stands on its own, whatever it was made from.
    #[must_use]
    pub fn stands_alone(&self, attributes: &Attributes) -> bool {
        let mut marks = self.attributes.iter().filter(|(_, schema)| schema.stands_alone);
        marks.any(|(name, _)| attributes.get(name).and_then(Value::as_bool) == Some(true))
    }

    /// Tells whether objects of the type may stand on their own.
    #[must_use]
    pub fn may_stand_alone(&self) -> bool {
        self.attributes.values().any(|schema| schema.stands_alone)
    }

    /// Tells whether deleting an object with these attributes loses data of the user.
    #[must_use]
    pub fn holds_data_with(&self, attributes: &Attributes) -> bool {
        self.holds_data || self.stands_alone(attributes)
    }

    /// Tells whether an output is secret; an unknown output is not.
    #[must_use]
    pub fn is_secret_output(&self, output: &str) -> bool {
        self.outputs.get(output).is_some_and(|output| output.secret)
    }
}

/// All types of resource that a plan may meet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaSet {
    schemas: BTreeMap<ResourceType, ResourceSchema>,
    unnoticed: BTreeSet<String>,
}

impl SchemaSet {
    /// Returns the set of these types.
    #[must_use]
    pub fn new(schemas: impl IntoIterator<Item = ResourceSchema>) -> Self {
        let typed = schemas
            .into_iter()
            .map(|schema| (schema.resource_type.clone(), schema));
        SchemaSet {
            schemas: typed.collect(),
            unnoticed: BTreeSet::new(),
        }
    }

    /// Returns the set with types whose objects are missed by nobody when they are deleted: what only watches others, and what
    /// cannot be deleted while anything uses it.
    #[must_use]
    pub fn unnoticed(mut self, types: &[&str]) -> Self {
        self.unnoticed.extend(types.iter().map(|name| (*name).to_owned()));
        self
    }

    /// Tells whether nobody misses an object of a type when it is deleted.
    #[must_use]
    pub fn is_unnoticed(&self, resource_type: &str) -> bool {
        self.unnoticed.contains(resource_type)
    }

    /// Returns the schema of a type.
    #[must_use]
    pub fn get(&self, resource_type: &str) -> Option<&ResourceSchema> {
        self.schemas.get(resource_type)
    }

    /// Returns all schemas in the order of their types.
    pub fn iter(&self) -> impl Iterator<Item = &ResourceSchema> {
        self.schemas.values()
    }
}
