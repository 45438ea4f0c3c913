//! `infra fmt`.

use std::os::unix::fs::{PermissionsExt, symlink};

use infra_tests::environment::TestEnv;

use crate::support::document;

const UGLY: &str = "stack   {\nname=\"shop\" # ours\n}\n\n\n\nkey_vault \"app\" {\n    secret \"a\" {\n value=\"x\"\n }\n}\n";

#[test]
fn files_are_laid_out_once_and_keep_their_comments() {
    let mut env = TestEnv::stack(UGLY);
    let first = env.run(&["fmt"]).expect(0);
    assert!(first.stdout.contains("stack.hcl\n"), "{first}");
    let text = std::fs::read_to_string(env.folder().join("stack.hcl")).unwrap();
    assert!(
        text.contains("# ours") && text.contains("name = \"shop\""),
        "{text}"
    );
    let second = env.run(&["fmt"]).expect(0);
    assert_eq!(second.stdout, "", "{second}");
    let _ = env.run(&["fmt", "--check"]).expect(0);
    let _ = env.run(&["validate"]).expect(0);
}

#[test]
fn a_check_names_the_files_and_changes_none() {
    let mut env = TestEnv::stack(UGLY);
    let check = env.run(&["fmt", "--check"]).expect(1);
    assert!(check.stdout.contains("stack.hcl\n"), "{check}");
    let text = std::fs::read_to_string(env.folder().join("stack.hcl")).unwrap();
    assert_eq!(text, UGLY);
    let json = document(&env.run(&["fmt", "--check", "--json"]).expect(1));
    assert_eq!(json["format"], "infra.fmt/1");
    assert!(
        json["changed"].as_array().unwrap().contains(&"stack.hcl".into()),
        "{json}"
    );
}

#[test]
fn named_files_alone_are_laid_out() {
    let mut env = TestEnv::stack(UGLY);
    env.write("env/other.hcl", UGLY);
    let run = env.run(&["fmt", "env/other.hcl"]).expect(0);
    assert_eq!(run.stdout, "env/other.hcl\n", "{run}");
    let text = std::fs::read_to_string(env.folder().join("stack.hcl")).unwrap();
    assert_eq!(text, UGLY);
}

#[test]
fn a_file_that_cannot_be_parsed_is_left_alone_and_shown() {
    let mut env = TestEnv::stack("stack {\n  name = \n}\n");
    let run = env.run(&["fmt"]).expect(1);
    assert!(run.stderr.contains("--> stack.hcl:2"), "{run}");
    let missing = env.run(&["fmt", "missing.hcl"]).expect(1);
    insta::assert_snapshot!(missing.stderr, @"
    Error: The file `missing.hcl` cannot be read
    Caused by: entity not found
    ");
}

#[test]
fn nothing_but_files_of_the_stack_is_touched() {
    let mut env = TestEnv::stack(UGLY);
    env.write(".infra/local/note.hcl", UGLY);
    env.write("notes.txt", "a   =1");
    let run = env.run(&["fmt"]).expect(0);
    assert!(!run.stdout.contains("note"), "{run}");
}

#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    let mut env = TestEnv::stack(UGLY);
    let (stack, shared) = (env.folder().join("stack.hcl"), env.root().join("shared.hcl"));
    std::fs::rename(&stack, &shared).unwrap();
    symlink(&shared, &stack).unwrap();
    std::fs::set_permissions(&shared, PermissionsExt::from_mode(0o444)).unwrap();
    let _ = env.run(&["fmt"]).expect(0);
    assert!(std::fs::symlink_metadata(&stack).unwrap().is_symlink());
    assert_ne!(std::fs::read_to_string(&shared).unwrap(), UGLY);
    let mode = std::fs::metadata(&shared).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444, "{mode:o}");
}

#[test]
fn a_byte_order_mark_goes_and_places_are_counted_with_it() {
    let mut env = TestEnv::stack(&format!("\u{feff}{UGLY}"));
    let _ = env.run(&["validate"]).expect(0);
    let _ = env.run(&["fmt"]).expect(0);
    let text = std::fs::read_to_string(env.folder().join("stack.hcl")).unwrap();
    assert!(text.starts_with("stack {"), "{text}");
    env.write("stack.hcl", "\u{feff}stack {\n  name = \n}\n");
    let run = env.run(&["fmt"]).expect(1);
    assert!(run.stderr.contains("--> stack.hcl:2:10"), "{run}");
}

#[test]
fn what_cannot_be_read_is_told_as_validate_tells_it() {
    let mut env = TestEnv::stack(UGLY);
    std::fs::write(env.folder().join("bad.hcl"), b"# caf\xe9\n").unwrap();
    let (fmt, validate) = (env.run(&["fmt"]).expect(1), env.run(&["validate"]).expect(1));
    assert!(fmt.stderr.contains("--> bad.hcl:1:6"), "{fmt}");
    assert!(fmt.stderr.contains("Hint: Save the file as UTF-8"), "{fmt}");
    assert!(
        validate.stderr.contains("Hint: Save the file as UTF-8"),
        "{validate}"
    );
}
