//! Stacks for the tests of lowering.

use std::collections::BTreeMap;

use infra_model::component::{Component, ComponentSpec, Lifecycle};
use infra_model::diagnostic::Span;
use infra_model::digest::Digest;
use infra_model::environment::{DataPolicy, Environment, ProviderChoice};
use infra_model::resource::Desired;
use infra_model::stack::Stack;
use infra_model::store::StoreDeclaration;
use infra_model::value::{Attributes, Value};

/// Returns a component with these settings in its block `aws`.
pub(crate) fn component<const N: usize>(
    address: &str,
    spec: ComponentSpec,
    settings: [(&str, Value); N],
) -> Component {
    let settings: Attributes = settings.map(|(name, value)| (name.to_owned(), value)).into();
    Component {
        address: address.parse().unwrap(),
        spec,
        provider_settings: [("aws".to_owned(), settings)].into(),
        lifecycle: Lifecycle::default(),
        span: Span::default(),
    }
}

/// Returns the stack `shop` with these components, in the environment `staging` in Ireland.
pub(crate) fn stack(components: impl IntoIterator<Item = Component>) -> Stack {
    stack_in("eu-west-1", components)
}

/// The same in another region.
pub(crate) fn stack_in(region: &str, components: impl IntoIterator<Item = Component>) -> Stack {
    let settings = [("region", region), ("account", "111122223333")];
    let settings = settings.map(|(name, value)| (name.to_owned(), Value::string(value)));
    Stack {
        name: "shop".to_owned(),
        environment: Environment {
            name: "staging".to_owned(),
            aliases: Vec::new(),
            wave: 0,
            data: DataPolicy::Mock,
            provider: ProviderChoice {
                name: "aws".to_owned(),
                settings: settings.into(),
                span: Span::default(),
            },
            approval: None,
            span: Span::default(),
        },
        store: StoreDeclaration::default(),
        components: components
            .into_iter()
            .map(|component| (component.address.clone(), component))
            .collect(),
        settings: BTreeMap::new(),
        moved: Vec::new(),
        config_digest: Digest::of(b""),
    }
}

/// Returns resources as text: a line per address and per input.
pub(crate) fn text<'a>(resources: impl IntoIterator<Item = &'a Desired>) -> String {
    let lines = |resource: &Desired| {
        let inputs = resource.inputs.iter();
        let inputs = inputs.map(|(name, value)| format!("  {name} = {value:?}"));
        let mut lines = vec![resource.address.to_string()];
        lines.extend(inputs);
        lines.extend(resource.after.iter().map(|address| format!("  after {address}")));
        lines.join("\n")
    };
    resources.into_iter().map(lines).collect::<Vec<_>>().join("\n")
}
