//! A component while it is lowered: where it stands, and how its resources are put together.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::component::{Component, Lifecycle};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::{Desired, Target};
use infra_model::stack::Stack;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{LowerRequest, address};

use crate::connection::REGION;
use crate::ownership::is_reserved;
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

    /// Returns the tags that the block `aws` of the component asks for: an input of every type that carries tags. Numbers and truth
    /// are written as texts, for tags are nothing else; what cannot be a tag is left out, and told by [`Scene::wrong_tags`].
    #[must_use]
    pub fn tags(&self) -> Value {
        let Some(Value::Map(tags)) = self.setting("tags") else {
            return Value::Null;
        };
        let tags = tags.iter().filter(|(key, _)| !is_reserved(key));
        Value::map(tags.filter_map(|(key, value)| Some((key.clone(), tag(value)?))))
    }

    /// Returns an error for each tag in the block `aws` that there cannot be.
    #[must_use]
    pub fn wrong_tags(&self) -> Vec<Diagnostic> {
        let wrong = |detail: String| {
            let detail = format!("`tags` in `aws` of `{}` {detail}", self.component.address);
            Diagnostic::error("Invalid tags", detail).at(self.component.span)
        };
        let tags = match self.setting("tags") {
            None => return Vec::new(),
            Some(Value::Map(tags)) => tags,
            Some(_) => return vec![wrong("takes a map of texts".to_owned())],
        };
        let reserved = tags.keys().filter(|key| is_reserved(key)).map(|key| {
            let error = wrong(format!("has the key `{key}`, which is not free"));
            error
                .hint("Keys that begin with `infra:` say whose an object is, those with `aws:` belong to AWS")
        });
        let odd = tags.iter().filter(|(_, value)| tag(value).is_none());
        let odd = odd.map(|(key, _)| wrong(format!("has no text as its `{key}`")));
        reserved.chain(odd).collect()
    }
}

/// Returns the value of a tag, nothing if it is none.
fn tag(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) => Some(Value::String(number.to_string())),
        Value::Bool(truth) => Some(Value::String(truth.to_string())),
        Value::List(_) | Value::Map(_) => None,
        // A secret or a value that is known after apply may well be a text.
        value => Some(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use infra_model::component::ComponentSpec;
    use infra_model::component::network::Network;

    use super::*;
    use crate::lower::testing::{component, stack};

    /// Returns the tags of a component that asks for these, and what is said of them.
    fn tagged(tags: Value) -> (Value, Vec<String>) {
        let network = Network {
            cidr: "10.30.0.0/16".to_owned(),
            zones: 1,
            segments: BTreeMap::new(),
            allow: Vec::new(),
        };
        let component = component("network.main", ComponentSpec::Network(network), [("tags", tags)]);
        let stack = stack([component.clone()]);
        let scene = Scene {
            component: &component,
            stack: &stack,
        };
        let told = scene.wrong_tags().into_iter().map(|one| one.detail).collect();
        (scene.tags(), told)
    }

    #[test]
    fn tags_are_texts() {
        let asked = [
            ("Name", Value::from("shop")),
            ("cost_center", Value::from(42_i64)),
            ("temporary", Value::from(true)),
        ];
        let wanted = [("Name", "shop"), ("cost_center", "42"), ("temporary", "true")];
        let wanted = Value::map(wanted.map(|(key, value)| (key, Value::from(value))));
        assert_eq!(tagged(Value::map(asked)), (wanted, Vec::new()));
    }

    #[test]
    fn tags_that_there_cannot_be_are_told_and_left_out() {
        let asked = [
            ("infra:token", Value::from("x")),
            ("AWS:stack", Value::from("x")),
            ("teams", Value::list([Value::from("x")])),
        ];
        let (tags, told) = tagged(Value::map(asked));
        assert_eq!(tags, Value::map::<String>([]));
        insta::assert_snapshot!(told.join("\n"), @r"
        `tags` in `aws` of `network.main` has the key `AWS:stack`, which is not free
        `tags` in `aws` of `network.main` has the key `infra:token`, which is not free
        `tags` in `aws` of `network.main` has no text as its `teams`
        ");
        let (tags, told) = tagged(Value::from("team"));
        assert_eq!((tags, told.len()), (Value::Null, 1));
    }
}
