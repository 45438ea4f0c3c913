//! The far side: a cloud in memory that outlives the engines which talk to it.
//!
//! A call takes half its latency to arrive and half to answer. An engine that dies in the first half has changed
//! nothing, in the second half it has changed something and does not know: as with any cloud.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use infra_model::journal::Token;
use infra_model::record::ObjectId;
use infra_provider::error::{ErrorKind, ProviderError};
use tokio::time::Instant;

pub mod call;
pub mod fault;
pub mod object;

use call::{Call, CallEnd, Request};
use fault::{Fault, Rule};
use object::Object;

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

/// Everything in the cloud.
#[derive(Debug)]
pub(crate) struct World {
    /// Makes the secrets that the cloud generates; the same seed gives the same ones.
    pub(crate) seed: u64,
    /// Numbers the identities that the cloud assigns.
    pub(crate) assigned: u64,
    pub(crate) objects: BTreeMap<(String, ObjectId), Object>,
    /// What was made for which client token.
    pub(crate) tokens: BTreeMap<Token, ObjectId>,
    account: String,
    latency: Latency,
    capacity: Option<u32>,
    in_flight: u32,
    rules: Vec<Rule>,
    calls: Vec<Call>,
}

impl Cloud {
    /// Returns an empty cloud with an account.
    #[must_use]
    pub fn new(seed: u64, account: &str) -> Self {
        Cloud(Arc::new(Mutex::new(World {
            seed,
            assigned: 0,
            objects: BTreeMap::new(),
            tokens: BTreeMap::new(),
            account: account.to_owned(),
            latency: Latency::default(),
            capacity: None,
            in_flight: 0,
            rules: Vec::new(),
            calls: Vec::new(),
        })))
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

    /// Throttles every changing call beyond so many at once; none lifts it.
    pub fn throttle_beyond(&self, capacity: Option<u32>) {
        self.world().capacity = capacity;
    }

    /// Plans a fault. Of several rules that fit a call the oldest one acts.
    pub fn disturb(&self, rule: Rule) {
        self.world().rules.push(rule);
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

    /// Changes an object behind the engine's back; tells nothing if there is no such object.
    pub fn meddle(&self, id: &ObjectId, change: impl FnOnce(&mut Object)) {
        if let Some(object) = self.world().objects.values_mut().find(|object| object.id == *id) {
            change(object);
        }
    }

    /// Puts an object in behind the engine's back.
    pub fn put(&self, object: Object) {
        let place = (object.resource_type.clone(), object.id.clone());
        self.world().objects.insert(place, object);
    }

    /// Deletes an object behind the engine's back.
    pub fn lose(&self, id: &ObjectId) {
        self.world().objects.retain(|_, object| object.id != *id);
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes one call: waits, disturbs, and lets `effect` happen in between.
    pub(crate) async fn call<T>(
        &self,
        request: Request<'_>,
        effect: impl FnOnce(&mut World) -> Result<T, ProviderError> + Send,
    ) -> Result<T, ProviderError> {
        let flight = Flight::begin(self, request);
        let fault = flight.fault.clone();
        if let Some(error) = flight.refusal(request) {
            return flight.land(Err(error));
        }
        let half = flight.latency / 2;
        let delay = if let Some(Fault::Delay(delay)) = fault {
            delay
        } else {
            Duration::ZERO
        };
        tokio::time::sleep(half + delay).await;
        if let Some(Fault::LoseRequest) = fault {
            return flight.land(Err(request.lost()));
        }
        let result = effect(&mut self.world());
        tokio::time::sleep(half).await;
        flight.land(match fault {
            Some(Fault::LoseReply | Fault::LoseReplyAndHide(_) | Fault::HalfMake) => Err(request.lost()),
            _ => result,
        })
    }

    /// Returns the fault that the next call of this sort will meet, for effects that depend on it.
    pub(crate) fn foresee(&self, request: Request<'_>) -> Option<Fault> {
        let world = self.world();
        world
            .rules
            .iter()
            .find(|rule| rule.fits(request) && rule.is_due())
            .map(|rule| rule.fault.clone())
    }
}

/// A call on its way. Dropping it is the end of the engine that made it.
struct Flight<'a> {
    cloud: &'a Cloud,
    place: usize,
    counted: bool,
    crowded: bool,
    latency: Duration,
    fault: Option<Fault>,
}

impl<'a> Flight<'a> {
    fn begin(cloud: &'a Cloud, request: Request<'_>) -> Self {
        let mut world = cloud.world();
        let counted = request.kind.changes();
        world.in_flight += u32::from(counted);
        let crowded = counted && world.capacity.is_some_and(|capacity| world.in_flight > capacity);
        world.calls.push(Call::begin(request));
        Flight {
            cloud,
            place: world.calls.len() - 1,
            counted,
            crowded,
            latency: world.latency.of(request),
            fault: world.due_fault(request),
        }
    }

    fn refusal(&self, request: Request<'_>) -> Option<ProviderError> {
        let throttled = |retry_after| ProviderError {
            retry_after,
            code: Some("TooManyRequests".to_owned()),
            ..request.refused(ErrorKind::Throttled, "Too many requests")
        };
        match &self.fault {
            Some(Fault::Refuse(kind)) => Some(request.refused(*kind, "The request was refused")),
            Some(Fault::Throttle { retry_after }) => Some(throttled(*retry_after)),
            _ => self.crowded.then(|| throttled(None)),
        }
    }

    fn land<T>(self, result: Result<T, ProviderError>) -> Result<T, ProviderError> {
        let mut world = self.cloud.world();
        let call = &mut world.calls[self.place];
        call.ended = Some(Instant::now());
        call.end = match &result {
            Ok(_) => CallEnd::Answered,
            Err(error) => CallEnd::Failed(error.kind),
        };
        drop(world);
        result
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.cloud.world().in_flight -= u32::from(self.counted);
    }
}

impl World {
    /// Returns the fault that a call meets, and counts it.
    fn due_fault(&mut self, request: Request<'_>) -> Option<Fault> {
        let fitting = self.rules.iter_mut().filter(|rule| rule.fits(request));
        let mut due = None;
        for rule in fitting {
            if due.is_none() && rule.is_due() {
                due = Some(rule.fault.clone());
                rule.times -= 1;
            } else if rule.skip > 0 {
                rule.skip -= 1;
            }
        }
        due
    }
}

impl Latency {
    fn of(&self, request: Request<'_>) -> Duration {
        use call::CallKind::{Create, Delete, Find, Observe, Read, Update};
        match request.kind {
            Observe | Find | Read => self.look,
            Create => self.create,
            Update => self.update,
            Delete => self.delete,
        }
    }
}
