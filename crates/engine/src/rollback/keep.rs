//! Protected objects, which stay as they are now, with what they stand on.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::component::Lifecycle;
use infra_model::decision::Decision;
use infra_model::plan::Plan;
use infra_model::resource::Desired;
use infra_plan::error::{Harm, PlanError, ProtectedObject};

use crate::error::EngineError;
use crate::rollback::way::Way;

/// Why an object stays as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is protected, and would come to this harm.
    Protected(Harm),
    /// This one stays and stands on it.
    Needed(Address),
}

/// Objects that stay, by the names of then.
pub(super) type AllKept = BTreeMap<Address, Kept>;

impl Way<'_> {
    /// Wants protected objects as they are now.
    ///
    /// # Errors
    ///
    /// When they are wanted so already and are in the way all the same.
    pub(super) fn keep(&mut self, objects: Vec<ProtectedObject>) -> Result<(), EngineError> {
        let protected = objects.iter().map(|object| {
            let why = Kept::Protected(object.harm.clone());
            (object.address.clone(), why)
        });
        if !self.keep_all(protected.collect()) {
            return Err(EngineError::Plan(Box::new(PlanError::Protected { objects })));
        }
        Ok(())
    }

    /// Wants also what kept objects stand on as it is now, where a plan would take it away from under them; tells whether
    /// there was such.
    ///
    /// # Errors
    ///
    /// When it is wanted so already, and it is not there or cannot stay.
    pub(super) fn keep_ground(&mut self, plan: &Plan) -> Result<bool, EngineError> {
        let mut ground = Vec::new();
        for address in self.kept.keys() {
            for need in self.needs_now(address) {
                let goes = plan.decisions.get(&need).is_some_and(takes_away);
                if goes && self.kept.contains_key(&need) {
                    return Err(groundless(address, &need));
                }
                if goes && self.times.now_of(&need).is_some() {
                    ground.push((need, Kept::Needed(address.clone())));
                }
            }
        }
        Ok(self.keep_all(ground))
    }

    /// Wants objects as they are now, with what they need and the way back would delete; tells whether any of them was not
    /// wanted so before. What was learned of another way is forgotten.
    fn keep_all(&mut self, objects: Vec<(Address, Kept)>) -> bool {
        let mut news = false;
        let mut open = objects;
        while let Some((next, why)) = open.pop() {
            // One that stood on it before is protected itself.
            let is_protected = matches!(why, Kept::Protected(_));
            if let Some(before) = self.kept.get_mut(&next) {
                if is_protected && matches!(before, Kept::Needed(_)) {
                    *before = why;
                }
                continue;
            }
            if self.times.now_of(&next).is_none() {
                continue;
            }
            let needs = self.needs_now(&next).into_iter();
            let unwanted = needs.filter(|need| !self.times.past.contains_key(need));
            open.extend(unwanted.map(|need| (need, Kept::Needed(next.clone()))));
            self.kept.insert(next, why);
            news = true;
        }
        if news {
            self.begin();
        }
        news
    }

    /// Returns what an object needs now, by the names that this has then.
    pub(super) fn needs_now(&self, address: &Address) -> BTreeSet<Address> {
        let record = self.times.now_of(address);
        let needs = record.into_iter().flat_map(|record| &record.dependencies);
        needs.map(|need| self.times.name_then(need).clone()).collect()
    }

    /// Returns an object as it is now as what is wanted. What it needed and is forgotten cannot be needed again.
    pub(super) fn as_it_is(&self, address: &Address) -> Option<Desired> {
        let record = self.times.now_of(address)?;
        let mut after = self.needs_now(address);
        after.retain(|need| self.times.past.contains_key(need) || self.kept.contains_key(need));
        let declared = self.stack.resources.get(&record.key.address);
        Some(Desired {
            address: address.clone(),
            inputs: self.relinking().inputs_now(record, &after),
            after,
            target: record.target.clone(),
            lifecycle: Lifecycle {
                protect: record.protect,
                ignore_changes: declared
                    .map_or_else(BTreeSet::new, |one| one.lifecycle.ignore_changes.clone()),
                create_before_destroy: Some(record.create_before_destroy),
                depends_on: BTreeSet::new(),
            },
        })
    }
}

/// Tells whether what stands on an object loses it.
fn takes_away(decision: &Decision) -> bool {
    match decision {
        Decision::Create { .. }
        | Decision::Replace { .. }
        | Decision::Delete { .. }
        | Decision::Forget { .. } => true,
        Decision::Keep | Decision::Update { .. } | Decision::Adopt { .. } => false,
    }
}

fn groundless(address: &Address, need: &Address) -> EngineError {
    let message = format!(
        "`{address}` stays, because it or what stands on it is protected, and `{need}`, which it stands on, cannot stay"
    );
    let hint = format!(
        "Bring `{need}` in order first: see what is wrong with it with: infra plan ENVIRONMENT. Or lift the protection, in a \
         change of its own"
    );
    EngineError::request(message, hint)
}
