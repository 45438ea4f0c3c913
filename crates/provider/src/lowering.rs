//! Lowering: the pure step from a component to resources, as a provider implements it.

use infra_model::address::Address;
use infra_model::component::Component;
use infra_model::diagnostic::Diagnostic;
use infra_model::environment::Environment;
use infra_model::expression::{Expression, Reference};
use infra_model::resource::Desired;
use infra_model::stack::Stack;
use infra_model::value::{Attributes, Value};

/// Turns components into resources. Pure: what it needs to know of the machine or the cloud was found out before.
pub trait Lowering: Send + Sync {
    /// Returns the resources of one component and what it exports.
    ///
    /// Inputs may refer to outputs of its own resources and to exports of other components; the exports must be
    /// those of [`infra_model::component`]'s table for the kind, as values over outputs.
    fn lower(&self, request: &LowerRequest<'_>) -> Lowered;

    /// Returns what is wrong with the settings that the environment has for the provider.
    fn mistakes(&self, _environment: &Environment) -> Vec<Diagnostic> {
        Vec::new()
    }
}

/// Asks for one component.
#[derive(Clone, Copy, Debug)]
pub struct LowerRequest<'a> {
    /// The component.
    pub component: &'a Component,
    /// The stack it stands in, to look at the segments of its network.
    pub stack: &'a Stack,
}

/// What a component becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lowered {
    /// Its resources.
    pub resources: Vec<Desired>,
    /// What it exports.
    pub exports: Attributes,
    /// What cannot be done, and what the user should know before saying yes.
    pub diagnostics: Vec<Diagnostic>,
}

/// Returns the address of a resource of a component.
///
/// # Panics
///
/// When type or name are not well formed: both are written in the provider's source, names of users come from
/// labels that were checked when the stack was read.
#[must_use]
pub fn address(component: &Component, resource_type: &str, name: &str) -> Address {
    let text = format!("{}/{resource_type}.{name}", component.address);
    text.parse().expect("a type and a name that were checked before")
}

/// Returns a value that is the output of a resource.
#[must_use]
pub fn output(address: &Address, output: &str) -> Value {
    reference(address, output, false)
}

/// Returns a value that is a secret output of a resource.
#[must_use]
pub fn secret_output(address: &Address, output: &str) -> Value {
    reference(address, output, true)
}

fn reference(address: &Address, output: &str, secret: bool) -> Value {
    let (address, output) = (address.clone(), output.to_owned());
    Value::deferred(Expression::Reference(Reference::Output {
        address,
        output,
        secret,
    }))
}
