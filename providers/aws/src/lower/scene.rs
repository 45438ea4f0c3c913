//! A component while it is lowered: where it stands, and how its resources are put together.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::component::{Component, Lifecycle};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::{Desired, Target};
use infra_model::stack::Stack;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{LowerRequest, address};

use crate::connection::REGION;
use crate::partition;
use crate::settings::of_environment;

/// A component while it is lowered.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The component.
    pub component: &'a Component,
    /// The stack it stands in.
    pub stack: &'a Stack,
}

impl<'a> Scene<'a> {
    /// Returns the scene of a request.
    #[must_use]
    pub fn of(request: &LowerRequest<'a>) -> Self {
        Scene {
            component: request.component,
            stack: request.stack,
        }
    }

    /// Returns the region of the environment.
    #[must_use]
    pub fn region(&self) -> &'a str {
        of_environment(self.stack, REGION)
    }

    /// Returns the partition of the region, as ARNs name it.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        partition::name(self.region())
    }

    /// Returns the account of the environment.
    #[must_use]
    pub fn account(&self) -> &'a str {
        of_environment(self.stack, "account")
    }

    /// Returns the name of an object of this component, unique in its account and region: stack, environment, component and `part`,
    /// never longer than `longest`.
    #[must_use]
    pub fn name(&self, part: &str, longest: usize) -> String {
        super::names::of(
            &self.stack.name,
            &self.stack.environment.name,
            (self.component.address.as_str(), part),
            longest,
        )
    }

    /// Returns what the block `aws` of the component sets, nothing if it does not.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&'a Value> {
        let settings = self.component.provider_settings.get("aws")?;
        settings.get(name).filter(|value| !value.is_null())
    }

    /// Returns an error for each setting in the block `aws` that there is not.
    #[must_use]
    pub fn unknown_settings(&self, known: &[&str]) -> Vec<Diagnostic> {
        let settings = self.component.provider_settings.get("aws").into_iter().flatten();
        let unknown = settings.filter(|(name, _)| !known.contains(&name.as_str()));
        unknown.map(|(name, _)| self.unknown(name, known)).collect()
    }

    fn unknown(&self, name: &str, known: &[&str]) -> Diagnostic {
        let detail = format!("`aws` of `{}` has no setting `{name}`", self.component.address);
        let error = Diagnostic::error("Unknown setting", detail).at(self.component.span);
        match near_match(name, known.iter().copied()) {
            Some(near) => error.hint(format!("Did you mean `{near}`?")),
            None => error.hint(format!("There are: {}", known.join(", "))),
        }
    }

    /// Returns a resource of the component, in the region of the environment.
    #[must_use]
    pub fn resource<const N: usize>(
        &self,
        resource_type: &str,
        name: &str,
        inputs: [(&str, Value); N],
    ) -> Desired {
        self.resource_of(
            resource_type,
            name,
            inputs.map(|(name, value)| (name.to_owned(), value)).into(),
        )
    }

    /// Returns a resource of the component with these inputs; null ones are left out, and the component's tags are added.
    #[must_use]
    pub fn resource_of(&self, resource_type: &str, name: &str, inputs: Attributes) -> Desired {
        Desired {
            address: address(self.component, resource_type, name),
            inputs: inputs.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            after: BTreeSet::new(),
            target: Target(BTreeMap::from([(REGION.to_owned(), self.region().to_owned())])),
            // Each resource gets its part of the component's lifecycle when all are there.
            lifecycle: Lifecycle::default(),
        }
    }

    /// Returns the tags that the block `aws` of the component asks for: an input of every type that carries tags.
    #[must_use]
    pub fn tags(&self) -> Value {
        self.setting("tags").cloned().unwrap_or(Value::Null)
    }
}
