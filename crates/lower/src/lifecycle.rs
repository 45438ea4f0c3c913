//! What the lifecycle of a component means for its resources.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::component::{Component, ComponentSpec};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::Desired;
use infra_model::schema::{RecoveryClass, ResourceSchema, SchemaSet};

/// Gives each resource its part of the component's lifecycle; what the provider asked for beyond that stays.
///
/// Protection covers the resources that hold data, so that replicas and poolers of a protected database may come
/// and go. In a network, and in any other component that holds none, it covers all of them but those that are nothing but
/// their content, such as a rule between segments: another one is as good. Logs of what passed in a network are data beside
/// it, and no reason to leave the network itself alone.
pub fn apply(
    component: &Component,
    resources: &mut [Desired],
    schemas: &SchemaSet,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let lifecycle = &component.lifecycle;
    let schema_of = |desired: &Desired| schemas.get(desired.address.resource_type_str());
    let holds_data =
        |desired: &Desired| schema_of(desired).is_some_and(|schema| schema.holds_data_with(&desired.inputs));
    let is_content = |desired: &Desired| {
        schema_of(desired).is_some_and(|schema| schema.recovery == RecoveryClass::Content)
    };
    let is_network = matches!(component.spec, ComponentSpec::Network(_));
    let stands_for_data = !is_network && resources.iter().any(holds_data);
    for desired in resources.iter_mut() {
        let is_meant = holds_data(desired) || !stands_for_data && !is_content(desired);
        let protect = lifecycle.protect && is_meant;
        let attributes = schema_of(desired).map(|schema: &ResourceSchema| &schema.attributes);
        let ignored = lifecycle
            .ignore_changes
            .iter()
            .filter(|name| attributes.is_some_and(|attributes| attributes.contains_key(*name)));
        let own = &mut desired.lifecycle;
        own.protect |= protect;
        own.ignore_changes.extend(ignored.cloned());
        own.depends_on.extend(lifecycle.depends_on.iter().cloned());
        own.create_before_destroy = lifecycle.create_before_destroy.or(own.create_before_destroy);
    }
    if lifecycle.ignore_changes.is_empty() || resources.is_empty() {
        return;
    }
    let schemas = resources.iter().filter_map(schema_of);
    let known: BTreeSet<&str> = schemas
        .flat_map(|schema| schema.attributes.keys().map(String::as_str))
        .collect();
    for name in &lifecycle.ignore_changes {
        if !known.contains(name.as_str()) {
            diagnostics.push(unknown(component, name, &known));
        }
    }
}

fn unknown(component: &Component, name: &str, known: &BTreeSet<&str>) -> Diagnostic {
    let detail = format!("No resource of `{}` has an attribute `{name}`", component.address);
    let diagnostic = Diagnostic::error("Unknown attribute in `ignore_changes`", detail).at(component.span);
    match near_match(name, known.iter().copied()) {
        Some(near) => diagnostic.hint(format!("Did you mean `{near}`?")),
        None => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            diagnostic.hint(format!("There are: {}", known.join(", ")))
        }
    }
}

/// Makes the resources wait for `before` and returns those that others have to wait for.
///
/// Only resources that need none of their siblings wait themselves, and only those that no sibling needs are
/// waited for: the rest follows through them, with far fewer edges. A component without resources hands on what it
/// would have waited for.
pub fn join(resources: &mut [Desired], before: &BTreeSet<Address>) -> BTreeSet<Address> {
    if resources.is_empty() {
        return before.clone();
    }
    let own: BTreeSet<Address> = resources.iter().map(|desired| desired.address.clone()).collect();
    let mut ends = own.clone();
    for desired in resources {
        let dependencies = desired.dependencies();
        let siblings: Vec<&Address> = dependencies.iter().filter(|need| own.contains(*need)).collect();
        for sibling in &siblings {
            ends.remove(*sibling);
        }
        if siblings.is_empty() {
            desired.after.extend(before.iter().cloned());
        }
    }
    ends
}
