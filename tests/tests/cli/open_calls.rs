//! Commands that change the state alone, or plan on it, after a run that died in the middle of a call.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use infra_tests::environment::TestEnv;

use crate::support::{applied, document};

const OLD: &str = r#"
stack {
  name = "shop"
}

key_vault "old" {
  secret "key" {
    generate { length = 16 }
  }
}
"#;

/// Returns the stack with a second vault.
fn both() -> String {
    OLD.to_owned() + &OLD[OLD.find("key_vault").unwrap()..].replace("old", "new")
}

/// Returns where the vault keeps the secret of an environment like that of [`dead`].
fn place(env: &TestEnv) -> PathBuf {
    let other = applied(&both());
    let made = std::fs::read_dir(other.folder().join(".infra/local/vault")).unwrap();
    let mut names = made.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let name = names.find(|name| name.contains("new")).unwrap();
    env.folder().join(".infra/local/vault").join(name)
}

/// Returns an environment whose second secret was about to be made when the engine died, and where it would be.
fn dead() -> (TestEnv, PathBuf) {
    let mut env = applied(OLD);
    env.write("stack.hcl", &both());
    let place = place(&env);
    // A pipe holds the engine in its call: it waits until somebody writes.
    assert!(Command::new("mkfifo").arg(&place).status().unwrap().success());
    let mut command = env.command(&["apply", "local", "--yes"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let writer = std::fs::OpenOptions::new().write(true).open(&place).unwrap();
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    drop(writer);
    std::fs::remove_file(&place).unwrap();
    let show = document(&env.run(&["show", "local", "--json"]).expect(0));
    assert_eq!(show["open_intents"], 1);
    (env, place)
}

const CASES: [&[&str]; 4] = [
    &["state", "mv", "local", "key_vault.old", "key_vault.new"],
    &["state", "rm", "local", "key_vault.old"],
    &[
        "import",
        "local",
        "key_vault.new/local.vault.secret.key",
        "key_vault.new/key",
    ],
    // It changes nothing that exists either, and is planned on what is known.
    &["rollback", "local", "--to", "1"],
];

#[test]
fn the_state_changes_only_after_open_calls_are_resolved() {
    for case in CASES {
        let (mut env, place) = dead();
        let before = env.run(&["state", "list", "local"]).expect(0);
        // Nobody can tell what became of the call.
        std::fs::write(&place, "no secret").unwrap();
        let refused = env.run(case).expect(3);
        assert!(
            refused.stderr.contains("cannot be resolved now: create"),
            "{refused}"
        );
        let after = env.run(&["state", "list", "local"]).expect(0);
        assert_eq!(after.stdout, before.stdout, "{refused}");

        std::fs::remove_file(&place).unwrap();
        // What was not made cannot be imported; the rest is done.
        let _ = env.run(case).expect(i32::from(case[0] == "import"));
        let show = document(&env.run(&["show", "local", "--json"]).expect(0));
        assert_eq!(show["open_intents"], 0, "{case:?}");
    }
}
