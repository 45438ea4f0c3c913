//! A difficult cloud: whatever goes wrong with a request that changes something, the account holds in the end what the states
//! record, and nothing twice.
#![expect(clippy::print_stdout, reason = "a test that fails shows the run before")]

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::census::assert_same;
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Call, Fault, PASSING, Proxy, changes_something};

use crate::stacks::SMALL;
use crate::whole::{APPLY, DESTROY, System, assert_counted, side_by_side};

/// Returns a rule by which the first request of every changing operation fails in this way, and each tenth after it, unless it is
/// one that is sent again: a step of many requests pauses longer after each of them.
fn some_of_each(fault: Fault) -> impl Fn(&Call) -> Option<Fault> {
    move |call| {
        let is_meant = call.repeat == 1 && call.turn % 10 == 1;
        (is_meant && changes_something(&call.operation)).then_some(fault)
    }
}

/// Runs a command under faults. What only a lost answer told makes an apply end with an error that says so; the next one puts that
/// right, and nobody else has to do anything.
fn run_under(system: &mut System, fault: Fault, command: &[&str]) {
    let when = format!("{command:?} under {fault:?}");
    let _ = system.proxy.take_calls();
    system.proxy.faults(some_of_each(fault));
    let run = system.env.run(command);
    system.proxy.heal();
    if run.code != 0 {
        println!("{}: {run}", system.name);
        let _ = system.run(command, &when);
    }
    if command == APPLY {
        system.is_settled(&when);
    }
}

/// Returns a system for each kind of fault.
fn systems(cloud: &Cloud) -> Vec<System> {
    let name = |fault: &Fault| format!("{fault:?}").to_lowercase();
    PASSING
        .iter()
        .map(|fault| System::new(cloud, &name(fault)))
        .collect()
}

#[test]
fn faults_while_whole_systems_are_made_are_lived_through() {
    let Some(cloud) = Cloud::start("faults_while_whole_systems_are_made", STAGING) else {
        return;
    };
    let mut systems = systems(&cloud);
    side_by_side(&mut systems, |number, system| {
        run_under(system, PASSING[number], &APPLY);
    });
    assert_counted(&cloud, &mut systems, "made");
}

#[test]
fn faults_while_whole_systems_are_changed_are_lived_through() {
    let Some(cloud) = Cloud::start("faults_while_whole_systems_are_changed", STAGING) else {
        return;
    };
    let mut systems = systems(&cloud);
    side_by_side(&mut systems, |number, system| {
        let _ = system.run(&APPLY, "made");
        system.change();
        run_under(system, PASSING[number], &APPLY);
    });
    assert_counted(&cloud, &mut systems, "changed");
}

#[test]
fn faults_while_whole_systems_are_destroyed_are_lived_through() {
    let Some(cloud) = Cloud::start("faults_while_whole_systems_are_destroyed", STAGING) else {
        return;
    };
    let mut systems = systems(&cloud);
    side_by_side(&mut systems, |number, system| {
        let _ = system.run(&APPLY, "made");
        run_under(system, PASSING[number], &DESTROY);
    });
    assert_counted(&cloud, &mut systems, "destroyed");
}

/// Applies under faults and once more without: what a lost answer left half-done is finished, and then nothing is to be done.
fn apply_under(cloud: &Cloud, proxy: &Proxy, env: &mut TestEnv, when: &str) {
    let run = env.run(&APPLY);
    assert_eq!(run.code, 0, "{when}: {run}");
    proxy.heal();
    assert_same(cloud, env, "staging", when);
    let _ = env.run(&APPLY).expect(0);
    assert_same(cloud, env, "staging", when);
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{when}: {plan}");
}

/// Any request may fail, looks too; a seed fails the same requests each time.
#[test]
fn faults_at_random_are_lived_through() {
    let Some(cloud) = Cloud::start("faults_at_random", STAGING) else {
        return;
    };
    for seed in 0..4_u64 {
        cloud.reset();
        let proxy = Proxy::before(&cloud);
        let mut env = proxy.known_to(cloud.known_to(staging(SMALL)));
        proxy.faults(move |call| {
            let mut random = fastrand::Rng::with_seed(seed << 32 | call.number as u64);
            let is_first = call.operation == "sts.GetCallerIdentity";
            (!is_first && random.u8(..100) < 15).then(|| PASSING[random.usize(..PASSING.len())])
        });
        apply_under(&cloud, &proxy, &mut env, &format!("seed {seed}"));
        env.abandon();
    }
}
