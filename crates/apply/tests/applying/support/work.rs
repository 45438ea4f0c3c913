//! Work of a shape and a size: what has to be made, after what, how long each really takes, and the least time that anybody
//! needs for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use infra_apply::concurrency::group_of;
use infra_model::address::Address;
use infra_model::component::Lifecycle;
use infra_model::resource::{Desired, ResourceGraph, Target};
use infra_model::value::Attributes;
use provider_sim::cloud::Cloud;
use provider_sim::cloud::Latency;
use provider_sim::cloud::call::CallKind;
use provider_sim::cloud::fault::{Fault, Rule};

use super::want::address;

/// How resources need each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Ten layers; each resource needs two of the layer before.
    Layered,
    /// No resource needs another.
    Wide,
    /// Four chains.
    Deep,
    /// Each resource needs up to three of any that came before.
    Random,
}

/// Resources to be made, in an order that their needs allow.
#[derive(Debug, Default)]
pub(crate) struct Work {
    jobs: Vec<Job>,
    places: BTreeMap<Address, usize>,
}

#[derive(Debug)]
struct Job {
    address: Address,
    needs: BTreeSet<usize>,
    takes: Duration,
}

impl Work {
    /// Returns so many resources of one type, each of which takes four seconds, more or less by up to `spread`
    /// hundredths.
    pub(crate) fn new(shape: Shape, count: usize, spread: u64, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut work = Work::default();
        let layer = count.div_ceil(10);
        for at in 0..count {
            let needs: Vec<usize> = match shape {
                Shape::Wide => Vec::new(),
                Shape::Deep => at.checked_sub(4).into_iter().collect(),
                Shape::Layered => {
                    let above = (at / layer).saturating_sub(1) * layer;
                    let two = 0..if at < layer { 0 } else { 2 };
                    two.map(|_| above + random.usize(..layer)).collect()
                }
                Shape::Random => (0..random.usize(..=3.min(at)))
                    .map(|_| random.usize(..at))
                    .collect(),
            };
            let takes = Duration::from_millis(random.u64(4000 - 40 * spread..=4000 + 40 * spread));
            work.add("token", &format!("r{at}"), needs, takes);
        }
        work
    }

    /// Adds a resource and returns its place.
    pub(crate) fn add(
        &mut self,
        class: &str,
        name: &str,
        needs: impl IntoIterator<Item = usize>,
        takes: Duration,
    ) -> usize {
        let (address, at) = (address(class, name), self.jobs.len());
        self.places.insert(address.clone(), at);
        self.jobs.push(Job {
            address,
            needs: needs.into_iter().collect(),
            takes,
        });
        at
    }

    /// Returns what is wanted.
    pub(crate) fn graph(&self) -> ResourceGraph {
        let desired = |job: &Job| {
            let name = ("name".to_owned(), job.address.name().into());
            let is_named = job.address.resource_type_str() == "sim.named.thing";
            let needs = job.needs.iter().map(|need| self.jobs[*need].address.clone());
            let desired = Desired {
                address: job.address.clone(),
                inputs: is_named.then_some(name).into_iter().collect::<Attributes>(),
                after: needs.collect(),
                target: Target::default(),
                lifecycle: Lifecycle::default(),
            };
            (job.address.clone(), desired)
        };
        ResourceGraph {
            resources: self.jobs.iter().map(desired).collect(),
            ..ResourceGraph::default()
        }
    }

    /// Lets each create take as long as it does here.
    pub(crate) fn take_time(&self, cloud: &Cloud) {
        let create = Duration::ZERO;
        cloud.take_time(Latency {
            create,
            ..Latency::default()
        });
        for job in &self.jobs {
            let rule = Rule::next(CallKind::Create, Fault::Delay(job.takes));
            cloud.disturb(rule.at(&job.address).times(u32::MAX));
        }
    }

    /// Returns the least time in which anybody can do it, with so many calls at once for each API: that of the longest
    /// path; of all work shared out evenly; and of calls that are not cut in pieces.
    pub(crate) fn least(&self, at_once: u32) -> Duration {
        let mut ends: Vec<Duration> = Vec::with_capacity(self.jobs.len());
        let mut groups: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
        for job in &self.jobs {
            let begins = job.needs.iter().map(|need| ends[*need]).max().unwrap_or_default();
            ends.push(begins + job.takes);
            groups.entry(group_of(&job.address)).or_default().push(job.takes);
        }
        let shared = groups.into_values().map(|takes| least_of_calls(takes, at_once));
        ends.into_iter().chain(shared).max().unwrap_or_default()
    }
}

/// Of `k * at_once + 1` calls some slot gets `k + 1`, and those take at least as long as the shortest `k + 1` of them.
fn least_of_calls(mut takes: Vec<Duration>, at_once: u32) -> Duration {
    takes.sort_unstable_by(|left, right| right.cmp(left));
    let shared = takes.iter().sum::<Duration>() / at_once;
    let whole = (at_once as usize..takes.len()).step_by(at_once as usize);
    let whole = whole
        .enumerate()
        .map(|(k, last)| takes[last - k - 1..=last].iter().sum());
    whole.chain([shared]).max().unwrap_or_default()
}
