//! What the cloud does not allow: too many calls at once, too many objects, and names that were used a moment ago.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// What the cloud does not allow. The default allows everything.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    /// How many changing calls at once.
    pub(super) capacity: Option<u32>,
    /// How long a name is reserved after its object was deleted.
    pub(super) reservation: Duration,
    quotas: BTreeMap<String, usize>,
    reserved: BTreeMap<(String, String), Instant>,
}

impl Limits {
    pub(super) fn set_quota(&mut self, resource_type: &str, quota: Option<usize>) {
        match quota {
            Some(quota) => self.quotas.insert(resource_type.to_owned(), quota),
            None => self.quotas.remove(resource_type),
        };
    }

    /// Tells whether another object of a type is one too many.
    pub(crate) fn is_full(&self, resource_type: &str, existing: usize) -> bool {
        self.quotas
            .get(resource_type)
            .is_some_and(|quota| existing >= *quota)
    }

    /// Takes a name out of use after its object was deleted.
    pub(crate) fn reserve(&mut self, now: Instant, resource_type: &str, name: &str) {
        if !self.reservation.is_zero() {
            let until = now + self.reservation;
            self.reserved
                .insert((resource_type.to_owned(), name.to_owned()), until);
        }
    }

    /// Tells whether a name cannot be used yet.
    pub(crate) fn is_reserved(&self, now: Instant, resource_type: &str, name: &str) -> bool {
        let until = self.reserved.get(&(resource_type.to_owned(), name.to_owned()));
        until.is_some_and(|until| now < *until)
    }
}
