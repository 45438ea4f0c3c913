//! What must not be done: touching protected objects and objects of others, and taking back what moves only up. All of it is named
//! at once.

use infra_model::decision::Change;
use infra_model::record::RecordKey;
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::Observed;

use crate::error::{BackwardsAttribute, ForeignObject, Harm, PlanError, ProtectedObject};
use crate::roster::{Held, Node, foreign_owner};

/// What was found that must not be done.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    foreign: Vec<ForeignObject>,
    protected: Vec<ProtectedObject>,
    backwards: Vec<BackwardsAttribute>,
}

impl Guard {
    /// Looks whose a recorded object is.
    pub(crate) fn owner(&mut self, held: &Held<'_>) {
        if let Some(owner) = held.foreign_owner() {
            self.foreign(held.key.clone(), owner);
        }
    }

    /// Looks whose an object is that is not recorded.
    pub(crate) fn owner_of(&mut self, node: &Node<'_>, observed: &Observed) {
        if let Some(owner) = foreign_owner(observed) {
            self.foreign(RecordKey::current(node.address.clone()), owner);
        }
    }

    fn foreign(&mut self, key: RecordKey, owner: &str) {
        let owner = owner.to_owned();
        self.foreign.push(ForeignObject { key, owner });
    }

    /// Looks whether an object may be deleted: neither record nor stack protect it. What the stack lifts counts only
    /// when the record says so too, that is in a later plan.
    pub(crate) fn deletion(&mut self, node: &Node<'_>, held: &Held<'_>) {
        self.harm(node, held, Harm::Delete);
    }

    /// Looks whether an object may be replaced.
    pub(crate) fn replacement(&mut self, node: &Node<'_>, held: &Held<'_>) {
        self.harm(node, held, Harm::Replace);
    }

    /// Looks whether an update would take back what moves only up.
    pub(crate) fn update(&mut self, node: &Node<'_>, schema: &ResourceSchema, changes: &[Change]) {
        let falls = |change: &&Change| {
            let ascent = schema.attributes.get(&change.attribute)?.ascent.as_ref();
            ascent.map(|ascent| ascent.falls(&change.before, &change.after))
        };
        let falling = changes.iter().filter(|change| falls(change) == Some(true));
        self.backwards.extend(falling.map(|change| BackwardsAttribute {
            address: node.address.clone(),
            change: change.clone(),
        }));
    }

    fn harm(&mut self, node: &Node<'_>, held: &Held<'_>, harm: Harm) {
        let declared = node.desired.map(|desired| desired.lifecycle.protect);
        let recorded = held.entry.protect;
        let protected = match (held.holds_nothing(), held.is_unfinished()) {
            // Protecting it would leave no way on.
            (true, _) => false,
            // It may hold something although its record is unfinished. Nothing but its replacement can be planned, so
            // what the stack lifts counts at once.
            (false, true) => declared.unwrap_or(recorded),
            (false, false) => recorded || declared == Some(true),
        };
        if protected {
            let address = node.address.clone();
            self.protected.push(ProtectedObject { address, harm });
        }
    }

    /// Refuses when anything was found.
    pub(crate) fn finish(mut self) -> Result<(), PlanError> {
        self.foreign.sort_by(|left, right| left.key.cmp(&right.key));
        self.protected
            .sort_by(|left, right| left.address.cmp(&right.address));
        self.backwards
            .sort_by(|left, right| left.address.cmp(&right.address));
        if !self.foreign.is_empty() {
            let objects = self.foreign;
            return Err(PlanError::Foreign { objects });
        }
        if !self.protected.is_empty() {
            let objects = self.protected;
            return Err(PlanError::Protected { objects });
        }
        if !self.backwards.is_empty() {
            let attributes = self.backwards;
            return Err(PlanError::Backwards { attributes });
        }
        Ok(())
    }
}
