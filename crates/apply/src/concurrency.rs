//! How many calls an API takes at once: found out by asking, not fixed. Plain data, tested without async.
//!
//! Each group (a provider's service, such as `aws.rds`) has a limit of its own. It doubles per round until the
//! first throttle, then grows by one per round and halves at each throttle, as TCP finds the width of a line.

use std::collections::BTreeMap;

use infra_model::address::Address;

/// Where limits begin and end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyPolicy {
    /// How many calls a group may run before anything is known of it.
    pub initial: u32,
    /// How many it may ever run.
    pub maximum: u32,
}

impl Default for ConcurrencyPolicy {
    /// Ten is what the APIs of clouds take without complaint; sixty-four saturates all that were measured.
    fn default() -> Self {
        ConcurrencyPolicy {
            initial: 10,
            maximum: 64,
        }
    }
}

/// The limits of all groups.
#[derive(Debug)]
pub struct Limits {
    policy: ConcurrencyPolicy,
    groups: BTreeMap<String, Group>,
}

#[derive(Debug)]
struct Group {
    allowed: f64,
    running: u32,
    waiting: u32,
    /// How often the limit was halved.
    halvings: u64,
}

/// The right to run one call. It is given back with [`Limits::leave`].
#[derive(Debug)]
#[must_use]
pub struct Slot {
    group: String,
    halvings: u64,
}

/// What a call says about its API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The API took it.
    Taken,
    /// The API asks for less.
    Throttled,
    /// Nothing: it failed for another reason, or was not made.
    Silent,
}

/// Returns the group that calls for a resource count against: the provider and its service.
#[must_use]
pub fn group_of(address: &Address) -> &str {
    let resource_type = address.resource_type_str();
    resource_type
        .rsplit_once('.')
        .map_or(resource_type, |(group, _)| group)
}

impl Limits {
    /// Returns limits of which nothing is known yet.
    #[must_use]
    pub fn new(policy: ConcurrencyPolicy) -> Self {
        Limits {
            policy,
            groups: BTreeMap::new(),
        }
    }

    /// Tells whether a new call may begin. Calls that wait to be tried again go first.
    #[must_use]
    pub fn has_room(&self, group: &str) -> bool {
        self.groups
            .get(group)
            .is_none_or(|group| group.running + group.waiting < group.limit())
    }

    /// Takes a slot for a new call. The caller has made sure that there is room.
    pub fn enter(&mut self, group: &str) -> Slot {
        debug_assert!(self.has_room(group));
        self.group(group).begin(group)
    }

    /// Announces a call that will be tried again.
    pub fn wait(&mut self, group: &str) {
        self.group(group).waiting += 1;
    }

    /// Takes a slot for a call that was announced, if there is one.
    pub fn enter_again(&mut self, group: &str) -> Option<Slot> {
        let of = self.group(group);
        if of.running >= of.limit() {
            return None;
        }
        of.waiting = of.waiting.saturating_sub(1);
        Some(of.begin(group))
    }

    /// Takes back the announcement of a call that will not be tried again.
    pub fn give_up(&mut self, group: &str) {
        let of = self.group(group);
        of.waiting = of.waiting.saturating_sub(1);
    }

    /// Gives a slot back and learns from how the call ended.
    #[expect(clippy::needless_pass_by_value, reason = "a slot is given back once")]
    pub fn leave(&mut self, slot: Slot, end: CallEnd) {
        let maximum = f64::from(self.policy.maximum.max(1));
        let of = self.group(&slot.group);
        let was_full = of.running >= of.limit();
        of.running = of.running.saturating_sub(1);
        match end {
            CallEnd::Silent => {}
            // A limit that was not used says nothing about a higher one.
            CallEnd::Taken if was_full => {
                let growth = if of.halvings == 0 { 1.0 } else { 1.0 / of.allowed };
                of.allowed = (of.allowed + growth).min(maximum);
            }
            CallEnd::Taken => {}
            // Calls that began before the last halving are news of the past.
            CallEnd::Throttled if slot.halvings == of.halvings => {
                of.allowed = (of.allowed / 2.0).max(1.0);
                of.halvings += 1;
            }
            CallEnd::Throttled => {}
        }
    }

    /// Returns how many calls a group may run now.
    #[must_use]
    pub fn limit(&self, group: &str) -> u32 {
        self.groups
            .get(group)
            .map_or(self.policy.initial.max(1), Group::limit)
    }

    fn group(&mut self, group: &str) -> &mut Group {
        let initial = f64::from(self.policy.initial.max(1));
        self.groups.entry(group.to_owned()).or_insert(Group {
            allowed: initial,
            running: 0,
            waiting: 0,
            halvings: 0,
        })
    }
}

impl Group {
    fn limit(&self) -> u32 {
        self.allowed as u32
    }

    fn begin(&mut self, group: &str) -> Slot {
        self.running += 1;
        Slot {
            group: group.to_owned(),
            halvings: self.halvings,
        }
    }
}

#[cfg(test)]
mod tests;
