//! Names of services, networks, variables and files of secrets, each there once.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::ComponentAddress;
use infra_model::component::ComponentSpec;
use infra_model::stack::Stack;

use crate::lower::postgres::name;

/// The names of what is in a file.
#[derive(Debug)]
pub(super) struct Names {
    components: BTreeMap<ComponentAddress, String>,
    services: BTreeSet<String>,
}

impl Names {
    /// Returns the names of all components. They are taken before those of what belongs to a component, so that a server
    /// keeps its name whatever another one gains.
    pub(super) fn of(stack: &Stack) -> Self {
        let (mut services, mut networks) = (BTreeSet::new(), BTreeSet::new());
        let components = stack.components.values().map(|component| {
            let address = &component.address;
            let label = host(&name::of(address, None));
            let name = match &component.spec {
                ComponentSpec::Network(_) => take(&mut networks, &label, '-'),
                _ => take(&mut services, &format!("{}-{label}", host(address.kind())), '-'),
            };
            (address.clone(), name)
        });
        Names {
            components: components.collect(),
            services,
        }
    }

    /// Returns the name of a component: of a server the name by which others reach it, such as `postgres-main`, and of a
    /// network the first part of its networks' names.
    pub(super) fn component(&self, address: &ComponentAddress) -> String {
        self.components.get(address).cloned().unwrap_or_default()
    }

    /// Takes the name of another service, with a number behind it if a component has it.
    pub(super) fn service(&mut self, wanted: &str) -> String {
        take(&mut self.services, wanted, '-')
    }
}

/// Returns a text as part of a name of a host: `my_shop` gives `my-shop`.
pub(super) fn host(text: &str) -> String {
    each(text, '-', |c| c.to_ascii_lowercase())
}

/// Returns a text as the name of a variable.
pub(super) fn variable(text: &str) -> String {
    each(text, '_', |c| c.to_ascii_uppercase())
}

fn each(text: &str, other: char, case: impl Fn(char) -> char) -> String {
    let one = |c: char| if c.is_ascii_alphanumeric() { case(c) } else { other };
    text.chars().map(one).collect()
}

/// Takes a name, with a number behind it if it is taken: different labels may look alike as names of hosts.
pub(super) fn take(taken: &mut BTreeSet<String>, wanted: &str, between: char) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}{between}{number}");
        number += 1;
    }
    name
}
