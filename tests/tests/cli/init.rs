//! `infra init`.

use infra_tests::environment::TestEnv;

use crate::support::document;

#[test]
fn a_new_stack_is_valid_and_can_be_planned() {
    let mut env = TestEnv::empty();
    std::fs::remove_dir(env.folder().join("env")).unwrap();
    let run = env.run(&["init", "--name", "web-shop"]).expect(0);
    insta::assert_snapshot!(run.to_string(), @"
    $ infra init --name web-shop
    --- exit 0
    --- stdout
    stack.hcl
    env/local.hcl
    .gitignore
    --- stderr
    See what it would make with: infra plan local
    ");
    let valid = env.run(&["validate"]).expect(0);
    assert_eq!(valid.stdout, "Valid in: local\n");
    let _ = env.run(&["fmt", "--check"]).expect(0);
    let plan = env.run(&["plan", "local"]).expect(0);
    assert!(plan.stdout.starts_with("web-shop, environment local\n"), "{plan}");
}

#[test]
fn files_that_exist_are_left_alone() {
    let mut env = TestEnv::stack("# mine\n");
    let run = env.run(&["init"]).expect(0);
    assert_eq!(run.stdout, ".gitignore\n", "{run}");
    assert!(
        run.stderr
            .contains("There already, left alone: stack.hcl, env/local.hcl"),
        "{run}"
    );
    let text = std::fs::read_to_string(env.folder().join("stack.hcl")).unwrap();
    assert_eq!(text, "# mine\n");
}

#[test]
fn a_folder_is_made_and_its_name_taken() {
    let mut env = TestEnv::empty();
    let run = env.run(&["-C", "My Shop", "init", "--json"]).expect(0);
    assert_eq!(document(&run)["format"], "infra.init/1");
    let text = std::fs::read_to_string(env.folder().join("My Shop/stack.hcl")).unwrap();
    assert!(text.contains("name = \"my-shop\""), "{text}");
}

#[test]
fn a_name_that_cannot_be_one_is_refused() {
    let mut env = TestEnv::empty();
    let run = env.run(&["init", "--name", "Web Shop"]).expect(1);
    insta::assert_snapshot!(run.stderr, @"
    Error: `Web Shop` is no name for a stack
    Hint: Use small letters, digits and `-`: infra init --name my-stack
    ");
    assert!(!env.folder().join("stack.hcl").exists());
}
