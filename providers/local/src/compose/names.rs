//! Names of services, variables and files of secrets, each there once.

use std::collections::BTreeSet;

use infra_model::address::ComponentAddress;

use crate::lower::postgres::name;

/// Returns a component as part of a name: `postgres.my_shop` gives `my-shop`, which is a name of a host as well.
pub(super) fn label(component: &ComponentAddress) -> String {
    host(&name::of(component, None))
}

/// Returns the name of a component's service, by which others reach it: `postgres-main`.
pub(super) fn service(component: &ComponentAddress) -> String {
    format!("{}-{}", host(component.kind()), label(component))
}

/// Returns a text as part of a name of a host.
fn host(text: &str) -> String {
    each(text, '-', |c| c.to_ascii_lowercase())
}

/// Returns a text as the name of a variable.
pub(super) fn variable(text: &str) -> String {
    each(text, '_', |c| c.to_ascii_uppercase())
}

fn each(text: &str, other: char, case: impl Fn(char) -> char) -> String {
    let one = |c: char| if c.is_ascii_alphanumeric() { case(c) } else { other };
    text.chars().map(one).collect()
}

/// Takes a name, with a number behind it if it is taken: different labels may look alike as names of hosts.
pub(super) fn take(taken: &mut BTreeSet<String>, wanted: &str) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}-{number}");
        number += 1;
    }
    name
}
