//! `infra state log` and `infra state at`: the changes of a state, and what it was after one of them.

use infra_tests::environment::TestEnv;

use crate::support::{VAULT, applied, document};

/// Returns a stack of two secrets that was applied, changed, and applied again: changes 1 and 2, then 3 and 4.
pub(crate) fn changed() -> TestEnv {
    let mut env = applied(VAULT);
    env.edit("stack.hcl", "default = 24", "default = 32");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    env
}

#[test]
fn the_state_after_an_earlier_change_is_shown_with_its_secrets_hidden() {
    let mut env = changed();
    let before = env.run(&["state", "at", "local", "2"]).expect(0);
    let (heading, records) = before.stdout.split_once("\n\n").unwrap();
    assert!(
        heading.starts_with("shop, environment local, after change 2\n2 resources, at "),
        "{before}"
    );
    assert!(heading.contains(" by apply of "), "{before}");
    insta::assert_snapshot!(records, @r#"
    key_vault.app/local.vault.secret.key
        id key_vault.app/key
        inputs
            generate = { alphabet = "alphanumeric", length = 24 }
            name     = "key_vault.app/key"
            rotation = 0
        outputs
            value   = (secret)
            version = 1

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
    let now = env.run(&["state", "at", "local", "4"]).expect(0);
    assert!(now.stdout.contains("length = 32"), "{now}");
    let show = env.run(&["show", "local"]).expect(0);
    let records = |text: &str| text.split_once("\n\n").unwrap().1.to_owned();
    assert_eq!(records(&now.stdout), records(&show.stdout));
}

#[test]
fn a_state_on_its_way_says_so() {
    let mut env = changed();
    let run = env.run(&["state", "at", "local", "1"]).expect(0);
    let line = run.stdout.lines().nth(2).unwrap();
    assert_eq!(line, "On its way: the apply went on to change 2");
    let json = document(&env.run(&["state", "at", "local", "1", "--json"]).expect(0));
    assert_eq!(json["format"], "infra.past_state/1");
    assert_eq!((&json["serial"], &json["operation_ends"]), (&1.into(), &2.into()));
    assert_eq!(json["operation"]["command"], "apply");
    assert_eq!(json["records"].as_array().unwrap().len(), 1);
    assert!(json.to_string().contains("$sealed"), "{json}");
}

#[test]
fn a_change_that_never_was_is_refused() {
    let mut env = changed();
    for serial in ["0", "5"] {
        let run = env.run(&["state", "at", "local", serial]).expect(1);
        let expected = format!(
            "Error: There is no change {serial} of environment `local`: they are 1 to 4\n\
             Hint: List them with: infra state log local\n"
        );
        assert_eq!(run.stderr, expected);
    }
    let word = env.run(&["state", "at", "local", "two"]).expect(2);
    insta::assert_snapshot!(word.stderr, @"Error: Invalid value `two` for `<SERIAL>`: expected the number of a change, as `infra state log ENVIRONMENT` lists them");
}

#[test]
fn the_log_numbers_every_change_and_is_only_added_to() {
    let mut env = changed();
    let before = env.run(&["state", "log", "local"]).expect(0).stdout;
    let changes: Vec<&str> = before.lines().filter(|line| line.starts_with(' ')).collect();
    let words: Vec<Vec<&str>> = changes
        .iter()
        .map(|line| line.split_whitespace().collect())
        .collect();
    let (key, url) = (
        "key_vault.app/local.vault.secret.key",
        "key_vault.web/local.vault.secret.url",
    );
    let expected = [["1", "+", key], ["2", "+", url], ["3", "~", key], ["4", "~", url]];
    assert_eq!(words, expected, "{before}");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    let after = env.run(&["state", "log", "local"]).expect(0).stdout;
    let (kept, added) = after.split_at(before.len());
    assert_eq!(kept, before);
    assert!(
        added.contains("destroy by ") && added.contains(&format!("5  - {url}")),
        "{after}"
    );
    let gone = env.run(&["state", "at", "local", "4"]).expect(0);
    assert!(
        gone.stdout.contains("length = 32"),
        "what was destroyed is still known: {gone}"
    );
}
