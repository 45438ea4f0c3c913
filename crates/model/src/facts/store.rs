//! The facts of where the state is kept.

use super::{Branch, Tree, secret};
use crate::store::{ObjectChoice, StoreChoice, StoreDeclaration};

pub(super) fn facts(store: &StoreDeclaration) -> Tree {
    // Where the state was before says nothing about what is wanted.
    let StoreDeclaration { choice, previous: _ } = store;
    let mut tree = Tree::new();
    let mut root = Branch::root(&mut tree);
    root.set("kind", choice.kind());
    match choice {
        StoreChoice::Embedded => {}
        StoreChoice::Object(ObjectChoice {
            url,
            region,
            endpoint,
            account,
        }) => {
            root.set("url", url.as_str());
            root.set_optional("region", region.as_deref());
            root.set_optional("endpoint", endpoint.as_deref());
            root.set_optional("account", account.as_deref());
        }
        // Its name leaves out what may be a password.
        StoreChoice::Postgres { url: _ } => root.set("url", choice.to_string()),
        StoreChoice::Hidden => root.set("url", secret()),
    }
    tree
}
