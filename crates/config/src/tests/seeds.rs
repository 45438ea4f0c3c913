//! Seeds: their files are read with the stack, put in order, and part of what a plan was made from.

use std::collections::BTreeMap;

use infra_model::component::ComponentSpec;
use infra_model::stack::Stack;

use crate::files::Sources;
use crate::load::load;
use crate::seeds::SEED_BYTES_MAX;
use crate::stack::stack;

const OVERLAY: &str = "environment \"local\" {\n  data = \"mock\"\n  provider \"local\" {}\n}\n";
const STACK: &str = r#"
stack { name = "s" }
postgres "main" {
  database "app" {
    seed "a" {
      files = ["a.sql"]
      after = ["c"]
    }
    seed "b" { files = ["b.sql", "a.sql"] }
    seed "c" { files = ["c.sql"] }
  }
}
module "inner" { source = "./inner" }
"#;
const MODULE: &str =
    "postgres \"main\" {\n  database \"app\" {\n    seed \"d\" { files = [\"d.sql\"] }\n  }\n}\n";

fn read(b: &str) -> (Option<Stack>, Vec<String>) {
    let files = [
        ("stack.hcl", STACK),
        ("env/local.hcl", OVERLAY),
        ("inner/main.hcl", MODULE),
        ("inner/d.sql", "select 'd'"),
        ("a.sql", "select 'a'"),
        ("b.sql", b),
        ("c.sql", "select 'c'"),
    ];
    let parsed = load(&Sources::new(files));
    let (stack, problems) = stack(&parsed, "local", &BTreeMap::new());
    let problems = problems
        .iter()
        .map(|one| format!("{}: {}", one.summary, one.detail));
    (stack, problems.collect())
}

#[test]
fn seeds_come_by_name_but_for_those_that_wait() {
    let (stack, problems) = read("select 'b'");
    assert_eq!(problems, [] as [&str; 0]);
    let stack = stack.unwrap();
    let mut shown = Vec::new();
    for (address, component) in &stack.components {
        let ComponentSpec::Postgres(postgres) = &component.spec else {
            continue;
        };
        for seed in &postgres.databases["app"].seeds {
            let texts: Vec<&str> = seed.files.iter().map(|file| &*file.text).collect();
            let paths: Vec<&str> = seed.files.iter().map(|file| file.path.as_str()).collect();
            shown.push(format!("{address} {} {paths:?} {texts:?}", seed.name));
        }
    }
    insta::assert_snapshot!(shown.join("\n"), @r#"
    module.inner.postgres.main d ["inner/d.sql"] ["select 'd'"]
    postgres.main b ["b.sql", "a.sql"] ["select 'b'", "select 'a'"]
    postgres.main c ["c.sql"] ["select 'c'"]
    postgres.main a ["a.sql"] ["select 'a'"]
    "#);
}

#[test]
fn a_mark_of_the_order_of_bytes_is_no_part_of_a_seed() {
    let digest = |b: &str| read(b).0.unwrap().config_digest;
    assert_eq!(digest("\u{feff}select 1"), digest("select 1"));
}

#[test]
fn the_digest_of_the_stack_holds_the_text_of_its_seeds() {
    let digest = |b: &str| read(b).0.unwrap().config_digest;
    assert_eq!(digest("select 1"), digest("select 1"));
    assert_ne!(digest("select 1"), digest("select 2"));
}

#[test]
fn a_seed_that_is_too_large_for_a_state_is_refused() {
    let large = |bytes: usize| "-".repeat(bytes);
    assert_eq!(read(&large(SEED_BYTES_MAX - 10)).1, [] as [&str; 0]);
    assert_eq!(
        read(&large(SEED_BYTES_MAX)).1,
        ["Seed too large: The files of `b` are larger than 1 MiB together"]
    );
    assert_eq!(
        read(&large(SEED_BYTES_MAX + 1)).1,
        ["Seed too large: `b.sql` is larger than 1 MiB"]
    );
}
