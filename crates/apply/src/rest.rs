//! Stops an environment and starts it again: what its objects have running, in the order of their needs, side by side.
//!
//! Nothing that is recorded changes, so there is no intent to write: what was not reached is seen by looking, and every
//! call may be made again. The provider's mark says which way the environment is going.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use infra_model::address::Address;
use infra_model::event::Event;
use infra_model::plan::StepId;
use infra_model::record::{Record, RecordEntry, RecordError, RecordKey};
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_provider::request::Known;

use crate::interrupt::Interrupt;
use crate::lease::{Holding, LeaseLost};
use crate::pacer::Pacer;
use crate::world::World;

/// Which way an environment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What runs is ended, what needs others first.
    Stop,
    /// What was ended is started, what others need first.
    Start,
}

impl Direction {
    /// Returns its name, as a verb.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Direction::Stop => "stop",
            Direction::Start => "start",
        }
    }
}

/// Asks for everything that is recorded to be stopped or started.
#[derive(Clone, Copy, Debug)]
pub struct RestRequest<'a> {
    /// What the run works with.
    pub world: World<'a>,
    /// The lease.
    pub holding: &'a Holding,
    /// The records.
    pub records: &'a BTreeMap<RecordKey, RecordEntry>,
    /// Which way.
    pub direction: Direction,
    /// The user's wish to stop working.
    pub interrupt: &'a Interrupt,
}

/// What was done and what was not.
#[derive(Debug, Default)]
pub struct RestReport {
    /// What was stopped or started, in the order in which it was done, and how long it took.
    pub done: Vec<(RecordKey, Duration)>,
    /// Outputs that may be others than before, secrets in clear.
    pub outputs: Vec<(RecordKey, Attributes)>,
    /// What was not, and why.
    pub failed: Vec<(RecordKey, ProviderError)>,
    /// What was not begun because of another, or because the run was to end.
    pub skipped: Vec<RecordKey>,
    /// Whether the lease was lost meanwhile.
    pub lost: Option<LeaseLost>,
}

impl RestReport {
    /// Tells whether all of it was done.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty() && self.lost.is_none()
    }
}

/// Stops or starts everything that can be. After a failure the rest goes on, but for what stands on it.
///
/// # Errors
///
/// When a record cannot be read; then nothing was done.
pub async fn rest(request: RestRequest<'_>) -> Result<RestReport, RecordError> {
    let mut work = Work::new(&request)?;
    let mut report = RestReport::default();
    let mut running = FuturesUnordered::new();
    loop {
        while let Some((step, node)) = work.next_ready() {
            let now = request.world.clock.now();
            report.lost = report.lost.or_else(|| request.holding.check(now).err());
            if report.lost.is_some() || request.interrupt.is_raised() {
                report.skipped.push(node.key);
                work.give_up(&mut report);
                break;
            }
            running.push(one(request, step, node));
        }
        match running.next().await {
            None => return Ok(report),
            Some((key, Ok((took, outputs)))) => {
                work.done(&key);
                report
                    .outputs
                    .extend(outputs.map(|outputs| (key.clone(), outputs)));
                report.done.push((key, took));
            }
            Some((key, Err(error))) => {
                work.failed(&request.world, &key, &mut report);
                report.failed.push((key, error));
            }
        }
    }
}

/// Stops or starts one object, and says so.
async fn one(
    request: RestRequest<'_>,
    step: StepId,
    known: Known,
) -> (RecordKey, Result<(Duration, Option<Attributes>), ProviderError>) {
    let RestRequest {
        world,
        direction,
        interrupt,
        ..
    } = request;
    let (key, action) = (known.key.clone(), direction.name());
    let started = world.clock.now();
    world.emit(&Event::StepStarted {
        step,
        key: key.clone(),
        action,
        estimate: Duration::ZERO,
    });
    let seed = world.policy.seed.wrapping_add(u64::from(step.0));
    let mut pacer = Pacer::new(world.policy.retry, seed, interrupt);
    let call = async || {
        let kind = world.provider.kinds().get(key.address.resource_type_str())?;
        match direction {
            Direction::Stop => kind.stop(&known).await.map(|()| None),
            Direction::Start => kind.start(&known).await,
        }
    };
    // Neither makes anything that could be there twice, so both are asked again like a question.
    let ended = pacer.ask(call).await;
    let took = world.clock.now().since(started);
    let event_key = key.clone();
    world.emit(&match &ended {
        Ok(_) => Event::StepDone {
            step,
            key: event_key,
            action,
            took,
        },
        Err(error) => Event::StepFailed {
            step,
            key: event_key,
            action,
            message: error.to_string(),
            took,
        },
    });
    (key, ended.map(|outputs| (took, outputs)))
}

