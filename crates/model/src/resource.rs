//! Resources as the stack wants them, and the graph they form.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, ComponentAddress};
use crate::component::Lifecycle;
use crate::diagnostic::Diagnostic;
use crate::digest::Digest;
use crate::expression::{Reference, each_reference};
use crate::value::{Attributes, canonical};

/// Where a resource lives: region and account of a cloud, or a folder of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(pub BTreeMap<String, String>);

/// A resource as the stack wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    /// Its stable name.
    pub address: Address,
    /// What the provider is asked for. Secrets are sealed before a plan is made.
    pub inputs: Attributes,
    /// Resources that must exist before it, beyond those its inputs refer to.
    pub after: BTreeSet<Address>,
    /// Where it shall live.
    pub target: Target,
    /// How it may change.
    pub lifecycle: Lifecycle,
}

impl Desired {
    /// Returns all resources that must exist before this one.
    #[must_use]
    pub fn dependencies(&self) -> BTreeSet<Address> {
        let mut dependencies = self.after.clone();
        for value in self.inputs.values() {
            each_reference(value, &mut |reference| {
                if let Reference::Output { address, .. } = reference {
                    dependencies.insert(address.clone());
                }
            });
        }
        dependencies
    }

    /// Returns the digest of the inputs and the target.
    #[must_use]
    pub fn inputs_digest(&self) -> Digest {
        canonical::digest_inputs(&self.inputs, &self.target)
    }
}

/// All resources of a stack in one environment. Edges are the references in inputs and `after`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceGraph {
    /// The resources.
    pub resources: BTreeMap<Address, Desired>,
    /// What each component exports, as values over outputs.
    pub exports: BTreeMap<ComponentAddress, Attributes>,
    /// What the user should know before saying yes: what is only advisory here, what a provider cannot do.
    pub notices: Vec<Diagnostic>,
}
