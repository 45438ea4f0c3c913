//! What a terminal shows, and what a pipe gets.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use infra_tests::environment::TestEnv;

use crate::pty::Session;
use crate::support::{VAULT, vaults};

const ESCAPE: char = '\u{1b}';

/// Returns what a terminal shows of a command, escape codes and all.
fn shown(env: &mut TestEnv, arguments: &[&str]) -> Option<String> {
    let (_, text) = Session::start("terminal", env, arguments)?.finish();
    Some(text)
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let mut env = TestEnv::stack(VAULT);
    let Some(colored) = shown(&mut env, &["plan", "local"]) else {
        return;
    };
    assert!(colored.contains("\u{1b}[32m"), "{colored:?}");
    let plain = env.run(&["plan", "local"]).expect(0).stdout;
    assert!(!plain.contains(ESCAPE), "{plain:?}");
    for (command, wanted) in [
        (vec!["plan", "local", "--no-color"], &plain),
        (vec!["help"], &String::new()),
    ] {
        let text = shown(&mut env, &command).unwrap();
        assert!(
            !command.contains(&"--no-color") || text.ends_with(wanted),
            "{text:?}"
        );
    }
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let mut env = TestEnv::stack(VAULT).variable(name, value);
        let text = shown(&mut env, &["plan", "local"]).unwrap();
        assert!(!text.contains("\u{1b}[3"), "{name}: {text:?}");
        let text = shown(&mut env, &["plan", "elsewhere"]).unwrap();
        assert!(!text.contains("\u{1b}[3"), "{name}: {text:?}");
    }
}

#[test]
fn progress_is_redrawn_on_a_terminal_and_told_line_by_line_elsewhere() {
    let mut env = TestEnv::stack(&vaults(60));
    let Some(drawn) = shown(&mut env, &["apply", "local", "--yes"]) else {
        return;
    };
    for part in [
        " of 60 done, ",
        " running, ",
        " waiting, ",
        " left",
        "Done: 60 created in ",
    ] {
        assert!(drawn.contains(part), "`{part}` is missing: {drawn:?}");
    }
    let run = env.run(&["destroy", "local", "--yes"]).expect(0);
    let count = |start: &str| run.stderr.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("deleting "), count("deleted ")), (60, 60), "{run}");
    assert!(!run.stderr.contains(ESCAPE), "{run}");
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    let mut env = TestEnv::stack(&vaults(2_000));
    let mut command = env.command(&["plan", "local"]);
    let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    drop(reader);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success(), "{said}");
    assert_eq!((first.as_str(), said.as_str()), ("many, environment local\n", ""));
}

#[test]
fn a_log_reader_that_leaves_stops_nothing() {
    let mut env = TestEnv::stack(VAULT);
    let mut command = env.command(&["apply", "local", "--yes"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stderr.take());
    assert!(child.wait().unwrap().success());
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let stack = "stack {\n  name = \"shop\"\n}\n\nblob_store \"a\" {}\n\nkey_vault \"app\" {\n  secret \"a\" {\n    value = \"x\"\n  }\n}\n";
    let mut env = TestEnv::stack(&stack.replace("blob_store \"a\" {}", "locals {\n  a = \"\\u001b[2J\"\n}"));
    env.write("extra.hcl", "key_vault \"b\u{1b}[2J\" {}\n");
    let run = env.run(&["validate"]);
    assert!(!run.stderr.contains(ESCAPE), "{:?}", run.stderr);
}
