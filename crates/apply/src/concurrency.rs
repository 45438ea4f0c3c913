//! How many calls an API takes at once: found out by asking, not fixed. Plain data, tested without async.
//!
//! Each group (a provider's service, such as `aws.rds`) has a limit of its own, which grows while steps wait for it.
//! Before the first throttle it doubles per round. A throttle lowers it to the calls that the API goes on with, though
//! by no more than half, and is remembered: up to what was too high the limit grows by one per round, and beyond it
//! the more slowly the more often that was refused. So a run stands where the API lets it, and is seldom refused.

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
    /// Whether something waits for a slot since the last call began.
    pressed: bool,
    /// Throttles that answer the same burst of calls are one wave.
    wave: u64,
    /// No throttle of this wave lowers the limit further.
    floor: f64,
    /// The limit that was last refused; none before the first throttle.
    too_high: Option<f64>,
    /// How many rounds it takes to grow by one beyond what was refused.
    caution: f64,
}

/// How many rounds a group waits at most before it asks for more than was refused.
const CAUTION_MAX: f64 = 64.0;

/// The right to run one call. It is given back with [`Limits::leave`].
#[derive(Debug)]
#[must_use]
pub struct Slot {
    group: String,
    wave: u64,
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

    /// Tells whether a new call may begin; if not, the limit is asked to grow. Calls that wait to be tried again go
    /// first.
    #[must_use]
    pub fn has_room(&mut self, group: &str) -> bool {
        let of = self.group(group);
        let has_room = of.running + of.waiting < of.limit();
        of.pressed |= !has_room;
        has_room
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
            of.pressed = true;
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

    /// Learns that the API goes on with a call for another round.
    pub fn goes_on(&mut self, slot: &Slot) {
        let maximum = f64::from(self.policy.maximum.max(1));
        self.group(&slot.group).grow(maximum);
    }

    /// Gives a slot back and learns from how the call ended.
    #[expect(clippy::needless_pass_by_value, reason = "a slot is given back once")]
    pub fn leave(&mut self, slot: Slot, end: CallEnd) {
        let maximum = f64::from(self.policy.maximum.max(1));
        let of = self.group(&slot.group);
        of.running = of.running.saturating_sub(1);
        match end {
            CallEnd::Silent => {}
            CallEnd::Taken => of.grow(maximum),
            CallEnd::Throttled => of.shrink(slot.wave),
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
            pressed: false,
            wave: 0,
            floor: 1.0,
            too_high: None,
            caution: 1.0,
        })
    }
}

impl Group {
    fn limit(&self) -> u32 {
        self.allowed as u32
    }

    fn begin(&mut self, group: &str) -> Slot {
        self.running += 1;
        self.pressed = false;
        Slot {
            group: group.to_owned(),
            wave: self.wave,
        }
    }

    /// Takes in that the API took a call. A limit that nothing waits for says nothing about a higher one.
    fn grow(&mut self, maximum: f64) {
        if !self.pressed {
            return;
        }
        let before = self.limit();
        self.allowed += match self.too_high {
            None => 1.0,
            Some(limit) if self.allowed + 1.0 < limit => 1.0 / self.allowed,
            Some(_) => 1.0 / (self.allowed * self.caution),
        };
        self.allowed = self.allowed.min(maximum);
        if self.limit() > before && self.too_high.is_some_and(|limit| self.allowed >= limit) {
            // Another refusal takes this back and more.
            self.too_high = Some(f64::from(self.limit()) + 1.0);
            self.caution = (self.caution / 2.0).max(1.0 / self.allowed);
        }
    }

    /// Takes in that the API refused a call that began in a wave.
    fn shrink(&mut self, wave: u64) {
        if wave == self.wave {
            self.wave += 1;
            self.floor = (self.allowed / 2.0).max(1.0);
            self.too_high = Some(f64::from(self.limit()));
            self.caution = (self.caution * 4.0).clamp(1.0, CAUTION_MAX);
        }
        let goes_on = f64::from(self.running);
        self.allowed = self.allowed.min(goes_on.max(self.floor));
    }
}

#[cfg(test)]
mod tests;
