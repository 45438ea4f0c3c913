//! A state that cannot be used: newer, damaged, or without its key. It is said clearly, and nothing is overwritten.

use std::path::PathBuf;

use infra_tests::environment::TestEnv;
use insta::assert_snapshot;

use crate::support::{VAULT, applied, contents};

/// Every way to open a state, those that would write included.
const COMMANDS: &[&[&str]] = &[
    &["plan", "local"],
    &["apply", "local", "--yes"],
    &["destroy", "local", "--yes"],
    &["refresh", "local"],
    &["output", "local"],
    &["show", "local"],
    &["state", "list", "local"],
    &["state", "log", "local"],
    &["state", "rm", "local", "key_vault.app"],
    &["state", "pull", "local"],
];

fn state(env: &TestEnv) -> PathBuf {
    env.folder().join(".infra/local/state")
}

/// Runs every command, which must fail with this code and change no byte; returns what the first one said.
fn refused(env: &mut TestEnv, code: i32) -> String {
    let before = contents(env.root());
    let mut said = Vec::new();
    for command in COMMANDS {
        let run = env.run(command).expect(code);
        assert_eq!(run.stdout, "", "{run}");
        assert!(!run.stderr.contains("panicked"), "{run}");
        said.push(run.stderr);
        let after = contents(env.root());
        let changed = after
            .iter()
            .find(|(path, bytes)| before.get(*path) != Some(bytes));
        assert!(
            changed.is_none(),
            "{command:?} changed {:?}",
            changed.map(|(path, _)| path)
        );
        assert_eq!(after.len(), before.len(), "{command:?} removed a file");
    }
    env.abandon();
    said.swap_remove(0)
}

#[test]
fn a_newer_state() {
    let mut env = applied(VAULT);
    let format = state(&env).join("format");
    let ours = std::fs::read(&format).unwrap();
    std::fs::write(&format, "infra state, format 99\n").unwrap();
    assert_snapshot!(refused(&mut env, 3), @"
    Error: The state of environment `local` cannot be used
    Caused by: The state has format 99, this engine reads up to 1
    Hint: Use an engine at least as new as the one that wrote the state
    ");
    std::fs::write(&format, ours).unwrap();
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_state_that_lost_a_file() {
    let mut env = applied(VAULT);
    std::fs::remove_file(state(&env).join("format")).unwrap();
    assert_snapshot!(refused(&mut env, 3), @"
    Error: The state of environment `local` cannot be used
    Caused by: The state is damaged: the file `format` is missing, in `[ROOT]/stack/.infra/local/state`
    Hint: Begin anew from the last archive, in an empty place, and keep the damaged one: infra help state push
    ");
}

#[test]
fn a_state_with_altered_bytes() {
    let mut env = applied(VAULT);
    let path = state(&env).join("database/db");
    let bytes = std::fs::read(&path).unwrap();
    let written: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
    let mut noticed = 0;
    // Bytes that hold nothing any more may change without harm; of those that do, none may pass for good.
    for part in 1..16 {
        let at = written[written.len() * part / 16];
        let mut altered = bytes.clone();
        altered[at] ^= 0x55;
        std::fs::write(&path, &altered).unwrap();
        let run = env.run(&["state", "list", "local"]);
        assert!(run.code == 3 || run.code == 0, "{run}");
        if run.code == 3 {
            noticed += 1;
            assert!(
                run.stderr.contains("damaged") || run.stderr.contains("cannot be"),
                "{run}"
            );
            assert!(!run.stderr.contains("panicked"), "{run}");
        } else {
            assert_eq!(run.stdout.lines().count(), 2, "{run}");
        }
        std::fs::write(&path, &bytes).unwrap();
    }
    assert!(noticed > 0, "no change was noticed");
}

#[test]
fn a_state_that_was_cut_short() {
    let mut env = applied(VAULT);
    let path = state(&env).join("database/db");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 3]).unwrap();
    let said = refused(&mut env, 3);
    assert!(said.contains("damaged"), "{said}");
    assert!(said.contains("Hint: Begin anew from the last archive"), "{said}");
}

#[test]
fn another_identity() {
    let mut env = applied(VAULT);
    let other = applied(VAULT);
    let identity = "home/.config/infra/identity.txt";
    let ours = std::fs::read(env.root().join(identity)).unwrap();
    std::fs::copy(other.root().join(identity), env.root().join(identity)).unwrap();
    assert_snapshot!(refused(&mut env, 1), @"
    Error: The secrets of environment `local` cannot be opened
    Caused by: The data key of the state was wrapped for another identity
    Hint: Use the identity file that was in use when the environment was first applied
    ");
    std::fs::write(env.root().join(identity), ours).unwrap();
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn no_identity() {
    let mut env = applied(VAULT);
    let path = env.root().join("home/.config/infra/identity.txt");
    let ours = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_snapshot!(refused(&mut env, 1), @"
    Error: The secrets of environment `local` cannot be opened
    Caused by: There is no identity file: [ROOT]/home/.config/infra/identity.txt
    Hint: Put the identity back that the state was made with: without it the secrets in the state cannot be opened
    ");
    assert!(!path.exists(), "no new identity takes its place");
    std::fs::write(&path, ours).unwrap();
    set_private(&path);
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_passphrase_instead_of_an_identity_and_a_wrong_one() {
    let mut env = applied(VAULT).variable("INFRA_PASSPHRASE", "open sesame");
    assert_snapshot!(refused(&mut env, 1), @"
    Error: The secrets of environment `local` cannot be opened
    Caused by: The data key of the state is wrapped for an identity
    Hint: Give the identity file instead of a passphrase
    ");
    let mut env = TestEnv::stack(VAULT).variable("INFRA_PASSPHRASE", "open sesame");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let mut env = env.variable("INFRA_PASSPHRASE", "open barley");
    let run = env.run(&["plan", "local"]).expect(1);
    assert_snapshot!(run.stderr, @"
    Error: The secrets of environment `local` cannot be opened
    Caused by: The passphrase does not open the data key of the state
    Hint: Type the passphrase that was chosen when the environment was first applied
    ");
    let mut env = env.variable("INFRA_PASSPHRASE", "open sesame");
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_stack_with_another_name() {
    let mut env = applied(VAULT);
    env.edit("stack.hcl", "name = \"shop\"", "name = \"store\"");
    assert_snapshot!(refused(&mut env, 1), @"
    Error: The state belongs to stack `shop`, not `store`
    Hint: A stack keeps its name: change it back, or start from an empty state folder
    ");
    env.edit("stack.hcl", "name = \"store\"", "name = \"shop\"");
}

fn set_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}
