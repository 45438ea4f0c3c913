//! An environment for one program: it comes up, the program's end is passed on, and an ephemeral one is gone.

use std::ffi::OsString;
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
    let up = env
        .run(&["up", "local", "--ephemeral", "--", "sh", "-c", program])
        .expect(7);
    assert_eq!(up.stdout, "has it\n", "{up}");
    assert!(up.stderr.contains("Done: 1 deleted"), "{up}");
    assert_eq!(left(&mut env), nothing());

    let up = env.run(&["up", "local", "--", "sh", "-c", program]).expect(7);
    assert_eq!(up.stdout, "has it\n", "{up}");
    assert!(up.stderr.contains("Done: 1 created"), "{up}");
    assert_ne!(left(&mut env), nothing());
}

#[test]
fn what_was_brought_up_to_be_kept_is_not_destroyed_by_the_way() {
    let mut env = TestEnv::stack(STACK);
    let _ = env.run(&["up", "local"]).expect(0);
    let before = left(&mut env);
    let refused = env.run(&["up", "local", "--ephemeral", "--", "true"]).expect(1);
    assert!(refused.stderr.contains("`local` is up already"), "{refused}");
    assert!(refused.stderr.contains("infra destroy local"), "{refused}");
    assert_eq!(left(&mut env), before);
}

#[test]
fn a_consumer_that_is_not_declared_is_refused_before_anything_is_made() {
    let mut env = TestEnv::stack(STACK);
    let arguments = ["up", "local", "--ephemeral", "--consumer", "test", "--", "true"];
    let refused = env.run(&arguments).expect(1);
    assert!(refused.stderr.contains("Did you mean `tests`?"), "{refused}");
    assert!(!env.folder().join(".infra").exists());
}

#[test]
fn what_could_not_be_destroyed_is_said_whatever_the_program_returned() {
    for code in [0, 7] {
        let mut env = TestEnv::stack(STACK);
        let program = format!("echo 'broken {{' >> stack.hcl; exit {code}");
        let arguments = ["up", "local", "--ephemeral", "--", "sh", "-c", &program];
        let up = env.run(&arguments).expect(if code == 0 { 1 } else { code });
        assert!(up.stderr.contains("stack.hcl:"), "{up}");
        assert!(up.stderr.contains("is still there"), "{up}");
        assert!(up.stderr.contains("infra destroy local"), "{up}");
    }
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
fn what_is_real_is_not_changed_without_a_question() {
    let mut env = TestEnv::stack(STACK);
    env.edit("env/local.hcl", "\"mock\"", "\"real\"");
    let refused = env.run(&["up", "local", "--", "echo", "ran"]).expect(2);
    assert_eq!(refused.stdout, "", "{refused}");
    for part in ["+ create", "1 to create", "Nobody can be asked", "--yes"] {
        assert!(refused.stderr.contains(part), "`{part}` is missing: {refused}");
    }
    assert_eq!(left(&mut env), nothing());
    let up = env.run(&["up", "local", "--yes", "--", "echo", "ran"]).expect(0);
    assert_eq!(up.stdout, "ran\n", "{up}");
    // Where nothing changes, there is nothing to ask.
    let again = env.run(&["up", "local", "--", "echo", "ran"]).expect(0);
    assert_eq!(again.stdout, "ran\n", "{again}");
}

#[test]
fn data_is_not_destroyed_without_a_question_wherever_it_is() {
    let mut env = TestEnv::stack(STACK);
    let _ = env.run(&["up", "local"]).expect(0);
    let before = left(&mut env);
    env.write("stack.hcl", "stack {\n  name = \"shop\"\n}\n");
    let refused = env.run(&["up", "local", "--", "echo", "ran"]).expect(2);
    assert_eq!(refused.stdout, "", "{refused}");
    assert!(refused.stderr.contains("DESTROYS DATA"), "{refused}");
    assert!(refused.stderr.contains("--yes"), "{refused}");
    assert_eq!(left(&mut env), before);
    let _ = env.run(&["up", "local", "--yes"]).expect(0);
    assert_ne!(left(&mut env), before);
}

/// Starts an environment whose program says that it is ready and runs until it is told to end, and waits until it does.
/// No terminal is around, as in a workflow.
fn working(env: &mut TestEnv, program: &str) -> Child {
    let mut command = Command::new("setsid");
    command
        .arg(env.command(&[]).get_program())
        .args(["up", "local", "--ephemeral", "--", "sh", "-c", program])
        .current_dir(env.folder())
        .envs(known(&env.command(&[])))
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
    assert_eq!(said.next().expect("a line").expect("text"), "ready");
    child
}

/// Returns the variables that a command sets.
fn known(command: &Command) -> Vec<(OsString, OsString)> {
    command
        .get_envs()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect()
}

const UNTIL_TOLD: &str = "trap 'exit 9' TERM INT HUP QUIT; echo ready; while :; do sleep 0.05; done";

fn signal(name: &str, pid: &str) {
    let sent = Command::new("kill").args([name, pid]).status();
    assert!(sent.expect("`kill` runs").success());
}

#[test]
fn a_signal_reaches_the_program_and_the_environment_is_gone() {
    for name in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let mut env = TestEnv::stack(STACK);
        let mut up = working(&mut env, UNTIL_TOLD);
        signal(name, &up.id().to_string());
        assert_eq!(up.wait().expect("it ends").code(), Some(9), "{name}");
        assert_eq!(left(&mut env), nothing(), "{name}");
    }
}

#[test]
fn what_the_program_left_running_is_ended_before_its_environment_is() {
    let mut env = TestEnv::stack(STACK);
    let program = "sleep 600 & echo $! > rest; echo ready";
    let mut up = working(&mut env, program);
    assert_eq!(up.wait().expect("it ends").code(), Some(0));
    let rest = std::fs::read_to_string(env.folder().join("rest")).expect("its number");
    let status = std::fs::read_to_string(format!("/proc/{}/status", rest.trim())).unwrap_or_default();
    // A dead process may wait for whoever became its parent.
    assert!(status.is_empty() || status.contains("State:\tZ"), "{status}");
    assert_eq!(left(&mut env), nothing());
}

#[test]
fn what_a_killed_run_left_is_used_and_destroyed_by_the_next() {
    let mut env = TestEnv::stack(STACK);
    let mut up = working(&mut env, UNTIL_TOLD);
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
