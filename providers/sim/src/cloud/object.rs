//! Objects of the cloud, and what the cloud says of them.

use infra_model::record::ObjectId;
use infra_model::snapshot::{Condition, Lineage, Observed, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::ownership::OwnershipTag;
use tokio::time::Instant;

/// An object.
#[derive(Clone, PartialEq)]
pub struct Object {
    /// Its type.
    pub resource_type: String,
    /// Its identity.
    pub id: ObjectId,
    /// Whose it is; its type may not be able to say.
    pub tag: Option<OwnershipTag>,
    /// What it was made with and changed to.
    pub attributes: Attributes,
    /// What its makers get back.
    pub outputs: Attributes,
    /// Whether its creation was finished.
    pub condition: Condition,
    /// Until when lists do not show it.
    pub hidden_until: Option<Instant>,
    /// Until when it is not found by its identity.
    pub unread_until: Option<Instant>,
    /// Until when the operation that makes it goes on; its condition is what that will leave.
    pub busy_until: Option<Instant>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object")
            .field("resource_type", &self.resource_type)
            .field("id", &self.id.0)
            .field("tag", &self.tag.as_ref().map(ToString::to_string))
            .field("attributes", &self.attributes)
            .field("condition", &self.condition)
            .finish_non_exhaustive()
    }
}

impl Object {
    /// Tells whether lists show it now.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.hidden_until.is_none_or(|until| Instant::now() >= until)
    }

    /// Tells whether it is found by its identity now.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        self.unread_until.is_none_or(|until| Instant::now() >= until)
    }

    /// Tells whether it is still being made.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_busy_at(Instant::now())
    }

    /// Tells whether it was still being made at a time.
    pub(crate) fn is_busy_at(&self, time: Instant) -> bool {
        self.busy_until.is_some_and(|until| time < until)
    }

    /// Tells whether it can be used by whoever looks for it.
    pub(crate) fn is_finished(&self) -> bool {
        self.is_visible() && self.is_readable() && !self.is_busy()
    }

    /// Returns the identities of the objects that it stands on, and of the one that it lives in.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        parents_in(&self.attributes)
    }

    /// Returns what the state with this lineage is shown; a password is never shown.
    pub(crate) fn observed(&self, lineage: &Lineage) -> Observed {
        let mut attributes = self.attributes.clone();
        attributes.remove("password");
        Observed {
            id: self.id.clone(),
            attributes,
            outputs: self.outputs.clone(),
            condition: self.condition,
            owner: self
                .tag
                .as_ref()
                .map_or(Owner::Untagged, |tag| tag.owner(lineage)),
        }
    }
}

/// Returns the identities of the objects on which one with these attributes stands or in which it lives.
pub(crate) fn parents_in(attributes: &Attributes) -> impl Iterator<Item = &str> {
    let parents = attributes.get("parents").and_then(Value::as_list);
    let home = attributes.get("home").and_then(Value::as_str);
    let parents = parents.unwrap_or_default().iter();
    parents.filter_map(Value::as_str).chain(home)
}
