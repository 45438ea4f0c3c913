//! Everything in the cloud. Objects change through here alone, so that lists can show the world as it was.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_model::journal::Token;
use infra_model::record::ObjectId;
use tokio::time::Instant;

use super::Latency;
use super::call::{Call, CallKind, Request};
use super::delivery::Deliveries;
use super::fault::{Fault, FaultKind, Rule};
use super::limits::Limits;
use super::object::Object;
use super::past::Past;
use super::spread::Spread;
use super::weather::Weather;

/// Where an object is: its type and its identity.
pub(crate) type Place = (String, ObjectId);

/// Everything in the cloud.
#[derive(Debug)]
pub(crate) struct World {
    /// Makes the secrets that the cloud generates; the same seed gives the same ones.
    pub(crate) seed: u64,
    /// Decides whatever is left to chance.
    pub(crate) random: fastrand::Rng,
    /// The time at which whatever happens just now happens.
    pub(crate) now: Instant,
    /// Numbers the identities that the cloud assigns.
    pub(crate) assigned: u64,
    pub(crate) objects: BTreeMap<Place, Object>,
    /// What was made for which client token.
    pub(crate) tokens: BTreeMap<Token, ObjectId>,
    pub(super) past: Past,
    pub(super) account: String,
    pub(super) latency: Latency,
    pub(super) spread: Spread,
    pub(crate) limits: Limits,
    pub(super) in_flight: u32,
    pub(super) deliveries: Deliveries,
    pub(super) rules: Vec<Rule>,
    pub(super) weather: Weather,
    pub(super) met: BTreeMap<FaultKind, u64>,
    pub(super) calls: Vec<Call>,
}

impl World {
    pub(super) fn new(seed: u64, account: &str) -> Self {
        World {
            seed,
            random: fastrand::Rng::with_seed(seed),
            now: Instant::now(),
            assigned: 0,
            objects: BTreeMap::new(),
            tokens: BTreeMap::new(),
            past: Past::default(),
            account: account.to_owned(),
            latency: Latency::default(),
            spread: Spread::default(),
            limits: Limits::default(),
            in_flight: 0,
            deliveries: Deliveries::default(),
            rules: Vec::new(),
            weather: Weather::default(),
            met: BTreeMap::new(),
            calls: Vec::new(),
        }
    }

    /// Puts an object in, or in the place of the one that is there.
    pub(crate) fn insert(&mut self, object: Object) {
        let place = (object.resource_type.clone(), object.id.clone());
        let before = self.objects.insert(place.clone(), object);
        self.past.remember(self.now, place, before);
    }

    /// Changes an object, if it is there.
    pub(crate) fn alter(&mut self, place: &Place, change: impl FnOnce(&mut Object)) {
        if let Some(object) = self.objects.get_mut(place) {
            self.past.remember(self.now, place.clone(), Some(object.clone()));
            change(object);
        }
    }

    /// Takes an object out, if it is there.
    pub(crate) fn remove(&mut self, place: &Place) {
        if let Some(object) = self.objects.remove(place) {
            self.past.remember(self.now, place.clone(), Some(object));
        }
    }

    /// Counts a fault that was met.
    pub(crate) fn meet(&mut self, kind: FaultKind) {
        *self.met.entry(kind).or_default() += 1;
    }

    /// Returns the fault that a call meets: the oldest rule that fits, else what the weather brings.
    pub(super) fn due_fault(&mut self, request: Request<'_>) -> Option<Fault> {
        let fault = self.ruled(request);
        let fault = fault.or_else(|| self.weather.draw(request, &mut self.random));
        if let Some(fault) = &fault {
            self.meet(fault.kind());
        }
        fault
    }

    fn ruled(&mut self, request: Request<'_>) -> Option<Fault> {
        let mut due = None;
        for rule in self.rules.iter_mut().filter(|rule| rule.fits(request)) {
            if due.is_none() && rule.is_due() {
                due = Some(rule.fault.clone());
                rule.times -= 1;
            } else if rule.skip > 0 {
                rule.skip -= 1;
            }
        }
        due
    }

    /// Returns how long a call takes.
    pub(super) fn latency(&mut self, request: Request<'_>) -> Duration {
        let usual = match request.kind {
            CallKind::Observe | CallKind::Find | CallKind::Read => self.latency.look,
            CallKind::Create => self.latency.create,
            CallKind::Update => self.latency.update,
            CallKind::Delete => self.latency.delete,
        };
        self.spread.around(usual, &mut self.random)
    }

    /// Lets everything happen that has arrived by now, each thing at its time.
    pub(super) fn catch_up(&mut self, now: Instant) {
        while let Some(delivery) = self.deliveries.next(now) {
            self.now = delivery.arrives;
            (delivery.effect)(self);
        }
        self.now = now;
    }
}
