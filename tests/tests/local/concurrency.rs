//! Two engines at once on one environment: one works, the other says who does, or waits.

use std::process::Stdio;

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::servers::servers_of;

use crate::support::expect_no_changes;

const APPLY: [&str; 3] = ["apply", "local", "--yes"];

#[test]
fn of_two_applies_one_works_and_the_other_names_it() {
    if !machine::has_servers("of_two_applies_one_works") {
        return;
    }
    let mut env = TestEnv::copy_of("examples/replicated");
    let mut first = env.command(&APPLY);
    let first = first
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let second = env.run(&APPLY);
    let first = first.wait_with_output().expect("it ends");
    env.note(&first);
    // Whoever came first; the other one failed and names the holder, or came when all was done.
    let said = String::from_utf8_lossy(&first.stderr);
    assert!(first.status.success() || second.code == 0, "{said}{second}");
    for (code, said) in [
        (first.status.code(), said.as_ref()),
        (Some(second.code), &second.stderr),
    ] {
        assert!(code == Some(0) || said.contains("process"), "{said}");
    }
    expect_no_changes(&mut env);
    let servers = servers_of(&env);
    assert_eq!(servers.len(), 4, "{servers:?}");
    assert!(
        servers.values().all(|processes| processes.len() == 1),
        "{servers:?}"
    );
}

#[test]
fn applies_that_wait_take_turns() {
    if !machine::has_servers("applies_that_wait") {
        return;
    }
    let mut env = TestEnv::copy_of("examples/minimal");
    let patient = ["apply", "local", "--yes", "--wait", "60"];
    let mut first = env.command(&patient);
    let mut first = first
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let _ = env.run(&patient).expect(0);
    assert!(first.wait().expect("it ends").success());
    expect_no_changes(&mut env);
    assert_eq!(servers_of(&env).len(), 1);
}
