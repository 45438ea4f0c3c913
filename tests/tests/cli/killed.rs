//! `kill -9` of an apply at many moments: the next apply finishes the work, and nothing exists twice.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use infra_tests::environment::TestEnv;

use crate::support::vaults;

const MANY: usize = 50;

/// What the state lists after an apply that nobody disturbed.
fn expected() -> Vec<String> {
    let mut names: Vec<String> = (0..MANY)
        .map(|number| format!("key_vault.many[\"{number}\"]/local.vault.secret.key"))
        .collect();
    names.sort();
    names
}

/// Starts an apply and kills it when it has told of so many secrets made; tells whether it was still running.
fn kill_after(env: &mut TestEnv, made: usize) -> bool {
    let mut command = env.command(&["apply", "local", "--yes"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    if made > 0 {
        let told = lines
            .map_while(Result::ok)
            .filter(|line| line.starts_with("created"));
        let _ = told.take(made).count();
    }
    child.kill().unwrap();
    !child.wait().unwrap().success()
}

/// Checks that one more apply makes everything whole.
fn comes_whole(env: &mut TestEnv) {
    let again = env.run(&["apply", "local", "--yes"]).expect(0);
    let list = env.run(&["state", "list", "local"]).expect(0);
    let mut listed: Vec<&str> = list.stdout.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, expected(), "after {again}");
    let plan = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
    assert!(plan.stdout.contains("50 resources"), "{plan}");
    assert_eq!(objects(env), MANY, "every secret exists once");
}

/// Counts the secrets that the provider keeps.
fn objects(env: &TestEnv) -> usize {
    let folder = env.folder().join(".infra/local/vault");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.count()
}

#[test]
fn killed_at_any_moment_the_next_apply_finishes() {
    for made in [0, 1, 2, 5, 11, 20, 30, 45] {
        let mut env = TestEnv::stack(&vaults(MANY));
        assert!(kill_after(&mut env, made), "it was over before {made} were made");
        comes_whole(&mut env);
    }
}

#[test]
fn killed_again_and_again_it_gets_on() {
    let mut env = TestEnv::stack(&vaults(MANY));
    for _ in 0..12 {
        if !kill_after(&mut env, 3) {
            break;
        }
    }
    comes_whole(&mut env);
}

#[test]
fn a_killed_destroy_is_finished_too() {
    let mut env = TestEnv::stack(&vaults(MANY));
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let mut command = env.command(&["destroy", "local", "--yes"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = lines
        .map_while(Result::ok)
        .filter(|line| line.starts_with("deleted"));
    let _ = told.take(7).count();
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    let list = env.run(&["state", "list", "local"]).expect(0);
    assert_eq!(list.stdout, "");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    comes_whole(&mut env);
}
