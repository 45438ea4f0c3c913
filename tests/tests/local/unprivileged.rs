//! A user without rights gets the same servers; what cannot be enforced for them is said in the plan.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Output};

use infra_tests::environment::TestEnv;
use infra_tests::machine::{self, skip};
use infra_tests::servers::processes_of;

const NOBODY: u32 = 65534;

#[test]
fn a_user_without_rights_gets_the_servers_or_is_told_what_is_advisory() {
    let test = "a_user_without_rights";
    if !machine::has_servers(test) {
        return;
    }
    if !machine::is_root() {
        // All the other tests are this one then.
        skip(test, "only root can become another user");
        return;
    }
    let mut env = TestEnv::copy_of("examples/replicated");
    give_away(&env);
    if !can_run(&mut env) {
        skip(test, "another user cannot reach the binary or the servers");
        return;
    }
    let planned = as_nobody(&mut env, &["plan", "local"]);
    let text = String::from_utf8_lossy(&planned.stdout).into_owned();
    let enforced = text.contains("enforcement = \"rootless\"");
    assert!(enforced || text.contains("advisory"), "{text}");

    expect_success(&as_nobody(&mut env, &["apply", "local", "--yes"]));
    expect_success(&as_nobody(&mut env, &["plan", "local", "--detailed-exitcode"]));
    expect_success(&as_nobody(&mut env, &["stop", "local"]));
    assert_eq!(processes_of(&env), []);
    expect_success(&as_nobody(&mut env, &["start", "local"]));
    expect_success(&as_nobody(&mut env, &["plan", "local", "--detailed-exitcode"]));
    start_with_a_plan(&mut env);
    assert_eq!(processes_of(&env), []);
}

/// A start gives the networks another holder, which the plan that it is for does not know yet.
fn start_with_a_plan(env: &mut TestEnv) {
    expect_success(&as_nobody(env, &["stop", "local"]));
    expect_success(&as_nobody(env, &["plan", "local", "--out", "local.plan"]));
    expect_success(&as_nobody(env, &["apply", "local.plan"]));
    expect_success(&as_nobody(env, &["plan", "local", "--detailed-exitcode"]));
    expect_success(&as_nobody(env, &["stop", "local"]));
    expect_success(&as_nobody(env, &["destroy", "local", "--yes"]));
}

fn give_away(env: &TestEnv) {
    let owner = format!("{NOBODY}:{NOBODY}");
    let status = Command::new("chown")
        .args(["-R", &owner])
        .arg(env.root())
        .status();
    assert!(status.expect("`chown` runs").success());
}

fn can_run(env: &mut TestEnv) -> bool {
    let psql = machine::servers().join("postgresql-16/bin/psql");
    let mut look = Command::new(psql);
    let servers = look.arg("--version").uid(NOBODY).gid(NOBODY).output();
    let mut command = env.command(&["version"]);
    let binary = command.uid(NOBODY).gid(NOBODY).output();
    [servers, binary]
        .into_iter()
        .all(|output| output.is_ok_and(|output| output.status.success()))
}

fn as_nobody(env: &mut TestEnv, arguments: &[&str]) -> Output {
    let mut command = env.command(arguments);
    let output = command
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .expect("the binary starts");
    env.note(&output);
    output
}

fn expect_success(output: &Output) {
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stdout}{stderr}");
}
