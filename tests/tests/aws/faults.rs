//! A difficult cloud: whatever goes wrong with a request that changes something, the account holds in the end what the state
//! records, and nothing twice.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::census::assert_same;
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Call, Fault, PASSING, Proxy, changes_something};

use crate::stacks::{CHANGED, SMALL};

const APPLY: [&str; 3] = ["apply", "staging", "--yes"];
const DESTROY: [&str; 3] = ["destroy", "staging", "--yes"];

/// Returns a rule by which the first request of every changing operation fails in this way.
fn first_of_each(fault: Fault) -> impl Fn(&Call) -> Option<Fault> {
    move |call| (call.turn == 1 && changes_something(&call.operation)).then_some(fault)
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

fn lives_through(test: &str, fault: Fault) {
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(staging(SMALL)));
    proxy.faults(first_of_each(fault));
    apply_under(&cloud, &proxy, &mut env, &format!("made under {fault:?}"));
    let _ = proxy.take_calls();
    env.write("stack.hcl", CHANGED);
    proxy.faults(first_of_each(fault));
    apply_under(&cloud, &proxy, &mut env, &format!("changed under {fault:?}"));
    let _ = proxy.take_calls();
    proxy.faults(first_of_each(fault));
    let run = env.run(&DESTROY);
    assert_eq!(run.code, 0, "destroyed under {fault:?}: {run}");
    proxy.heal();
    assert_same(&cloud, &mut env, "staging", &format!("destroyed under {fault:?}"));
    env.abandon();
}

#[test]
fn throttling_of_every_change_is_lived_through() {
    lives_through("throttling_of_every_change", Fault::Throttled);
}

#[test]
fn a_service_that_is_away_for_every_change_is_lived_through() {
    lives_through("a_service_that_is_away", Fault::Unavailable);
}

#[test]
fn every_change_that_is_done_and_called_failed_is_lived_through() {
    lives_through("every_change_that_is_done_and_called_failed", Fault::FailedAfter);
}

#[test]
fn every_change_that_is_lost_on_the_way_is_lived_through() {
    lives_through("every_change_that_is_lost", Fault::CutBefore);
}

#[test]
fn every_change_whose_answer_is_lost_is_lived_through() {
    lives_through("every_change_whose_answer_is_lost", Fault::CutAfter);
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
