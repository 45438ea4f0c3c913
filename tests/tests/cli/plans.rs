//! Plans as people read them, from the binary's own mouth; every form of a change is tested where plans are rendered.

use insta::assert_snapshot;

use crate::support::{VAULT, applied, document};

#[test]
fn a_change_and_what_follows_from_it() {
    let mut env = applied(VAULT);
    env.edit("stack.hcl", "default = 24", "default = 32");
    assert_snapshot!(env.run(&["plan", "local"]).expect(0).stdout, @"
    shop, environment local

      ~ update  key_vault.app/local.vault.secret.key
            generate :
                ~ length : 24 -> 32
                  (1 unchanged)

      ~ update  key_vault.web/local.vault.secret.url
            value : (secret) -> (secret, known after apply)

    Plan: 2 to update, 0 unchanged.
    ");
}

#[test]
fn a_rotation_reaches_whatever_uses_the_secret() {
    let mut env = applied(VAULT);
    let before = env
        .run(&["output", "local", "key_vault.web.secret.url"])
        .expect(0);
    let run = env.run(&["rotate", "local", "key_vault.app", "--yes"]).expect(0);
    assert_snapshot!(run.stdout, @"
    shop, environment local

      ~ update  key_vault.app/local.vault.secret.key
            rotation : 0 -> 1

      ~ update  key_vault.web/local.vault.secret.url
            value : (secret) -> (secret, known after apply)

    Plan: 2 to update, 0 unchanged.
    ");
    let after = env
        .run(&["output", "local", "key_vault.web.secret.url"])
        .expect(0);
    assert_ne!(before.stdout, after.stdout);
    let log = env.run(&["state", "log", "local"]).expect(0);
    assert!(log.stdout.contains("rotate by "), "{log}");
}

#[test]
fn a_rotation_does_nothing_else() {
    let mut env = applied(VAULT);
    env.edit("stack.hcl", "default = 24", "default = 32");
    let run = env.run(&["rotate", "local", "key_vault.app", "--yes"]).expect(1);
    assert_snapshot!(run.to_string(), @"
    $ infra rotate local key_vault.app --yes
    --- exit 1
    --- stdout
    --- stderr
    Error: 2 other changes wait, which a rotation would make too
    Hint: See them with: infra plan local. Apply them first, or undo them
    ");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let _ = env.run(&["rotate", "local", "key_vault.app", "--yes"]).expect(0);
}

#[test]
fn what_others_removed_is_drift_and_comes_back() {
    let mut env = applied(VAULT);
    let vault = env.folder().join(".infra/local/vault");
    for entry in std::fs::read_dir(&vault).unwrap() {
        let path = entry.unwrap().path();
        if path.to_string_lossy().contains("_url-") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let plan = env.run(&["plan", "local", "--detailed-exitcode"]).expect(2);
    assert_snapshot!(plan.stdout, @r#"
    shop, environment local

    Drifted since the last apply:

      ! drifted key_vault.web/local.vault.secret.url  (it is gone)

    To be done:

      + create  key_vault.web/local.vault.secret.url  (drifted: it disappeared)
            name     = "key_vault.web/url"
            rotation = 0
            value    = (secret)

    Plan: 1 to create, 1 unchanged.
    "#);
    let refresh = document(&env.run(&["refresh", "local", "--json"]).expect(0));
    assert_eq!(refresh["format"], "infra.drift/1");
    assert_eq!(refresh["drift"][0]["disappeared"], true);
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn everything_goes() {
    let mut env = applied(VAULT);
    assert_snapshot!(env.run(&["plan", "local", "--destroy"]).expect(0).stdout, @"
    shop, environment local: everything is destroyed

      - delete  key_vault.app/local.vault.secret.key  (DESTROYS DATA)

      - delete  key_vault.web/local.vault.secret.url  (DESTROYS DATA)

    Plan: 2 to delete, 0 unchanged.
    DESTROYS DATA:
        key_vault.app/local.vault.secret.key
        key_vault.web/local.vault.secret.url
    ");
    let run = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert!(run.stderr.contains("Done: 2 deleted in "), "{run}");
    let again = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert!(again.stdout.contains("There is nothing to destroy."), "{again}");
}

#[test]
fn a_target_leaves_the_rest_alone() {
    let mut env = applied(VAULT);
    env.edit("stack.hcl", "default = 24", "default = 32");
    let key = "key_vault.app/local.vault.secret.key";
    let plan = env.run(&["plan", "local", "--exclude", key]).expect(0);
    assert!(
        plan.stdout
            .contains("No changes in what was looked at. Not looked at: 2.\n"),
        "{plan}"
    );
    let replace = env.run(&["plan", "local", "--replace", key]).expect(0);
    assert!(replace.stdout.contains("replace key_vault.app"), "{replace}");
}
