//! Objects that another tool made: what they are here, so that they can be adopted.

use std::fmt;

use infra_model::address::ResourceType;
use infra_model::record::ObjectId;
use infra_model::resource::Target;
use infra_model::value::Attributes;

/// An object as the state of Terraform has it. Its attributes may be old, and may hold secrets: they say which object it is and,
/// but for [`Translating::kept`], nothing else.
#[derive(Clone, Copy)]
pub struct ForeignObject<'a> {
    /// Its type there: `aws_db_instance`.
    pub resource_type: &'a str,
    /// Its attributes there.
    pub attributes: &'a Attributes,
}

impl fmt::Debug for ForeignObject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignObject")
            .field("resource_type", &self.resource_type)
            .finish_non_exhaustive()
    }
}

/// Names an object of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counterpart {
    /// Its type.
    pub resource_type: ResourceType,
    /// Its identity, as the type knows it.
    pub id: ObjectId,
    /// Where it lives.
    pub target: Target,
}

/// What an object of another tool is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// These objects: more than one where the other tool keeps several in one.
    Objects(Vec<Counterpart>),
    /// An object that is not where the environment is, and where it is instead: names say nothing of it here.
    Elsewhere(String),
    /// A part of an object that has an entry of its own, of this type there.
    PartOf(&'static str),
    /// Nothing that we manage, and why.
    Unmanaged(&'static str),
}

/// Tells what objects of Terraform's own provider for the same cloud are here. Pure.
pub trait Translating: Send + Sync + fmt::Debug {
    /// Returns what an object is.
    fn meaning(&self, object: &ForeignObject<'_>) -> Meaning;

    /// Returns outputs that the cloud told once, when the object was made, and that the other tool has kept since: nobody else can
    /// tell them. They are sealed before anything else happens to them.
    fn kept(&self, _object: &ForeignObject<'_>) -> Attributes {
        Attributes::new()
    }
}
