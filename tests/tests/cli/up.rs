//! An environment for one program: it comes up, the program's end is passed on, and an ephemeral one is gone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use infra_tests::environment::TestEnv;

const STACK: &str = r#"
stack {
  name = "shop"
}

key_vault "app" {
  secret "key" {
    generate { length = 24 }
  }
}

settings "tests" {
  setting "KEY" {
    type  = "secret"
    value = key_vault.app.secret.key
  }
}
"#;

/// Returns what the environment still has, but for its state.
fn left(env: &mut TestEnv) -> (String, Vec<String>) {
    let recorded = env.run(&["state", "list", "local"]).expect(0).stdout;
    let entries = std::fs::read_dir(env.folder().join(".infra/local")).expect("the state stays");
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    (recorded, names)
}

fn nothing() -> (String, Vec<String>) {
    (String::new(), vec!["state".to_owned()])
}

#[test]
fn a_program_has_an_environment_and_its_exit_code_is_passed_on() {
    let mut env = TestEnv::stack(STACK);
    let program = "test ${#KEY} = 24 && echo has it; exit 7";
    let up = env.run(&["up", "local", "--", "sh", "-c", program]).expect(7);
    assert_eq!(up.stdout, "has it\n", "{up}");
    assert!(up.stderr.contains("Done: 1 created"), "{up}");
    assert_ne!(left(&mut env), nothing());

    let up = env
        .run(&["up", "local", "--ephemeral", "--", "sh", "-c", program])
        .expect(7);
    assert_eq!(up.stdout, "has it\n", "{up}");
    assert!(up.stderr.contains("Done: 1 deleted"), "{up}");
    assert_eq!(left(&mut env), nothing());
}

#[test]
fn what_does_not_come_up_or_start_is_gone_too() {
    let mut env = TestEnv::stack(STACK);
    let missing = env
        .run(&["up", "local", "--ephemeral", "--", "/no/such/program"])
        .expect(1);
    assert!(
        missing.stderr.contains("`/no/such/program` cannot be started"),
        "{missing}"
    );
    assert_eq!(left(&mut env), nothing());
    let nothing_to_run = env.run(&["up", "local", "--ephemeral"]).expect(2);
    assert!(nothing_to_run.stderr.contains("COMMAND"), "{nothing_to_run}");
}

#[test]
fn real_data_is_not_destroyed_by_the_way() {
    let mut env = TestEnv::stack(STACK);
    env.edit("env/local.hcl", "\"mock\"", "\"real\"");
    let refused = env.run(&["up", "local", "--ephemeral", "--", "true"]).expect(1);
    assert!(refused.stderr.contains("holds real data"), "{refused}");
    assert!(!env.folder().join(".infra").exists());
}

#[test]
fn what_was_there_stays_where_nothing_was_begun() {
    let mut env = TestEnv::stack(STACK);
    let _ = env.run(&["up", "local"]).expect(0);
    let before = left(&mut env);
    env.edit("stack.hcl", "length = 24", "length = many");
    let _ = env.run(&["up", "local", "--ephemeral", "--", "true"]).expect(1);
    env.edit("stack.hcl", "length = many", "length = 24");
    assert_eq!(left(&mut env), before);
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

/// Starts an environment whose program runs until it is told to end, and waits until it does.
fn working(env: &mut TestEnv) -> Child {
    let program = "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut command = env.command(&["up", "local", "--ephemeral", "--", "sh", "-c", program]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert_eq!(said.next().expect("a line").expect("text"), "ready");
    child
}

fn signal(name: &str, pid: &str) {
    let sent = Command::new("kill").args([name, pid]).status();
    assert!(sent.expect("`kill` runs").success());
}

#[test]
fn a_termination_reaches_the_program_and_the_environment_is_gone() {
    let mut env = TestEnv::stack(STACK);
    let mut up = working(&mut env);
    signal("-TERM", &up.id().to_string());
    assert_eq!(up.wait().expect("it ends").code(), Some(9));
    assert_eq!(left(&mut env), nothing());
}

#[test]
fn what_a_killed_run_left_is_used_and_destroyed_by_the_next() {
    let mut env = TestEnv::stack(STACK);
    let mut up = working(&mut env);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", up.id()));
    up.kill().expect("it is killed");
    up.wait().expect("it ends");
    for child in children.expect("its children").split_whitespace() {
        signal("-TERM", child);
    }
    assert_ne!(left(&mut env), nothing());
    let _ = env.run(&["up", "local", "--ephemeral", "--", "true"]).expect(0);
    assert_eq!(left(&mut env), nothing());
}
