//! What `infra validate` says of every stack under `tests/broken`: all mistakes at once, each with its place, a caret,
//! and what to do.

use std::collections::BTreeSet;

use infra_tests::environment::TestEnv;
use infra_tests::machine;

use crate::support::document;

macro_rules! broken {
    ($($name:ident = $folder:literal,)*) => {
        const FOLDERS: &[&str] = &[$($folder),*];
        $(#[test]
        fn $name() {
            insta::assert_snapshot!($folder, shown($folder));
        })*
    };
}

broken! {
    components = "components",
    cycles = "cycles",
    deep = "deep",
    duplicates = "duplicates",
    environments = "environments",
    instances = "instances",
    known_late = "known-late",
    modules = "modules",
    moved = "moved",
    names = "names",
    networks = "networks",
    no_stack = "no-stack",
    not_utf8 = "not-utf8",
    parity = "parity",
    secrets = "secrets",
    seeds = "seeds",
    stores = "stores",
    syntax = "syntax",
    types = "types",
    unclosed = "unclosed",
    variables = "variables",
}

fn shown(folder: &str) -> String {
    let mut env = TestEnv::copy_of(&format!("tests/broken/{folder}"));
    let run = env.run(&["validate"]).expect(1);
    assert_eq!(run.stdout, "", "mistakes are no data");
    let json = env.run(&["validate", "--json"]).expect(1);
    agrees(&run.stderr, &document(&json));
    run.stderr
}

/// The document says the same as the text.
fn agrees(text: &str, document: &serde_json::Value) {
    assert_eq!(document["format"], "infra.validation/1");
    assert_eq!(document["valid"], false);
    for diagnostic in document["diagnostics"].as_array().unwrap() {
        let Some(file) = diagnostic["place"]["file"].as_str() else {
            continue;
        };
        let start = &diagnostic["place"]["start"];
        let place = format!("{file}:{}:{}", start["line"], start["column"]);
        assert!(text.contains(&place), "{place} is not in\n{text}");
    }
}

#[test]
fn every_broken_stack_is_looked_at() {
    let folders = std::fs::read_dir(machine::project().join("tests/broken")).unwrap();
    let there: BTreeSet<String> = folders
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<String> = FOLDERS.iter().map(ToString::to_string).collect();
    assert_eq!(there, known, "list every folder of tests/broken above");
    assert!(known.len() >= 12);
}
