//! The inventory: every component with its facts and what it becomes, and every consumer with its settings.

use std::collections::BTreeMap;

use infra_engine::documents::Documented;
use infra_model::address::Address;
use infra_model::facts::{Facts, Tree, of_component};
use infra_model::settings::Consumer;

use super::super::expression::written;
use super::super::facts::{code, escaped, says_something};
use crate::render::words::counted;

/// Returns the page.
pub(super) fn inventory(documented: &Documented, title: &str) -> String {
    let stack = &documented.stack;
    let mut page = format!("# Inventory: {}\n", escaped(title));
    let facts = Facts::of_stack(stack);
    for (heading, thing) in [("Environment", "environment"), ("State", "store")] {
        if let Some(tree) = facts.things.get(thing) {
            page += &format!("\n## {heading}\n\n{}", table(tree));
        }
    }
    page += "\n## Components\n";
    if stack.components.is_empty() {
        page += "\nThere are none.\n";
    }
    for (address, component) in &stack.components {
        page += &format!(
            "\n### {}\n\n{}",
            code(address.as_str()),
            table(&of_component(component))
        );
        page += &resources(documented, address.as_str());
    }
    if !stack.settings.is_empty() {
        page +=
            "\n## Settings\n\nWhat programs read from their environment variables. Secrets are left out.\n";
    }
    for (name, consumer) in &stack.settings {
        page += &settings(
            name,
            consumer,
            facts
                .things
                .get(&infra_model::facts::path::join("settings", name)),
        );
    }
    page
}

fn table(tree: &Tree) -> String {
    let mut table = "| | |\n| --- | --- |\n".to_owned();
    for (path, fact) in tree.iter().filter(|(_, fact)| says_something(fact)) {
        table += &format!("| {} | {} |\n", code(path), code(&written(fact)));
    }
    table
}

/// Returns what a component becomes, by type of resource.
fn resources(documented: &Documented, component: &str) -> String {
    let Some(graph) = &documented.resources else {
        return String::new();
    };
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let own = |address: &&Address| address.component_str() == component;
    for address in graph.resources.keys().filter(own) {
        names
            .entry(address.resource_type_str())
            .or_default()
            .push(address.name());
    }
    let count: usize = names.values().map(Vec::len).sum();
    if count == 0 {
        return String::new();
    }
    let mut list = format!("\nIt becomes {}:\n\n", counted(count, "resource"));
    for (of_type, names) in names {
        list += &format!("- {}: {}\n", code(of_type), names.join(", "));
    }
    list
}

fn settings(name: &str, consumer: &Consumer, facts: Option<&Tree>) -> String {
    let about = consumer.description.as_deref().map(escaped).unwrap_or_default();
    let mut page = format!("\n### {}\n\n", code(name));
    if !about.is_empty() {
        page += &format!("{about}.\n\n");
    }
    page += "| Variable | Type | Needed | Value | What it does |\n| --- | --- | --- | --- | --- |\n";
    for (variable, setting) in &consumer.settings {
        let path = |last: &str| infra_model::facts::path::join(variable, last);
        let fact = |last: &str| facts.and_then(|facts| facts.get(&path(last)));
        let text = |last: &str| {
            fact(last)
                .and_then(|fact| fact.as_str())
                .unwrap_or_default()
                .to_owned()
        };
        let given = fact("value").filter(|value| says_something(value));
        let given = given.map_or_else(|| "–".to_owned(), |given| code(&written(given)));
        let needed = if setting.required { "yes" } else { "no" };
        let about = setting.description.as_deref().map(escaped).unwrap_or_default();
        page += &format!(
            "| {} | {} | {needed} | {given} | {about} |\n",
            code(variable),
            text("type")
        );
    }
    page
}
