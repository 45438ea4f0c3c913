//! What the planner is asked.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::plan::GivenDigests;
use infra_model::record::Serial;
use infra_model::resource::ResourceGraph;
use infra_model::schema::SchemaSet;
use infra_model::snapshot::Snapshot;
use infra_model::stack::Moved;

/// Asks for a plan.
#[derive(Clone, Copy, Debug)]
pub struct PlanRequest<'a> {
    /// What the stack wants. All its secrets are sealed.
    pub graph: &'a ResourceGraph,
    /// What is recorded and what was observed. All its secrets are sealed.
    pub snapshot: &'a Snapshot,
    /// The types of resource.
    pub schemas: &'a SchemaSet,
    /// Addresses that changed their name.
    pub moved: &'a [Moved],
    /// What the user asked for beyond the stack.
    pub options: &'a PlanOptions,
    /// What the plan belongs to.
    pub origin: &'a PlanOrigin,
}

/// What a plan belongs to and how long it holds. The time is an input, so that the same request gives the same plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanOrigin {
    /// The version of the engine.
    pub engine: String,
    /// The stack.
    pub stack: String,
    /// The environment.
    pub environment: String,
    /// The digest of the configuration.
    pub config: Digest,
    /// What was given for variables.
    pub given: GivenDigests,
    /// When the plan is made.
    pub created: Timestamp,
    /// When it may no longer be applied.
    pub expires: Timestamp,
    /// The earlier change that the graph was taken from instead of the stack.
    pub rollback: Option<Serial>,
}

/// What the user asked for beyond the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Where the plan leads.
    pub goal: Goal,
    /// Addresses of resources, components or modules to which the plan is limited, with all that they need.
    pub targets: BTreeSet<String>,
    /// Addresses of resources, components or modules that are left alone, with all that needs them.
    pub excludes: BTreeSet<String>,
    /// Resources to replace without another reason.
    pub replace: BTreeSet<Address>,
    /// Resources whose carried attribute `rotation` is raised.
    pub rotate: BTreeSet<Address>,
}

/// Where a plan leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// To what the stack wants.
    #[default]
    Converge,
    /// To nothing.
    Destroy,
}
