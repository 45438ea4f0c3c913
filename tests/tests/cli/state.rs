//! `infra state` and `infra import`.

use infra_tests::environment::TestEnv;

use crate::support::{VAULT, applied, document};

#[test]
fn addresses_records_and_history() {
    let mut env = applied(VAULT);
    let list = env.run(&["state", "list", "local"]).expect(0);
    insta::assert_snapshot!(list.stdout, @"
    key_vault.app/local.vault.secret.key
    key_vault.web/local.vault.secret.url
    ");
    let show = env.run(&["state", "show", "local", "key_vault.web/local.vault.secret.url"]);
    insta::assert_snapshot!(show.expect(0).stdout, @r#"
    key_vault.web/local.vault.secret.url
        id key_vault.web/url
        inputs
            name     = "key_vault.web/url"
            rotation = 0
            value    = (secret)
        outputs
            value   = (secret)
            version = 1
        needs key_vault.app/local.vault.secret.key
    "#);
    let log = env.run(&["state", "log", "local"]).expect(0);
    assert!(log.stdout.contains("apply by "), "{log}");
    assert!(
        log.stdout.contains("+ key_vault.app/local.vault.secret.key"),
        "{log}"
    );
    let whole = env.run(&["show", "local"]).expect(0);
    assert!(
        whole
            .stdout
            .starts_with("shop, environment local\n2 resources, serial "),
        "{whole}"
    );
}

#[test]
fn records_move_without_touching_objects() {
    let mut env = applied(VAULT);
    let moved = env.run(&["state", "mv", "local", "key_vault.app", "key_vault.api"]);
    insta::assert_snapshot!(moved.expect(0).stdout, @"key_vault.app/local.vault.secret.key -> key_vault.api/local.vault.secret.key");
    let renamed = VAULT
        .replace("key_vault \"app\"", "key_vault \"api\"")
        .replace("key_vault.app", "key_vault.api");
    env.write("stack.hcl", &renamed);
    let plan = env.run(&["plan", "local"]).expect(0);
    assert!(
        plan.stdout.contains("No changes."),
        "the carried name stays: {plan}"
    );
    let taken = env.run(&["state", "mv", "local", "key_vault.api", "key_vault.api"]);
    insta::assert_snapshot!(taken.expect(1).stderr, @"
    Error: `key_vault.api/local.vault.secret.key` is taken
    Hint: See what there is with: infra state list local
    ");
}

#[test]
fn a_record_keeps_its_type() {
    let mut env = applied(VAULT);
    let before = env.run(&["state", "list", "local"]).expect(0);
    let (from, to) = (
        "key_vault.app/local.vault.secret.key",
        "postgres.app/local.postgres.role.key",
    );
    let refused = env.run(&["state", "mv", "local", from, to]).expect(1);
    insta::assert_snapshot!(refused.stderr, @"
    Error: `key_vault.app/local.vault.secret.key` cannot become `postgres.app/local.postgres.role.key`, which is of another type
    Hint: Name an address of the same type
    ");
    let after = env.run(&["state", "list", "local"]).expect(0);
    assert_eq!(after.stdout, before.stdout);
}

#[test]
fn what_was_forgotten_exists_and_can_be_imported() {
    let mut env = applied(VAULT);
    let url = "key_vault.web/local.vault.secret.url";
    let forgotten = env.run(&["state", "rm", "local", url]).expect(0);
    assert_eq!(forgotten.stdout, format!("forgot {url}\n"));
    let unknown = env.run(&["state", "rm", "local", "key_vault.wob"]).expect(1);
    insta::assert_snapshot!(unknown.stderr, @"
    Error: The state knows no `key_vault.wob`
    Hint: Did you mean `key_vault.app`?
    ");
    let import = env.run(&["import", "local", url, "key_vault.web/url"]).expect(0);
    insta::assert_snapshot!(import.to_string(), @"
    $ infra import local key_vault.web/local.vault.secret.url key_vault.web/url
    --- exit 0
    --- stdout
    Imported key_vault.web/url as key_vault.web/local.vault.secret.url
    --- stderr
    Compare it with the stack: infra plan local
    ");
    let plan = env.run(&["plan", "local"]).expect(0);
    insta::assert_snapshot!(plan.stdout, @"
    shop, environment local

      ~ update  key_vault.web/local.vault.secret.url
            value : (secret) -> (another secret)

    Plan: 1 to update, 1 unchanged.
    ");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn an_object_has_one_record() {
    let mut env = applied(VAULT);
    let (key, url) = (
        "key_vault.app/local.vault.secret.key",
        "key_vault.web/local.vault.secret.url",
    );
    let _ = env.run(&["state", "rm", "local", key]).expect(0);
    let recorded = env.run(&["import", "local", key, "key_vault.web/url"]).expect(1);
    insta::assert_snapshot!(recorded.stderr, @"
    Error: The state knows the object `key_vault.web/url` as `key_vault.web/local.vault.secret.url` already
    Hint: Move its record with: infra state mv local 'key_vault.web/local.vault.secret.url' 'key_vault.app/local.vault.secret.key'
    ");
    let _ = env.run(&["state", "rm", "local", url]).expect(0);
    let owned = env.run(&["import", "local", key, "key_vault.web/url"]).expect(1);
    insta::assert_snapshot!(owned.stderr, @"
    Error: The object `key_vault.web/url` belongs to `key_vault.web/local.vault.secret.url`
    Hint: Import it under that address: infra import local 'key_vault.web/local.vault.secret.url' 'key_vault.web/url'
    ");
    assert_eq!(env.run(&["state", "list", "local"]).expect(0).stdout, "");
}

#[test]
fn what_was_made_under_an_old_name_can_be_imported_under_the_new_one() {
    let mut env = applied(VAULT);
    let _ = env.run(&["state", "rm", "local", "key_vault.app"]).expect(0);
    let renamed = VAULT
        .replace("key_vault \"app\"", "key_vault \"api\"")
        .replace("key_vault.app", "key_vault.api");
    env.write("stack.hcl", &renamed);
    let new = "key_vault.api/local.vault.secret.key";
    let _ = env.run(&["import", "local", new, "key_vault.app/key"]).expect(0);
    let plan = env.run(&["plan", "local"]).expect(0);
    assert!(
        !plan.stdout.contains("create") && !plan.stdout.contains("replace"),
        "{plan}"
    );
}

#[test]
fn a_whole_state_is_one_file_of_lines() {
    let mut env = applied(VAULT);
    let pulled = env.run(&["state", "pull", "local"]).expect(0);
    for line in pulled.stdout.lines() {
        let _: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let _ = env
        .run(&["state", "pull", "local", "--out", "local.state"])
        .expect(0);
    let file = std::fs::read_to_string(env.folder().join("local.state")).unwrap();
    assert_eq!(file, pulled.stdout);
    let again = ["state", "pull", "local", "--out", "local.state"];
    let _ = env.run(&again).expect(0);
    let stack = env
        .run(&["state", "pull", "local", "--out", "stack.hcl"])
        .expect(1);
    assert!(
        stack
            .stderr
            .contains("`stack.hcl` exists and is no archive of a state"),
        "{stack}"
    );
}

#[test]
fn a_state_comes_back_from_its_file() {
    let mut env = applied(VAULT);
    let _ = env
        .run(&["state", "pull", "local", "--out", "local.state"])
        .expect(0);
    let there = env.run(&["state", "push", "local", "local.state"]).expect(1);
    insta::assert_snapshot!(there.stderr, @"
    Error: Environment `local` has a state already
    Hint: An archive fills an empty place only: move the folder of the state away first
    ");
    let before = env.run(&["show", "local"]).expect(0);
    let log = env.run(&["state", "log", "local"]).expect(0);
    std::fs::rename(
        env.folder().join(".infra/local/state"),
        env.root().join("damaged"),
    )
    .unwrap();
    let push = env.run(&["state", "push", "local", "local.state"]).expect(0);
    assert_eq!(push.stdout, "2 resources, serial 2\n");
    assert_eq!(env.run(&["show", "local"]).expect(0).stdout, before.stdout);
    assert_eq!(env.run(&["state", "log", "local"]).expect(0).stdout, log.stdout);
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn an_altered_archive_is_refused() {
    let mut env = applied(VAULT);
    let _ = env
        .run(&["state", "pull", "local", "--out", "local.state"])
        .expect(0);
    let mut other = TestEnv::stack(VAULT);
    let identity = "home/.config/infra/identity.txt";
    std::fs::create_dir_all(other.root().join("home/.config/infra")).unwrap();
    std::fs::copy(env.root().join(identity), other.root().join(identity)).unwrap();
    let text = std::fs::read_to_string(env.folder().join("local.state")).unwrap();
    other.write("local.state", &text.replace("\"serial\":2", "\"serial\":9"));
    let altered = other.run(&["state", "push", "local", "local.state"]).expect(1);
    insta::assert_snapshot!(altered.stderr, @"
    Error: The archive `local.state` cannot be used
    Caused by: The archive was altered
    ");
    other.write("local.state", "no archive");
    let none = other.run(&["state", "push", "local", "local.state"]).expect(1);
    insta::assert_snapshot!(none.stderr, @"
    Error: The archive `local.state` cannot be used
    Caused by: Line 1 of the archive cannot be read
    Caused by: expected ident at line 1 column 2
    ");
    other.edit("stack.hcl", "name = \"shop\"", "name = \"store\"");
    other.write("local.state", &text);
    let elsewhere = other.run(&["state", "push", "local", "local.state"]).expect(1);
    insta::assert_snapshot!(elsewhere.stderr, @"
    Error: The archive is of environment `local` of stack `shop`
    Hint: Name the folder of that stack with -C
    ");
    assert!(!other.folder().join(".infra").exists());
}

#[test]
fn an_import_of_what_is_not_there_is_refused() {
    let mut env = applied(VAULT);
    let known = env
        .run(&["import", "local", "key_vault.web/local.vault.secret.url", "x"])
        .expect(1);
    insta::assert_snapshot!(known.stderr, @"
    Error: The state knows `key_vault.web/local.vault.secret.url` already
    Hint: Look at it with: infra state show local 'key_vault.web/local.vault.secret.url'
    ");
    let undeclared = env
        .run(&["import", "local", "key_vault.app/local.vault.secret.uri", "x"])
        .expect(1);
    insta::assert_snapshot!(undeclared.stderr, @"
    Error: The stack declares no `key_vault.app/local.vault.secret.uri`
    Hint: Did you mean `key_vault.app/local.vault.secret.key`?
    ");
    let json = document(&env.run(&["show", "local", "--json"]).expect(0));
    assert_eq!(json["records"].as_array().unwrap().len(), 2);
}
