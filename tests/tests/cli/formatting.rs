//! `infra fmt`.

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
    Caused by: No such file or directory (os error 2)
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
