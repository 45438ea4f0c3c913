//! Two runs on one environment: one works, the other says who does, or waits.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use infra_tests::environment::TestEnv;

use crate::pty::Session;
use crate::support::{VAULT, log, vaults};

/// An apply of so many takes long enough for another command to come in between.
const MANY: usize = 400;

/// Starts an apply and returns when it has begun to make things.
fn working(env: &mut TestEnv) -> Child {
    let mut command = env.command(&["apply", "local", "--yes"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let first = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("created")));
    assert!(first.is_some(), "the apply ended at once");
    // Whoever stops reading would stop the writer.
    std::thread::spawn(move || lines.count());
    child
}

#[test]
fn the_second_says_who_has_the_environment_and_until_when() {
    let mut env = TestEnv::stack(&vaults(MANY)).variable("USER", "ada");
    let mut first = working(&mut env);
    let second = env.run(&["apply", "local", "--yes"]).expect(4);
    let who = format!(", process {}` holds the lease until 2", first.id());
    assert!(second.stderr.contains("`ada@"), "{second}");
    assert!(second.stderr.contains(&who), "{second}");
    assert!(second.stderr.contains("--wait SECONDS"), "{second}");
    assert!(first.wait().unwrap().success());
}

#[test]
fn the_second_waits_when_it_is_told_to() {
    let mut env = TestEnv::stack(&vaults(MANY));
    let mut first = working(&mut env);
    let second = env.run(&["apply", "local", "--yes", "--wait", "90"]).expect(0);
    assert!(first.wait().unwrap().success());
    assert!(second.stderr.starts_with("waiting for `"), "{second}");
    assert!(
        second
            .stdout
            .contains("No changes. As the stack wants: 400 resources."),
        "{second}"
    );
}

#[test]
fn a_wait_has_an_end_and_machines_are_told_of_it() {
    let mut env = TestEnv::stack(&vaults(MANY));
    let mut first = working(&mut env);
    let arguments = ["apply", "local", "--yes", "--wait", "1", "--log-format", "json"];
    let second = env.run(&arguments);
    let events = log(&second);
    let awaited = events.iter().any(|event| event["event"] == "lease_awaited");
    assert!(awaited, "{second}");
    assert!(first.wait().unwrap().success());
}

#[test]
fn nobody_is_kept_out_while_a_person_thinks() {
    let mut env = TestEnv::stack(VAULT);
    let test = "nobody_is_kept_out_while_a_person_thinks";
    let Some(mut first) = Session::start(test, &mut env, &["apply", "local"]) else {
        return;
    };
    first.wait_for("Only `yes` is taken: ");
    let second = env.run(&["apply", "local", "--yes"]).expect(0);
    assert!(second.stderr.contains("Done: 2 created"), "{second}");
    first.press("yes\n");
    let (code, shown) = first.finish();
    assert_eq!(code, 1, "{shown}");
    assert!(shown.contains("The plan is out of date"), "{shown}");
}
