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
fn what_was_taken_in_drifts_no_more() {
    let mut env = applied(VAULT);
    let moved = "moved {\n  from = key_vault.app\n  to = key_vault.api\n}\n";
    let renamed = VAULT
        .replace("key_vault \"app\"", "key_vault \"api\"")
        .replace("key_vault.app", "key_vault.api");
    // What moves with the next apply is taken in too.
    env.write("stack.hcl", &(renamed + moved));
    let vault = env.folder().join(".infra/local/vault");
    for entry in std::fs::read_dir(vault).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let mut file: serde_json::Value = serde_json::from_str(&text).unwrap();
        file["rotation"] = 3.into();
        std::fs::write(&path, file.to_string()).unwrap();
    }
    let first = document(&env.run(&["refresh", "local", "--json"]).expect(0));
    assert_eq!(first["drift"].as_array().unwrap().len(), 2);
    let second = document(&env.run(&["refresh", "local", "--json"]).expect(0));
    assert_eq!(second["drift"].as_array().unwrap().len(), 0, "{second}");
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

const MIXED: &str = r#"
stack {
  name = "shop"
}

key_vault "given" {
  secret "url" {
    value = "https://${key_vault.svc["a"].secret.key}@example.org"
  }
}

key_vault "svc" {
  for_each = toset(["a", "b"])

  secret "key" {
    generate { length = 24 }
  }
  secret "copy" {
    value = "not generated"
  }
}

network "main" {
  cidr = "10.0.0.0/16"
  segment "app" {}
}

module "orders" {
  source = "./orders"
}
"#;

fn mixed() -> infra_tests::environment::TestEnv {
    let mut env = infra_tests::environment::TestEnv::stack(MIXED).file(
        "orders/main.hcl",
        "key_vault \"app\" {\n  secret \"key\" {\n    generate {}\n  }\n}\n",
    );
    let only = [
        "--target",
        "key_vault.given",
        "--target",
        "key_vault.svc",
        "--target",
        "module.orders",
    ];
    let _ = env
        .run(&[&["apply", "local", "--yes"], &only[..]].concat())
        .expect(0);
    env
}

#[test]
fn a_limited_plan_does_not_claim_to_be_complete() {
    let mut env = mixed();
    let run = env.run(&["plan", "local", "--target", "module.orders"]).expect(0);
    let summary = "No changes in what was looked at. As the stack wants: 1 resource. Not looked at: ";
    assert!(run.stdout.contains(summary), "{run}");
    let run = env
        .run(&[
            "plan",
            "local",
            "--target",
            "module.orders",
            "--replace",
            "module.orders",
        ])
        .expect(0);
    assert!(run.stdout.contains("Plan: 1 to replace, 0 unchanged, "), "{run}");
    assert!(run.stdout.contains(" not looked at"), "{run}");
}

#[test]
fn what_is_given_is_not_rotated() {
    let mut env = mixed();
    // The network was left out: another change would wait.
    env.edit(
        "stack.hcl",
        "network \"main\" {\n  cidr = \"10.0.0.0/16\"\n  segment \"app\" {}\n}\n",
        "",
    );
    let given = env
        .run(&["rotate", "local", "key_vault.given", "--yes"])
        .expect(1);
    assert_snapshot!(given.stderr, @"
    Error: Nothing of `key_vault.given` is generated here: its value comes from the stack
    Hint: Change the value where it comes from, and apply
    ");
    let both = env.run(&["rotate", "local", "key_vault.svc", "--yes"]).expect(0);
    assert!(
        both.stdout.contains("Plan: 3 to update, "),
        "two keys and the URL: {both}"
    );
    assert!(!both.stdout.contains("secret.copy"), "{both}");
    let module = env.run(&["rotate", "local", "module.orders", "--yes"]).expect(0);
    assert!(module.stdout.contains("Plan: 1 to update, "), "{module}");
}

#[test]
fn whatever_a_target_names_can_be_replaced_and_rotated() {
    let mut env = mixed();
    for (name, count) in [("key_vault.svc", 4), ("module.orders", 1)] {
        let run = env
            .run(&["plan", "local", "--target", name, "--replace", name])
            .expect(0);
        assert!(
            run.stdout.contains(&format!("Plan: {count} to replace, ")),
            "{run}"
        );
    }
    let network = env.run(&["rotate", "local", "network.main", "--yes"]).expect(1);
    assert_snapshot!(network.stderr, @"
    Error: `network.main` has nothing that can be rotated
    Hint: Only generated secrets can: those of a key vault, and the passwords of databases
    ");
}

#[test]
fn a_change_of_protection_is_a_change_of_the_record() {
    let mut env = applied(VAULT);
    env.edit(
        "stack.hcl",
        "key_vault \"app\" {",
        "key_vault \"app\" {\n  protect = true",
    );
    assert_snapshot!(env.run(&["plan", "local"]).expect(0).stdout, @"
    shop, environment local

      = record  key_vault.app/local.vault.secret.key  (only the record changes; nothing is called)
            protect : false -> true

    Plan: 1 to record, 1 unchanged.
    ");
    let run = env.run(&["apply", "local", "--yes"]).expect(0);
    assert!(run.stderr.contains("Done: 1 recorded in "), "{run}");
    env.edit(
        "stack.hcl",
        "key_vault \"app\" {\n  protect = true",
        "key_vault \"app\" {",
    );
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
}
