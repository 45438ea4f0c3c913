//! `kill -9` of an apply at moments spread over all its requests: after the next apply the account holds what the state records,
//! nothing twice, and nobody had to do anything by hand.

use std::process::Stdio;
use std::time::Duration;

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::census::assert_same;
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Fault, Proxy};

use crate::stacks::SMALL;

/// At how many moments of a run it is killed.
const MOMENTS: usize = 20;

/// How long the binary may take until it asks for something.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns the number of requests of an apply that nobody disturbs.
fn requests(cloud: &Cloud, stack: &str) -> usize {
    let proxy = Proxy::before(cloud);
    let mut env = proxy.known_to(cloud.known_to(staging(stack)));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    env.abandon();
    let requests = proxy.take_calls().len();
    cloud.reset();
    requests
}

/// Starts an apply and kills it while a request is on its way: one that is done by then, or one that never is.
fn kill_at(proxy: &Proxy, env: &mut TestEnv, moment: usize) {
    let done = moment.is_multiple_of(2);
    proxy.faults(move |call| (call.number == moment).then_some(Fault::Held { done }));
    let mut command = env.command(&["apply", "staging", "--yes"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let held = proxy.wait_for_held(PATIENCE);
    child.kill().expect("it can be killed");
    let status = child.wait().expect("it ends");
    assert!(held.is_some(), "request {moment} never came");
    assert!(!status.success(), "it was over before request {moment}");
    proxy.heal();
    proxy.release();
}

/// Kills an apply of a stack at one part of the moments, of so many parts.
fn survives(test: &str, stack: &str, (part, parts): (usize, usize)) {
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let all = requests(&cloud, stack);
    for moment in (part..MOMENTS).step_by(parts) {
        let number = 1 + moment * (all - 1) / (MOMENTS - 1);
        let proxy = Proxy::before(&cloud);
        let mut env = proxy.known_to(cloud.known_to(staging(stack)));
        kill_at(&proxy, &mut env, number);
        let run = env.run(&["apply", "staging", "--yes"]);
        let when = format!("killed at request {number} of {all}");
        assert_eq!(run.code, 0, "{when}: {run}");
        assert_same(&cloud, &mut env, "staging", &when);
        let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
        let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "{when}: {plan}");
        assert_same(&cloud, &mut env, "staging", &when);
        env.abandon();
        cloud.reset();
    }
}

/// One test for each part of the moments: a test may take minutes, and not more.
macro_rules! killed {
    ($stack:expr, $parts:literal, $($name:ident: $part:literal),* $(,)?) => {$(
        #[test]
        fn $name() {
            survives(stringify!($name), $stack, ($part, $parts));
        }
    )*};
}

killed!(SMALL, 4, vaults_0: 0, vaults_1: 1, vaults_2: 2, vaults_3: 3);
