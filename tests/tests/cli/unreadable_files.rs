//! Files that cannot be read: the stack says which, and why.

use std::os::unix::fs::{PermissionsExt, symlink};

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use insta::assert_snapshot;

use crate::support::{VAULT, is_root};

fn says(env: &mut TestEnv) -> String {
    let validate = env.run(&["validate"]).expect(1);
    let plan = env.run(&["plan", "local"]).expect(1);
    assert_eq!(validate.stderr, plan.stderr);
    validate.stderr
}

#[test]
fn a_file_that_is_not_utf8() {
    let mut env = TestEnv::stack(VAULT);
    std::fs::write(env.folder().join("extra.hcl"), b"# caf\xe9\nlocals {\n}\n").unwrap();
    assert_snapshot!(says(&mut env), @"
    Error: Invalid UTF-8
     --> extra.hcl:1:6
      |
    1 | # caf
      |      ^ Byte 5 of `extra.hcl`, counted from 0, is not UTF-8
    Hint: Save the file as UTF-8

    Error: The stack has one mistake to mend
    ");
}

#[test]
fn a_file_that_vanishes_while_the_folder_is_read() {
    // The folder lists it, and it cannot be opened: what a reader sees when a file goes in between.
    let mut env = TestEnv::stack(VAULT);
    symlink("nowhere", env.folder().join("gone.hcl")).unwrap();
    assert_snapshot!(says(&mut env), @"
    Error: `gone.hcl` was listed and is gone
    Hint: Another program changes this folder; try again when it is done
    ");
    let fmt = env.run(&["fmt"]).expect(1);
    assert!(fmt.stderr.contains("gone.hcl"), "{fmt}");
}

#[test]
fn a_folder_named_like_a_file() {
    let mut env = TestEnv::stack(VAULT);
    std::fs::create_dir(env.folder().join("folder.hcl")).unwrap();
    let run = env.run(&["validate"]);
    assert_snapshot!(run.to_string(), @"
    $ infra validate
    --- exit 0
    --- stdout
    Valid in: local
    --- stderr
    ");
}

#[test]
fn a_file_that_may_not_be_read() {
    if is_root() {
        machine::skip(
            "a_file_that_may_not_be_read",
            "root may read everything; run as another user",
        );
        return;
    }
    let mut env = TestEnv::stack(VAULT).file("extra.hcl", "locals {\n}\n");
    let path = env.folder().join("extra.hcl");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    assert!(says(&mut env).contains("extra.hcl"));
}

#[test]
fn a_link_that_leads_to_itself() {
    let mut env = TestEnv::stack(VAULT);
    symlink("loop.hcl", env.folder().join("loop.hcl")).unwrap();
    assert!(says(&mut env).contains("loop.hcl"));
}

#[test]
fn a_stack_without_its_main_file() {
    let mut env = TestEnv::stack(VAULT);
    std::fs::remove_file(env.folder().join("stack.hcl")).unwrap();
    assert_snapshot!(says(&mut env), @"
    Error: This folder holds no file `stack.hcl`
    Hint: Name a stack's folder with -C, or start one with: infra init
    ");
}

#[test]
fn an_empty_file_and_a_deep_one() {
    let mut env = TestEnv::stack("");
    let run = env.run(&["validate"]).expect(1);
    assert!(run.stderr.contains("stack"), "{run}");
    let deep = format!(
        "stack {{\n  name = \"deep\"\n}}\n\nlocals {{\n  a = {}1{}\n}}\n",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let mut env = TestEnv::stack(&deep);
    let run = env.run(&["validate"]).expect(1);
    assert!(
        run.stderr.contains("Nested too deeply"),
        "{}",
        &run.stderr[..500.min(run.stderr.len())]
    );
    let blocks = format!(
        "stack {{\n  name = \"deep\"\n}}\n{}{}",
        "a {\n".repeat(50_000),
        "}\n".repeat(50_000)
    );
    let mut env = TestEnv::stack(&blocks);
    let run = env.run(&["validate"]).expect(1);
    assert!(
        run.stderr.contains("Nested too deeply"),
        "{}",
        &run.stderr[..500.min(run.stderr.len())]
    );
}
