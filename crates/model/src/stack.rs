//! A stack as one environment sees it, typed and checked.

use std::collections::BTreeMap;

use crate::address::ComponentAddress;
use crate::component::Component;
use crate::digest::Digest;
use crate::environment::Environment;
use crate::settings::Consumer;
use crate::store::StoreDeclaration;

/// What a team wants in one environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// The stack's name.
    pub name: String,
    /// The environment.
    pub environment: Environment,
    /// Where the state is kept.
    pub store: StoreDeclaration,
    /// All components, modules and `for_each` unfolded.
    pub components: BTreeMap<ComponentAddress, Component>,
    /// What programs that use the stack read, by consumer.
    pub settings: BTreeMap<String, Consumer>,
    /// Addresses that changed their name.
    pub moved: Vec<Moved>,
    /// The digest of all files and given variables, so that a plan says what it was made from.
    pub config_digest: Digest,
}

/// A component (or one resource of it) that changed its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The old address: of a component, or of a resource.
    pub from: String,
    /// The new address, of the same sort.
    pub to: String,
}
