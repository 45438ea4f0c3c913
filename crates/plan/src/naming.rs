//! What a text that a user gives as an address names: one resource, or many.

use infra_model::address::Address;

/// Tells whether a text names an address: the resource, its component, all instances of it, or its module.
#[must_use]
pub fn names(text: &str, address: &Address) -> bool {
    let component = address.component_str();
    if text == address.as_str() || text == component {
        return true;
    }
    component.strip_prefix(text).is_some_and(|rest| {
        rest.starts_with('[') && !text.ends_with(']') || rest.starts_with('.') && text.starts_with("module.")
    })
}
