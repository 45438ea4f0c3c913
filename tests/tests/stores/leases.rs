//! A lease between processes that share a state: who was stopped for longer than it lasts has lost it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::moto::Moto;

use crate::support::{objects, state, vaults};

/// As many secrets as take an apply longer than it takes to notice that it has begun.
const MANY: usize = 200;

#[test]
fn a_run_that_slept_beyond_its_lease_writes_nothing_to_a_database() {
    if !machine::has_servers("a_run_that_slept_beyond_its_lease_writes_nothing_to_a_database") {
        return;
    }
    let mut database = TestEnv::copy_of("examples/minimal");
    let _ = database.run(&["apply", "local", "--yes"]).expect(0);
    let url = database.output("postgres.main.url");
    let store = "variable \"state_url\" {\n  type   = string\n  secret = true\n}\n\n\
                 store \"postgres\" {\n  url = var.state_url\n}\n";
    let env = TestEnv::stack(&vaults(MANY, store)).variable("INFRA_VAR_state_url", &url);
    let said = slept_beyond_its_lease(env);
    assert!(!said.contains(&url), "{said}");
}

#[test]
fn a_run_that_slept_beyond_its_lease_writes_nothing_to_a_bucket() {
    let Some(moto) = Moto::start("a_run_that_slept_beyond_its_lease_writes_nothing_to_a_bucket") else {
        return;
    };
    let env = Moto::known_to(TestEnv::stack(&vaults(MANY, &moto.store("team"))));
    let _ = slept_beyond_its_lease(env);
}

/// Stops an apply until another one took its lease over and ended, lets it go on, and returns what it said then.
fn slept_beyond_its_lease(env: TestEnv) -> String {
    let mut env = env.variable("USER", "ada");
    let mut command = env.command(&["apply", "local", "--yes"]);
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut first = command.spawn().expect("the binary starts");
    let mut said = BufReader::new(first.stderr.take().expect("piped"))
        .lines()
        .map_while(Result::ok);
    let begun = said.any(|line| line.starts_with("created"));
    assert!(begun, "the apply ended at once");
    signal(&first, "-STOP");

    // It waits for the lease to end by itself, resolves what is open, and does the rest.
    let second = run(env.command(&["apply", "local", "--yes", "--wait", "90"]));
    assert!(second.said.contains("waiting for `ada@"), "{}", second.said);
    assert!(second.ok, "{}", second.said);
    let (before, whole) = (objects(&env), state(&mut env));
    assert_eq!(before.len(), MANY);

    signal(&first, "-CONT");
    let rest: Vec<String> = said.collect();
    let said = rest.join("\n");
    assert_eq!(first.wait().expect("it ends").code(), Some(3), "{said}");
    let who = format!(", process {}` took over: our lease had epoch ", second.pid);
    assert!(said.contains("Error: The lease was lost\n"), "{said}");
    assert!(said.contains("Caused by: `ada@") && said.contains(&who), "{said}");
    let hint = "Hint: Run the command again: it goes on from what was done";
    assert!(said.contains(hint), "{said}");

    assert_eq!(objects(&env), before);
    assert_eq!(state(&mut env), whole);
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
    said
}

/// Sends a signal to a process that the test started.
fn signal(process: &Child, name: &str) {
    let pid = process.id().to_string();
    let sent = Command::new("kill").args([name, &pid]).status();
    assert!(sent.expect("`kill` runs").success());
}

/// What a command that ran to its end said.
struct Ran {
    pid: u32,
    ok: bool,
    said: String,
}

fn run(mut command: Command) -> Ran {
    let command = command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().expect("the binary starts");
    let pid = child.id();
    let output = child.wait_with_output().expect("it ends");
    Ran {
        pid,
        ok: output.status.success(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}
