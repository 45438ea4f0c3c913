//! What a provider is asked, and what it answers. Secrets in inputs are in clear; secrets in answers too.

use infra_model::address::Address;
use infra_model::journal::Token;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::resource::Target;
use infra_model::value::Attributes;

use crate::ownership::OwnershipTag;

/// An object that the state knows and wants to see.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its name in the state.
    pub key: RecordKey,
    /// Its identity.
    pub id: ObjectId,
    /// Where it lives.
    pub target: Target,
    /// What was last applied. Secrets are sealed here: looking needs none.
    pub inputs: Attributes,
}

/// Asks for an object that an unknown create may have made.
#[derive(Clone, Debug, PartialEq)]
pub struct FindRequest {
    /// The tag that the create would have written. Types that are recovered by name or content compare the
    /// inputs; types recovered by tag list by its token.
    pub tag: OwnershipTag,
    /// Where it would live.
    pub target: Target,
    /// What the create was asked for.
    pub inputs: Attributes,
}

/// Asks for a new object.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateRequest {
    /// What to write into the object's tags; its token goes to providers that take a client token.
    pub tag: OwnershipTag,
    /// Where it shall live.
    pub target: Target,
    /// What it shall be; all values are known.
    pub inputs: Attributes,
}

/// Asks for a change in place.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateRequest {
    /// The resource.
    pub address: Address,
    /// The object.
    pub id: ObjectId,
    /// Where it lives.
    pub target: Target,
    /// What was last applied.
    pub before: Attributes,
    /// What it shall be; all values are known.
    pub inputs: Attributes,
    /// Names of the attributes that differ.
    pub changed: Vec<String>,
    /// The token of this call.
    pub token: Token,
}

/// Asks for a deletion.
#[derive(Clone, Debug, PartialEq)]
pub struct DeleteRequest {
    /// The resource.
    pub address: Address,
    /// The object.
    pub id: ObjectId,
    /// Where it lives.
    pub target: Target,
    /// What was last applied.
    pub inputs: Attributes,
    /// The token of this call.
    pub token: Token,
}

/// An object as a create or update left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Its identity.
    pub id: ObjectId,
    /// Its outputs, all those of the type's schema.
    pub outputs: Attributes,
}
