//! The far side: a cloud in memory that outlives the engines which talk to it.
//!
//! A call takes half its latency to arrive, but never more than half a minute, and the rest to answer. An engine that dies in the first half has changed
//! nothing, unless the weather lets its request outlive it; in the second half it has changed something and does not
//! know: as with any cloud. Everything random comes from one seed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_model::record::ObjectId;
use tokio::time::Instant;

pub mod call;
mod delivery;
pub mod fault;
mod flight;
pub mod limits;
pub mod object;
pub mod others;
mod past;
pub mod spread;
pub mod weather;
mod world;

use call::Call;
use fault::{FaultKind, Rule};
use object::Object;
use spread::Spread;
use weather::Weather;
pub(crate) use world::{Place, World};

/// A cloud. Clones share it, as engines share an account.
#[derive(Clone, Debug)]
pub struct Cloud(Arc<Mutex<World>>);

/// How long calls take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Looking, finding and reading.
    pub look: Duration,
    /// Creating.
    pub create: Duration,
    /// Updating.
    pub update: Duration,
    /// Deleting.
    pub delete: Duration,
}

impl Default for Latency {
    fn default() -> Self {
        Latency {
            look: Duration::from_millis(100),
            create: Duration::from_secs(4),
            update: Duration::from_secs(2),
            delete: Duration::from_secs(2),
        }
    }
}

impl Cloud {
    /// Returns an empty cloud with an account.
    #[must_use]
    pub fn new(seed: u64, account: &str) -> Self {
        Cloud(Arc::new(Mutex::new(World::new(seed, account))))
    }

    /// Returns the account.
    #[must_use]
    pub fn account(&self) -> String {
        self.world().account.clone()
    }

    /// Says how long calls take from now on.
    pub fn take_time(&self, latency: Latency) {
        self.world().latency = latency;
    }

    /// Says how much that differs from call to call; by default not at all.
    pub fn vary(&self, spread: Spread) {
        self.world().spread = spread;
    }

    /// Throttles every changing call beyond so many at once; none lifts it.
    pub fn throttle_beyond(&self, capacity: Option<u32>) {
        self.world().limits.capacity = capacity;
    }

    /// Refuses more objects of a type than so many; none lifts it.
    pub fn allow_at_most(&self, resource_type: &str, quota: Option<usize>) {
        self.world().limits.set_quota(resource_type, quota);
    }

    /// Keeps the name of a deleted object from being used again for so long.
    pub fn reserve_names(&self, duration: Duration) {
        self.world().limits.reservation = duration;
    }

    /// Plans a fault. Of several rules that fit a call the oldest one acts.
    pub fn disturb(&self, rule: Rule) {
        self.world().rules.push(rule);
    }

    /// Says what goes wrong by itself from now on; scripted faults go first.
    pub fn set_weather(&self, weather: Weather) {
        self.world().weather = weather;
    }

    /// Returns how often each sort of fault was met so far.
    #[must_use]
    pub fn faults(&self) -> BTreeMap<FaultKind, u64> {
        self.world().met.clone()
    }

    /// Returns all objects, also those that lists do not show yet.
    #[must_use]
    pub fn objects(&self) -> Vec<Object> {
        self.world().objects.values().cloned().collect()
    }

    /// Returns all calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.clone()
    }

    /// Returns when the last request that is still on its way arrives, whoever sent it; none if there is none.
    #[must_use]
    pub fn last_arrival(&self) -> Option<Instant> {
        self.world().deliveries.last()
    }

    /// Changes an object behind the engine's back; tells nothing if there is no such object.
    pub fn meddle(&self, id: &ObjectId, change: impl FnOnce(&mut Object)) {
        let mut world = self.world();
        let place = world.objects.keys().find(|(_, of)| of == id).cloned();
        if let Some(place) = place {
            world.alter(&place, change);
        }
    }

    /// Puts an object in behind the engine's back.
    pub fn put(&self, object: Object) {
        self.world().insert(object);
    }

    /// Deletes an object behind the engine's back.
    pub fn lose(&self, id: &ObjectId) {
        let mut world = self.world();
        let places = world.objects.keys().filter(|(_, of)| of == id);
        for place in places.cloned().collect::<Vec<_>>() {
            world.remove(&place);
        }
    }

    /// Returns the cloud as it is now: with everything in it that has arrived meanwhile.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        world.catch_up(Instant::now());
        world
    }
}
