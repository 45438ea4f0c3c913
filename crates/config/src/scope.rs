//! The stack and its modules: what each declares, and the values found for it.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use infra_model::address::ComponentAddress;
use infra_model::value::Value;

use crate::declarations::{ComponentName, Declarations};
use crate::evaluate::instances::Instances;
use crate::report::Failed;
use crate::shape::Shape;

/// A value that is found once. It stays empty for what is part of a cycle.
pub(crate) type Slot<T> = OnceCell<Result<T, Failed>>;

/// The stack, or one of its modules.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub declarations: Declarations<'a>,
    /// The folder that its files are in.
    pub folder: String,
    /// The scope that calls this module and the names of all modules on the way here.
    pub parent: Option<usize>,
    pub path: Vec<&'a str>,
    /// The modules that it calls.
    pub children: BTreeMap<&'a str, usize>,
    pub variables: BTreeMap<&'a str, Slot<Value>>,
    pub locals: BTreeMap<&'a str, Slot<Value>>,
    pub outputs: BTreeMap<&'a str, Slot<Value>>,
    /// The instances of components with `for_each` or `count`.
    pub instances: BTreeMap<ComponentName<'a>, Slot<Instances>>,
}

impl<'a> Scope<'a> {
    /// Returns the scope of these declarations, with nothing known yet.
    pub(crate) fn new(declarations: Declarations<'a>, folder: String) -> Self {
        let several = declarations
            .components
            .iter()
            .filter(|(_, shape)| is_several(shape));
        Scope {
            folder,
            parent: None,
            path: Vec::new(),
            children: BTreeMap::new(),
            variables: slots(declarations.variables.keys()),
            locals: slots(declarations.locals.keys()),
            outputs: slots(declarations.outputs.keys()),
            instances: several.map(|(name, _)| (*name, Slot::new())).collect(),
            declarations,
        }
    }

    /// Returns the address of a component declared here, without the key of an instance.
    pub(crate) fn address(&self, (kind, label): ComponentName<'_>) -> Result<ComponentAddress, Failed> {
        // A label that is no name was reported when it was matched with its table.
        let mut address = ComponentAddress::new(kind, label).map_err(|_| Failed)?;
        for module in self.path.iter().rev() {
            address = address.inside_module(module);
        }
        Ok(address)
    }
}

fn slots<'k, 'a: 'k, T>(names: impl Iterator<Item = &'k &'a str>) -> BTreeMap<&'a str, Slot<T>> {
    names.map(|name| (*name, Slot::new())).collect()
}

/// Tells whether a component is declared with `for_each` or `count`.
pub(crate) fn is_several(component: &Shape<'_>) -> bool {
    component.attribute("for_each").is_some() || component.attribute("count").is_some()
}
