//! Components that need each other.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::ComponentAddress;
use infra_model::component::key_vault::VaultSecret;
use infra_model::component::{Component, ComponentSpec};
use infra_model::diagnostic::Diagnostic;
use infra_model::expression::{Reference, each_reference};
use infra_model::graph::Graph;
use infra_model::value::Value;

use crate::evaluate::World;

/// The most cycles that are told apart.
const CYCLES_MAX: usize = 20;

impl World<'_> {
    /// Reports components that need each other, each cycle as its whole path.
    pub(super) fn check_component_cycles(&self, components: &BTreeMap<ComponentAddress, Component>) {
        let needs = components
            .iter()
            .map(|(address, component)| (address, needs(component)));
        // What needs nothing is on no cycle.
        let mut needs: BTreeMap<_, _> = needs.filter(|(_, needs)| !needs.is_empty()).collect();
        for _ in 0..CYCLES_MAX {
            let entries = needs
                .iter()
                .map(|(address, needs)| (*address, needs.iter().collect()));
            let Err(cycle) = Graph::new(entries).order() else {
                return;
            };
            let mut names: Vec<&str> = cycle.path.iter().map(|address| address.as_str()).collect();
            names.extend(names.first().copied());
            let detail = format!("These need each other: {}", names.join(" → "));
            let mut diagnostic =
                Diagnostic::error("Cycle", detail).hint("Let one of them do without the others");
            for (at, address) in cycle.path.iter().enumerate() {
                let span = components[*address].span;
                diagnostic = match at {
                    0 => diagnostic.at(span),
                    _ => diagnostic.related(span, address.as_str()),
                };
            }
            self.report.add(diagnostic);
            cycle.path.iter().for_each(|address| {
                needs.remove(*address);
            });
        }
    }
}

fn needs(component: &Component) -> BTreeSet<&ComponentAddress> {
    let mut needs: BTreeSet<&ComponentAddress> = component.lifecycle.depends_on.iter().collect();
    let settings = component
        .provider_settings
        .values()
        .flat_map(|settings| settings.values());
    let (segment, values): (_, Vec<&Value>) = match &component.spec {
        ComponentSpec::Postgres(postgres) => {
            (postgres.segment.as_ref(), postgres.parameters.values().collect())
        }
        ComponentSpec::Redis(redis) => (redis.segment.as_ref(), Vec::new()),
        ComponentSpec::KeyVault(vault) => (None, vault.secrets.values().filter_map(given).collect()),
        ComponentSpec::BlobStore(store) => (store.segment.as_ref(), Vec::new()),
        ComponentSpec::Network(_) => (None, Vec::new()),
    };
    needs.extend(segment.map(|segment| &segment.network));
    for value in settings.chain(values) {
        each_reference(value, &mut |reference| {
            if let Reference::Export { component, .. } = reference {
                needs.insert(component);
            }
        });
    }
    needs
}

fn given(secret: &VaultSecret) -> Option<&Value> {
    match secret {
        VaultSecret::Given(value) => Some(value),
        VaultSecret::Generated(_) => None,
    }
}
