//! All components of the stack and its modules, one per instance.

use std::collections::BTreeMap;

use infra_model::address::{ComponentAddress, InstanceKey};
use infra_model::component::{Component, ComponentSpec};

use super::{Node, blob_store, key_vault, network, postgres, redis};
use crate::declarations::ComponentName;
use crate::evaluate::instances::Instances;
use crate::evaluate::{Instance, Place, World};
use crate::language::component::is_provider;
use crate::report::Failed;
use crate::shape::Shape;
use crate::syntax::{Expr, Found, walk};

impl World<'_> {
    /// Returns all components that could be read. What is wrong with the others was reported.
    pub(crate) fn components(&self) -> BTreeMap<ComponentAddress, Component> {
        let mut all = Vec::with_capacity(self.count_components());
        for (at, scope) in self.scopes.iter().enumerate() {
            for (name, shape) in &scope.declarations.components {
                self.add_instances(at, *name, shape, &mut all);
            }
        }
        // Building the map from what is sorted fills its nodes; inserting one by one leaves them half empty.
        all.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        let components = all.into_iter().collect();
        self.check_component_cycles(&components);
        components
    }

    fn count_components(&self) -> usize {
        let several = self.scopes.iter().flat_map(|scope| scope.instances.values());
        let instances = several.filter_map(|slot| slot.get()?.as_ref().ok());
        let declared = self
            .scopes
            .iter()
            .map(|scope| scope.declarations.components.len());
        declared.chain(instances.map(Instances::len)).sum()
    }

    fn add_instances(
        &self,
        scope: usize,
        name: ComponentName<'_>,
        shape: &Shape<'_>,
        all: &mut Vec<(ComponentAddress, Component)>,
    ) {
        let place = Place::scope(scope);
        let Ok(address) = self.scopes[scope].address(name) else {
            return;
        };
        let Some(slot) = self.scopes[scope].instances.get(&name) else {
            let component = self.component_at(address.clone(), shape, &place);
            all.extend(component.map(|component| (address, component)));
            return;
        };
        let Some(Ok(instances)) = slot.get() else { return };
        // A hundred thousand of the same are read once and copied.
        let is_same = instances.len() > 0 && !mentions_instance(shape);
        let same = is_same.then(|| self.component_at(address.clone(), shape, &place));
        let mut add = |key: &InstanceKey, instance: Instance<'_>| {
            let address = address.instance(key);
            let component = match &same {
                Some(same) => same.as_ref().map_err(|failed| *failed).map(|same| Component {
                    address: address.clone(),
                    ..same.clone()
                }),
                None => {
                    let instance = Some(instance);
                    self.component_at(address.clone(), shape, &Place { instance, ..place })
                }
            };
            all.extend(component.map(|component| (address, component)));
        };
        match instances {
            Instances::Count(count) => {
                for index in 0..*count {
                    add(&InstanceKey::Index(index), Instance::Index(index));
                }
            }
            Instances::Keys(entries) => {
                for (key, value) in entries {
                    add(&InstanceKey::Key(key.clone()), Instance::Each { key, value });
                }
            }
        }
    }

    fn component_at(
        &self,
        address: ComponentAddress,
        shape: &Shape<'_>,
        place: &Place<'_>,
    ) -> Result<Component, Failed> {
        let node = self.node(shape, place);
        let spec = self.spec(&node, place);
        let lifecycle = self.lifecycle(&node, place);
        let providers = node.blocks_where(is_provider);
        let settings = providers.map(|block| Ok((block.shape.schema.kind.to_owned(), block.free.clone()?)));
        Ok(Component {
            address,
            spec: spec?,
            provider_settings: settings.collect::<Result<_, Failed>>()?,
            lifecycle: lifecycle?,
            span: shape.span,
        })
    }

    fn spec(&self, node: &Node<'_>, place: &Place<'_>) -> Result<ComponentSpec, Failed> {
        match node.shape.schema.kind {
            "network" => network::network(node, self).map(ComponentSpec::Network),
            "postgres" => postgres::postgres(node, self, self.folder(place)).map(ComponentSpec::Postgres),
            "redis" => redis::redis(node, self).map(ComponentSpec::Redis),
            "blob_store" => blob_store::blob_store(node, self).map(ComponentSpec::BlobStore),
            "key_vault" => key_vault::key_vault(node, self).map(ComponentSpec::KeyVault),
            _ => Err(Failed),
        }
    }

    /// Returns the folder of the stack or module that an expression stands in; the stack's own is the empty path.
    fn folder(&self, place: &Place<'_>) -> &str {
        let scope = place.scope.and_then(|at| self.scopes.get(at));
        scope.map_or("", |scope| &scope.folder)
    }
}

/// Tells whether a component differs between its instances.
fn mentions_instance(shape: &Shape<'_>) -> bool {
    let own = shape.attributes.iter().map(|(_, attribute)| *attribute);
    let mut expressions = own
        .chain(shape.free.iter().copied())
        .map(|attribute| &attribute.value);
    expressions.any(refers_to_instance) || shape.blocks.iter().any(mentions_instance)
}

fn refers_to_instance(expression: &Expr) -> bool {
    let mut found_any = false;
    walk(expression, &mut |found| {
        found_any |= matches!(
            found,
            Found::Reference {
                root: "each" | "count",
                ..
            }
        );
    });
    found_any
}
