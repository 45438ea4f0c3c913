//! Observation: what the providers see of everything that the state knows, in bulk.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use futures::future::join_all;
use infra_model::address::Address;
use infra_model::event::Event;
use infra_model::record::{RecordEntry, RecordError, RecordKey};
use infra_model::snapshot::{Observation, Snapshot};
use infra_provider::error::ProviderError;
use infra_provider::request::Known;
use infra_state::contract::State;

use crate::interrupt::Interrupt;
use crate::pacer::Pacer;
use crate::sealed;
use crate::world::World;

/// Asks for a snapshot.
#[derive(Clone, Copy)]
pub struct ObserveRequest<'a> {
    /// What the run works with.
    pub world: World<'a>,
    /// What to look at.
    pub refresh: &'a Refresh,
    /// Ends the patience with a provider that does not answer.
    pub interrupt: &'a Interrupt,
}

impl fmt::Debug for ObserveRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserveRequest")
            .field("refresh", &self.refresh)
            .finish_non_exhaustive()
    }
}

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Everything that the state knows.
    All,
    /// The objects of these addresses, old ones included.
    Only(BTreeSet<Address>),
    /// Nothing: the records are taken for the truth.
    None,
}

/// The providers could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// A provider fails.
    #[error("The objects of type `{resource_type}` cannot be observed")]
    Provider {
        /// The type of the objects.
        resource_type: String,
        /// Why.
        #[source]
        source: ProviderError,
    },
    /// A record cannot be read.
    #[error("The record of `{key}` cannot be read")]
    Record {
        /// The record.
        key: RecordKey,
        /// Why.
        #[source]
        source: RecordError,
    },
}

/// Returns the state together with what the providers see, all types side by side, secrets sealed.
///
/// # Errors
///
/// When a record cannot be read, or a provider cannot be asked even with patience.
pub async fn observe(state: State, request: ObserveRequest<'_>) -> Result<Snapshot, ObserveError> {
    let looks = known_by_type(&state.records, request.refresh)?;
    let looks = looks
        .into_iter()
        .enumerate()
        .map(|(at, (resource_type, known))| async move {
            let seen = look(request, at, &resource_type, known).await;
            seen.map_err(|source| ObserveError::Provider {
                resource_type: resource_type.clone(),
                source,
            })
        });
    let mut observations = BTreeMap::new();
    for seen in join_all(looks).await {
        observations.extend(seen?);
    }
    Ok(Snapshot {
        lineage: state.header.lineage,
        serial: state.serial,
        records: state.records,
        observations,
        durations: state.durations,
    })
}

fn known_by_type(
    records: &BTreeMap<RecordKey, RecordEntry>,
    refresh: &Refresh,
) -> Result<BTreeMap<String, Vec<Known>>, ObserveError> {
    let is_meant = |key: &RecordKey| match refresh {
        Refresh::All => true,
        Refresh::Only(addresses) => addresses.contains(&key.address),
        Refresh::None => false,
    };
    let mut known: BTreeMap<String, Vec<Known>> = BTreeMap::new();
    for (key, entry) in records.iter().filter(|(key, _)| is_meant(key)) {
        let record = entry.record().map_err(|source| ObserveError::Record {
            key: key.clone(),
            source,
        })?;
        let of_type = known
            .entry(key.address.resource_type_str().to_owned())
            .or_default();
        of_type.push(Known {
            key: key.clone(),
            id: record.id.clone(),
            target: record.target.clone(),
            inputs: record.inputs.clone(),
        });
    }
    Ok(known)
}

/// Looks at all objects of one type, again while the provider asks for patience.
async fn look(
    request: ObserveRequest<'_>,
    salt: usize,
    resource_type: &str,
    known: Vec<Known>,
) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
    let ObserveRequest { world, interrupt, .. } = request;
    let seed = world.policy.seed.wrapping_add(salt as u64);
    let mut pacer = Pacer::new(world.policy.retry, seed, interrupt);
    let question = async || world.provider.kinds().observe(known.clone()).await;
    let say = |error: &ProviderError, pause| {
        world.emit(&Event::LookRetried {
            resource_type: resource_type.to_owned(),
            message: error.to_string(),
            pause,
        });
    };
    let seen = pacer.ask_aloud(question, say).await?;
    let seal = |(key, observation): (RecordKey, Observation)| match observation {
        Observation::Absent => (key, Observation::Absent),
        Observation::Present(observed) => {
            let schema = world.schema(key.address.resource_type_str());
            let observed = sealed::observed(observed, schema, world.sealing);
            (key, Observation::Present(observed))
        }
    };
    Ok(seen.into_iter().map(seal).collect())
}
