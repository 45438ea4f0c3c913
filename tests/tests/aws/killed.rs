//! `kill -9` while whole systems are made, changed and destroyed: the next run finishes it, the account holds what the states
//! record, nothing twice, and nobody had to do anything by hand.
//!
//! The moments are random and counted in requests that change something; a test names its seed, and `INFRA_TEST_SEED` repeats it
//! as far as the order of requests does that are sent side by side.
#![expect(
    clippy::print_stdout,
    reason = "a test that fails names its seed and its moments"
)]

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use infra_tests::aws::{Cloud, STAGING};
use infra_tests::faults::{Call, Fault, changes_something};
use infra_tests::machine;

use crate::whole::{APPLY, DESTROY, System, assert_counted, side_by_side};

/// How long the binary may take until it asks for something.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many systems are killed while they are made and while they are changed: twenty kills in two tests.
const SYSTEMS: usize = 5;

/// How many of them are killed once more while they are destroyed.
const DESTROYED: usize = 2;

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// While this changing request is on its way.
    change: usize,
    /// Whether that is done all the same.
    done: bool,
}

/// Draws moments that are spread over all changing requests of a run, one in each part of it.
fn moments(random: &mut fastrand::Rng, changes: usize, parts: usize) -> Vec<Moment> {
    let draw = |part: usize| {
        let (from, to) = (part * changes / parts, (part + 1) * changes / parts);
        Moment {
            change: random.usize(from..to),
            done: random.bool(),
        }
    };
    (0..parts).map(draw).collect()
}

/// Starts a run and kills it at a moment; tells what was on its way.
fn kill(system: &mut System, arguments: &[&str], moment: Moment) -> String {
    let changes = AtomicUsize::new(0);
    kill_when(system, arguments, moment.done, move |call| {
        changes_something(&call.operation) && changes.fetch_add(1, Ordering::Relaxed) == moment.change
    })
}

/// Starts a run and kills it while the first request is on its way that is meant; tells which it was.
fn kill_when(
    system: &mut System,
    arguments: &[&str],
    done: bool,
    is_meant: impl Fn(&Call) -> bool + Send + Sync + 'static,
) -> String {
    system
        .proxy
        .faults(move |call| is_meant(call).then_some(Fault::Held { done }));
    let mut command = system.env.command(arguments);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("the binary starts");
    let held = system.proxy.wait_for_held(PATIENCE);
    child.kill().expect("it can be killed");
    let status = child.wait().expect("it ends");
    let held = held.unwrap_or_else(|| panic!("{}: the request to be killed at never came", system.name));
    assert!(!status.success(), "{}: it was over before", system.name);
    system.proxy.heal();
    system.proxy.release();
    let _ = system.proxy.take_calls();
    let done = if done { "done" } else { "not done" };
    format!(
        "{} killed at request {}, {}, {done}",
        arguments[0], held.number, held.operation
    )
}

/// Returns how many requests of a run that nobody disturbs change something.
fn changes(system: &mut System, arguments: &[&str]) -> usize {
    let _ = system.proxy.take_calls();
    let _ = system.run(arguments, "undisturbed");
    let calls = system.proxy.take_calls();
    calls
        .iter()
        .filter(|call| changes_something(&call.operation))
        .count()
}

/// Says the seed, and returns what follows from it.
fn chance() -> fastrand::Rng {
    let given = machine::variable("INFRA_TEST_SEED").and_then(|seed| seed.to_str()?.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("INFRA_TEST_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// Kills a run, and expects that the same command finishes what it was to do.
fn killed(system: &mut System, arguments: &[&str], moment: Moment) {
    let when = kill(system, arguments, moment);
    println!("{}: {when}", system.name);
    let _ = system.run(arguments, &when);
    if arguments == APPLY {
        system.is_settled(&when);
    }
}

/// Systems stand side by side: each is killed while it is made and while it is changed, and some while they are destroyed.
fn survive(test: &str) {
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let mut random = chance();
    let mut measured = System::new(&cloud, "measured");
    let made = changes(&mut measured, &APPLY);
    measured.change();
    let changed = changes(&mut measured, &APPLY);
    let destroyed = changes(&mut measured, &DESTROY);

    let mut systems: Vec<_> = (0..SYSTEMS)
        .map(|number| System::new(&cloud, &format!("whole-{number}")))
        .collect();
    let at = moments(&mut random, made, SYSTEMS);
    side_by_side(&mut systems, |number, system| killed(system, &APPLY, at[number]));
    assert_counted(&cloud, &mut systems, "made");
    let at = moments(&mut random, changed, SYSTEMS);
    side_by_side(&mut systems, |number, system| {
        system.change();
        killed(system, &APPLY, at[number]);
    });
    assert_counted(&cloud, &mut systems, "changed");
    let at = moments(&mut random, destroyed, DESTROYED);
    side_by_side(&mut systems[..DESTROYED], |number, system| {
        killed(system, &DESTROY, at[number]);
    });
    assert_counted(&cloud, &mut systems, "destroyed");
}

#[test]
fn whole_systems_survive() {
    survive("whole_systems_survive");
}

#[test]
fn whole_systems_survive_at_other_moments() {
    survive("whole_systems_survive_at_other_moments");
}

/// What is being deleted holds what it uses until it is gone: the next run waits for it before it goes on.
#[test]
fn a_deletion_that_nobody_waited_for_is_waited_for() {
    let Some(cloud) = Cloud::start("a_deletion_that_nobody_waited_for", STAGING) else {
        return;
    };
    let slow = [
        "rds.DeleteDBInstance",
        "rds.DeleteDBProxy",
        "elasticache.DeleteReplicationGroup",
        "ec2.DeleteNatGateway",
    ];
    let mut systems: Vec<_> = slow
        .iter()
        .map(|operation| System::new(&cloud, &operation.to_lowercase().replace('.', "-")))
        .collect();
    side_by_side(&mut systems, |number, system| {
        let _ = system.run(&APPLY, "made");
        let when = kill_when(system, &DESTROY, true, move |call| call.operation == slow[number]);
        let _ = system.run(&DESTROY, &when);
    });
    assert_counted(&cloud, &mut systems, "destroyed");
}
