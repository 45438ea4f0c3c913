//! Components: the portable, typed things that a stack declares.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::ComponentAddress;
use crate::diagnostic::Span;
use crate::value::Attributes;

pub mod blob_store;
pub mod exports;
pub mod key_vault;
pub mod network;
pub mod postgres;
pub mod redis;

/// A component after defaults, overlay and expressions.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its stable name.
    pub address: ComponentAddress,
    /// What it is.
    pub spec: ComponentSpec,
    /// What the blocks `local`, `aws` and `azure` inside it say, by provider.
    pub provider_settings: BTreeMap<String, Attributes>,
    /// How its resources may change.
    pub lifecycle: Lifecycle,
    /// Where it is declared.
    pub span: Span,
}

/// The kinds of component and their attributes.
#[derive(Clone, Debug, PartialEq)]
pub enum ComponentSpec {
    /// A segmented network.
    Network(network::Network),
    /// A PostgreSQL cluster.
    Postgres(postgres::Postgres),
    /// A Redis server or cluster.
    Redis(redis::Redis),
    /// A store of blobs.
    BlobStore(blob_store::BlobStore),
    /// A vault of secrets.
    KeyVault(key_vault::KeyVault),
}

impl ComponentSpec {
    /// Returns the kind as the stack language writes it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            ComponentSpec::Network(_) => "network",
            ComponentSpec::Postgres(_) => "postgres",
            ComponentSpec::Redis(_) => "redis",
            ComponentSpec::BlobStore(_) => "blob_store",
            ComponentSpec::KeyVault(_) => "key_vault",
        }
    }
}

/// How the resources of a component may change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// Whether deleting or replacing is refused. It is kept in the state, so deleting the component does not lift it.
    pub protect: bool,
    /// Attributes of resources whose changes are left alone.
    pub ignore_changes: BTreeSet<String>,
    /// Components that must exist before this one, beyond those it refers to.
    pub depends_on: BTreeSet<ComponentAddress>,
    /// Whether a replacement is created before the old object is deleted; none leaves it to the type.
    pub create_before_destroy: Option<bool>,
}

/// A segment of a network, as other components name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentRef {
    /// The network.
    pub network: ComponentAddress,
    /// The segment's name in it.
    pub segment: String,
}

/// A portable class of size; each provider maps it to its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// For trying out and for tests.
    Tiny,
    /// For development.
    Small,
    /// For staging and small production.
    Medium,
    /// For production.
    Large,
    /// For heavy production.
    Xlarge,
}

impl Size {
    /// Returns the word that a stack chooses it with.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Size::Tiny => "tiny",
            Size::Small => "small",
            Size::Medium => "medium",
            Size::Large => "large",
            Size::Xlarge => "xlarge",
        }
    }
}
