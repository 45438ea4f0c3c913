//! What a run works with: provider, store, key, clock, observer, and how patient it is.

use std::fmt;
use std::time::Duration;

use infra_model::clock::Clock;
use infra_model::event::{Event, Observer};
use infra_model::schema::ResourceSchema;
use infra_model::sealing::Sealing;
use infra_provider::provider::Provider;
use infra_state::contract::Store;

use crate::concurrency::ConcurrencyPolicy;
use crate::retry::RetryPolicy;

/// What a run works with.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// Manages the objects.
    pub provider: &'a dyn Provider,
    /// Remembers.
    pub store: &'a dyn Store,
    /// Seals and opens the environment's secrets.
    pub sealing: &'a dyn Sealing,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// Hears events.
    pub observer: &'a dyn Observer,
    /// How patient the run is.
    pub policy: &'a Policy,
}

/// How patient a run is, and how much it does at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// When a failed call is made again.
    pub retry: RetryPolicy,
    /// How many calls run at once.
    pub concurrency: ConcurrencyPolicy,
    /// How long lists are mistrusted.
    pub settling: Settling,
    /// Where random pauses come from; the same seed gives the same ones.
    pub seed: u64,
}

/// How long a list that shows no object is mistrusted, because clouds show new objects late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settling {
    /// How often to look before nothing means nothing.
    pub looks: u32,
    /// The pause between two looks.
    pub pause: Duration,
}

impl Default for Settling {
    /// Tags were seen in lists up to ten seconds after the object was made.
    fn default() -> Self {
        Settling {
            looks: 6,
            pause: Duration::from_secs(3),
        }
    }
}

impl<'a> World<'a> {
    pub(crate) fn emit(&self, event: &Event) {
        self.observer.on_event(event);
    }

    /// Returns the schema of a type; none if this provider does not know it.
    pub(crate) fn schema(&self, resource_type: &str) -> Option<&'a ResourceSchema> {
        self.provider.kinds().schemas().get(resource_type)
    }
}

impl fmt::Debug for World<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("provider", &self.provider.name())
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
