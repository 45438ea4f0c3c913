//! The language as a whole: files in, a typed stack or diagnostics out.

use std::collections::BTreeMap;

use infra_model::diagnostic::Diagnostic;
use infra_model::sealing::Secret;
use infra_model::stack::Stack;

use crate::files::Sources;
use crate::load::load;
use crate::rendering::render;
use crate::stack::{stack, validate};
use crate::variable::{Given, Origin};

mod api;
mod broken;
mod components;
mod expressions;

mod files;
mod overlays;
mod parity;
mod seeds;
mod settings;
mod stores;

/// The overlay of tests that are not about overlays.
const LOCAL: &str = "environment \"local\" {\n  provider \"local\" {}\n}\n";

/// Returns the stack of these lines in `local`, and what is wrong with it.
fn read(text: &str) -> (Option<Stack>, String) {
    read_files(
        &[
            ("stack.hcl", &format!("stack {{ name = \"test\" }}\n{text}")),
            ("env/local.hcl", LOCAL),
        ],
        &[],
    )
}

fn read_files(files: &[(&str, &str)], variables: &[(&str, &str)]) -> (Option<Stack>, String) {
    let parsed = load(&Sources::new(files.iter().copied()));
    let (stack, diagnostics) = stack(&parsed, "local", &given(variables));
    assert_eq!(stack.is_none(), diagnostics.iter().any(Diagnostic::is_error));
    (stack, render(&parsed.sources, &diagnostics))
}

fn given(variables: &[(&str, &str)]) -> BTreeMap<String, Given> {
    let given = |text: &str| Given {
        text: Secret::new(text),
        origin: Origin::Argument,
    };
    variables
        .iter()
        .map(|(name, text)| ((*name).to_owned(), given(text)))
        .collect()
}

/// Returns what is wrong with these lines.
fn errors(text: &str) -> String {
    read(text).1
}

/// Returns what is wrong with these files in any environment.
fn all_errors(files: &[(&str, &str)]) -> String {
    let parsed = load(&Sources::new(files.iter().copied()));
    render(&parsed.sources, &validate(&parsed, &BTreeMap::new()))
}
