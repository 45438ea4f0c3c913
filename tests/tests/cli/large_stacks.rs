//! Stacks far larger than anybody writes. No test measures time here; the runner's limit does.

use infra_tests::environment::TestEnv;

use crate::support::{document, vaults};

#[test]
fn a_hundred_thousand_resources_are_validated_and_drawn() {
    let mut env = TestEnv::stack(&vaults(100_000));
    let valid = env.run(&["validate"]).expect(0);
    assert_eq!(valid.stdout, "Valid in: local\n");
    let graph = env.run(&["graph", "local", "--json"]).expect(0);
    let resources = document(&graph)["resources"].as_array().unwrap().len();
    assert_eq!(resources, 100_000);
}

#[test]
fn thousands_of_written_blocks_are_validated() {
    let block = |number: usize| {
        format!("\nkey_vault \"v{number}\" {{\n  secret \"a\" {{\n    value = \"{number}\"\n  }}\n}}\n")
    };
    let blocks: String = (0..5_000).map(block).collect();
    let mut env = TestEnv::stack(&format!("stack {{\n  name = \"wide\"\n}}\n{blocks}"));
    let _ = env.run(&["validate"]).expect(0);
    let _ = env.run(&["fmt", "--check"]).expect(0);
}

#[test]
fn a_thousand_mistakes_are_all_told() {
    let block = |number: usize| format!("\nkey_vault \"v{number}\" {{\n  sekret = {number}\n}}\n");
    let blocks: String = (0..1_000).map(block).collect();
    let mut env = TestEnv::stack(&format!("stack {{\n  name = \"wide\"\n}}\n{blocks}"));
    let run = env.run(&["validate"]).expect(1);
    assert!(
        run.stderr
            .ends_with("Error: The stack has 1000 mistakes to mend\n"),
        "{run}"
    );
}
