//! Facts: what describes a stack in one environment, as a tree of paths and values.
//!
//! Environments are compared and documents are written by facts, so that neither knows the kinds of component. Each kind has
//! one file that takes it apart by name: a new field does not compile until somebody says what it is called here.

use std::collections::{BTreeMap, BTreeSet};

use crate::component::{Component, ComponentSpec, Lifecycle, SegmentRef};
use crate::expression::Expression;
use crate::operation::{Operation, Operator};
use crate::sealing::Sealed;
use crate::stack::Stack;
use crate::value::{Attributes, Value};

mod blob_store;
mod environment;
mod key_vault;
mod network;
pub mod path;
mod postgres;
mod redis;
mod settings;
mod store;

/// What describes a thing: values by their path inside it, such as `backup.retention_days`.
///
/// Whoever a secret belongs to, it is the same here: its value is not part of a fact.
pub type Tree = BTreeMap<String, Value>;

/// What describes a stack in one environment: the facts of every thing, by its name.
///
/// A thing is `environment`, `store`, a component by its address, or a consumer as `settings.<name>`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The facts of each thing.
    pub things: BTreeMap<String, Tree>,
}

impl Facts {
    /// Returns what describes a stack. Names, aliases, places in files and what changes between two applies are no facts.
    #[must_use]
    pub fn of_stack(stack: &Stack) -> Facts {
        let Stack {
            name: _,
            environment,
            store,
            components,
            settings,
            moved: _,
            config_digest: _,
        } = stack;
        let mut things = BTreeMap::from([
            ("environment".to_owned(), environment::facts(environment)),
            ("store".to_owned(), store::facts(store)),
        ]);
        for (address, component) in components {
            things.insert(address.to_string(), of_component(component));
        }
        for (name, consumer) in settings {
            things.insert(path::join("settings", name), settings::facts(consumer));
        }
        Facts { things }
    }

    /// Returns the whole path of every fact.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        self.things
            .iter()
            .flat_map(|(thing, tree)| tree.keys().map(move |rest| path::whole(thing, rest)))
    }
}

/// Returns what describes a component.
#[must_use]
pub fn of_component(component: &Component) -> Tree {
    let Component {
        address: _,
        spec,
        provider_settings,
        lifecycle,
        span: _,
    } = component;
    let mut tree = Tree::new();
    let mut root = Branch::root(&mut tree);
    match spec {
        ComponentSpec::Network(network) => network::describe(network, &mut root),
        ComponentSpec::Postgres(postgres) => postgres::describe(postgres, &mut root),
        ComponentSpec::Redis(redis) => redis::describe(redis, &mut root),
        ComponentSpec::BlobStore(store) => blob_store::describe(store, &mut root),
        ComponentSpec::KeyVault(vault) => key_vault::describe(vault, &mut root),
    }
    for (provider, settings) in provider_settings {
        root.branch(provider).set_all(settings);
    }
    describe_lifecycle(lifecycle, &mut root);
    tree
}

fn describe_lifecycle(lifecycle: &Lifecycle, root: &mut Branch<'_>) {
    let Lifecycle {
        protect,
        ignore_changes,
        depends_on,
        create_before_destroy,
    } = lifecycle;
    root.set("protect", *protect);
    root.set("ignore_changes", texts(ignore_changes));
    root.set("depends_on", texts(depends_on));
    root.set_optional("create_before_destroy", *create_before_destroy);
}

/// A place in a tree of facts.
struct Branch<'t> {
    tree: &'t mut Tree,
    path: String,
}

impl<'t> Branch<'t> {
    fn root(tree: &'t mut Tree) -> Self {
        Branch {
            tree,
            path: String::new(),
        }
    }

    /// Returns the place below this one with a name, which may be any text.
    fn branch(&mut self, name: &str) -> Branch<'_> {
        Branch {
            tree: self.tree,
            path: path::join(&self.path, name),
        }
    }

    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.tree
            .insert(path::join(&self.path, name), without_secrets(value.into()));
    }

    /// Sets what is a secret as a whole, whatever it is made from.
    fn set_concealed(&mut self, name: &str, value: Value) {
        self.set(name, concealed(value));
    }

    fn set_optional<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        self.set(name, value.map_or(Value::Null, Into::into));
    }

    fn set_all(&mut self, values: &Attributes) {
        for (name, value) in values {
            self.set(name, value.clone());
        }
    }
}

/// Returns the one secret of facts, which tells none from another.
fn secret() -> Value {
    Value::Sealed(Sealed::from_text(String::new()))
}

/// Returns a value with every secret in it replaced by one that is the same for all.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Secret(_) | Value::Sealed(_) => secret(),
        Value::Deferred(expression) => Value::deferred(match *expression {
            // What it is given is marked only after apply.
            Expression::Apply { operation, arguments } if operation.makes_secret() => {
                applied(operation, arguments, concealed)
            }
            Expression::Apply { operation, arguments } => applied(operation, arguments, without_secrets),
            reference @ Expression::Reference(_) => reference,
        }),
        held => inside(held, without_secrets),
    }
}

/// Returns what is known of a value that is a secret as a whole: what it refers to, and nothing that stands in it.
fn concealed(value: Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_) | Value::Secret(_) | Value::Sealed(_) => secret(),
        Value::Deferred(expression) => Value::deferred(match *expression {
            Expression::Apply { operation, arguments } => applied(operation, arguments, concealed),
            reference @ Expression::Reference(_) => reference,
        }),
        held => inside(held, concealed),
    }
}

/// Returns an operation with its arguments changed. The name or number of a part that it takes from a reference stays: it
/// belongs to what is referred to.
fn applied(operation: Operation, arguments: Vec<Value>, change: fn(Value) -> Value) -> Expression {
    let is_index = operation == Operation::Operator(Operator::Index);
    let arguments = arguments.into_iter().enumerate();
    let changed = arguments.map(|(at, argument)| match at {
        1 if is_index => without_secrets(argument),
        _ => change(argument),
    });
    Expression::Apply {
        operation,
        arguments: changed.collect(),
    }
}

/// Returns a list or map with what it holds changed, any other value as it is.
fn inside(value: Value, change: fn(Value) -> Value) -> Value {
    match value {
        Value::List(values) => Value::List(values.into_iter().map(change).collect()),
        Value::Map(entries) => {
            let entries = entries.into_iter();
            Value::Map(entries.map(|(key, value)| (key, change(value))).collect())
        }
        other => other,
    }
}

/// Returns texts as a list in the order of the alphabet: where their order means nothing.
fn texts<T: ToString>(texts: impl IntoIterator<Item = T>) -> Value {
    let sorted: BTreeSet<String> = texts.into_iter().map(|text| text.to_string()).collect();
    Value::list(sorted.into_iter().map(Value::from))
}

fn segment(segment: Option<&SegmentRef>) -> Value {
    segment.map_or(Value::Null, |SegmentRef { network, segment }| {
        Value::string(format!("{network}.segment.{segment}"))
    })
}

#[cfg(test)]
mod tests;