/// What is still to do.
struct Work {
    waiting: BTreeMap<RecordKey, Waiting>,
    steps: u32,
}

/// An object and what must be done before it.
struct Waiting {
    known: Known,
    after: BTreeSet<RecordKey>,
}

impl Work {
    fn new(request: &RestRequest<'_>) -> Result<Self, RecordError> {
        let mut records: BTreeMap<&RecordKey, &Record> = BTreeMap::new();
        for (key, entry) in request.records {
            records.insert(key, entry.record()?);
        }
        let kinds = request.world.provider.kinds();
        let can_rest = |key: &RecordKey| {
            let kind = kinds.get(key.address.resource_type_str());
            kind.is_ok_and(infra_provider::kind::ResourceKind::can_rest)
        };
        let keys: BTreeSet<&RecordKey> = records.keys().copied().filter(|key| can_rest(key)).collect();
        let mut waiting: BTreeMap<RecordKey, Waiting> = BTreeMap::new();
        for key in &keys {
            let (known, after) = (known(records[*key]), BTreeSet::new());
            waiting.insert((*key).clone(), Waiting { known, after });
        }
        for key in &keys {
            for needed in needs(&records, key).intersection(&keys) {
                let (first, second) = match request.direction {
                    Direction::Start => (needed, key),
                    Direction::Stop => (key, needed),
                };
                if let Some(waiting) = waiting.get_mut(*second) {
                    waiting.after.insert((*first).clone());
                }
            }
        }
        Ok(Work { waiting, steps: 0 })
    }

    /// Takes an object that waits for nothing.
    fn next_ready(&mut self) -> Option<(StepId, Known)> {
        let ready = self.waiting.iter().find(|(_, waiting)| waiting.after.is_empty());
        let key = ready.map(|(key, _)| key.clone())?;
        let waiting = self.waiting.remove(&key)?;
        self.steps += 1;
        Some((StepId(self.steps), waiting.known))
    }

    fn done(&mut self, key: &RecordKey) {
        self.waiting.values_mut().for_each(|waiting| {
            waiting.after.remove(key);
        });
    }

    /// Passes over all that stands on what failed.
    fn failed(&mut self, world: &World<'_>, failed: &RecordKey, report: &mut RestReport) {
        let mut behind = BTreeSet::from([failed.clone()]);
        loop {
            let stands = |(_, waiting): &(&RecordKey, &Waiting)| !waiting.after.is_disjoint(&behind);
            let Some(key) = self.waiting.iter().find(stands).map(|(key, _)| key.clone()) else {
                return;
            };
            self.waiting.remove(&key);
            self.steps += 1;
            world.emit(&Event::StepSkipped {
                step: StepId(self.steps),
                key: key.clone(),
                because: failed.clone(),
            });
            report.skipped.push(key.clone());
            behind.insert(key);
        }
    }

    fn give_up(&mut self, report: &mut RestReport) {
        report
            .skipped
            .extend(std::mem::take(&mut self.waiting).into_keys());
    }
}

fn known(record: &Record) -> Known {
    Known {
        key: record.key.clone(),
        id: record.id.clone(),
        target: record.target.clone(),
        inputs: record.inputs.clone(),
    }
}

/// Returns all that an object needs, also through objects in between.
fn needs<'r>(records: &BTreeMap<&'r RecordKey, &'r Record>, key: &RecordKey) -> BTreeSet<&'r RecordKey> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&Address> = records[key].dependencies.iter().collect();
    while let Some(address) = open.pop() {
        let current = RecordKey::current(address.clone());
        if let Some((key, record)) = records.get_key_value(&current)
            && found.insert(*key)
        {
            open.extend(&record.dependencies);
        }
    }
    found
}
