//! Documents about an environment: its topology with a drawing, its inventory, and how it differs from the others.

use infra_engine::documents::Documented;
use infra_engine::parity::Unread;
use infra_model::environment::DataPolicy;
use infra_model::value::Value;

use super::{facts, parity};

mod drawing;
mod inventory;
mod page;
mod ranks;
mod topology;

/// A file of the documents.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// The name of the file.
    pub(crate) name: &'static str,
    /// Its content, without the mark of who wrote it.
    pub(crate) text: String,
}

/// What the first line of each file says, by which it is known again.
pub(crate) const MARK: &str = "Written by `infra docs`: changes made here are lost";

impl Page {
    /// Tells whether it is for readers of text.
    pub(crate) fn is_text(&self) -> bool {
        self.name.ends_with(".md")
    }

    /// Returns the content of its file.
    pub(crate) fn marked(&self) -> String {
        format!(
            "<!-- {MARK} -->\n{}{}",
            if self.is_text() { "\n" } else { "" },
            self.text
        )
    }
}

/// Returns all documents of an environment.
pub(crate) fn pages(documented: &Documented) -> Vec<Page> {
    let topology = topology::topology(documented);
    let title = title(documented);
    let page = |name, text| Page { name, text };
    vec![
        page("topology.md", page::topology(&topology, &title)),
        page(
            "topology.svg",
            drawing::svg(&topology, &title, &subtitle(documented)),
        ),
        page("inventory.md", inventory::inventory(documented, &title)),
        page("parity.md", differences(documented, &title)),
    ]
}

fn title(documented: &Documented) -> String {
    let stack = &documented.stack;
    format!("{} · {}", stack.name, stack.environment.name)
}

/// Returns where an environment is and what data it holds, in a line.
fn subtitle(documented: &Documented) -> String {
    let environment = &documented.stack.environment;
    let settings = &environment.provider.settings;
    let region = ["region", "location"].map(|name| settings.get(name).and_then(Value::as_str));
    let place = match region.into_iter().flatten().next() {
        Some(region) => format!("{}, {region}", environment.provider.name),
        None => environment.provider.name.clone(),
    };
    let data = match environment.data {
        DataPolicy::None => "no data",
        DataPolicy::Mock => "made-up data",
        DataPolicy::Anonymised => "anonymised data",
        DataPolicy::Real => "real data",
    };
    format!("{place} · {data}")
}

/// Returns the page on how an environment differs from each other one.
fn differences(documented: &Documented, title: &str) -> String {
    let mut page = format!("# Differences: {}\n", facts::escaped(title));
    if documented.parities.is_empty() && documented.unread.is_empty() {
        page += "\nThe stack has no other environment.\n";
    }
    for parity in &documented.parities {
        let [other, own] = &parity.between;
        page += &format!("\n## {other} and {own}\n\n{}", parity::markdown(parity, "###"));
    }
    for Unread { name, reason } in &documented.unread {
        page += &format!(
            "\n## {}\n\nNot compared, because the environment cannot be read; `infra validate` tells all of it. {}.\n",
            facts::escaped(name),
            facts::escaped(reason)
        );
    }
    page
}

#[cfg(test)]
mod tests;
