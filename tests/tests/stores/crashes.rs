//! The engine is killed at random moments while its state is in a bucket: what it held is free after half a minute, and
//! the next run needs nobody's help, makes nothing twice and loses nothing.

use std::process::Stdio;
use std::time::{Duration, Instant};

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::moto::Moto;

use crate::support::{objects, recorded, vaults};

const MANY: usize = 60;
const MOMENTS: u32 = 20;
const APPLY: [&str; 5] = ["apply", "local", "--yes", "--wait", "90"];

/// Twenty environments, each killed within its own part of the duration of an undisturbed run; so all wait for the
/// leases of the dead at the same time.
#[test]
fn an_apply_killed_at_any_moment_is_finished_by_the_next() {
    let Some(moto) = Moto::start("an_apply_killed_at_any_moment") else {
        return;
    };
    let given = machine::variable("INFRA_TEST_SEED").and_then(|seed| seed.to_str()?.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    println!("INFRA_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let team = |name: &str| Moto::known_to(TestEnv::stack(&vaults(MANY, &moto.store(name))));

    let clock = Instant::now();
    let _ = team("undisturbed").run(&APPLY).expect(0);
    let duration = clock.elapsed();

    let mut killed = Vec::new();
    for part in 0..MOMENTS {
        let mut env = team(&format!("part-{part}"));
        let moment = (duration / MOMENTS).mul_f64(f64::from(part) + random.f64());
        killed_after(&mut env, moment);
        killed.push((moment, env));
    }
    let left: usize = killed.iter().map(|(_, env)| objects(env).len()).sum();
    println!("{left} objects were there when all were killed");
    assert!(
        left > 0 && left < MANY * killed.len(),
        "no run was killed in its middle"
    );
    for (moment, env) in &mut killed {
        println!("killed after {moment:?} of {duration:?}");
        let _ = env.run(&APPLY).expect(0);
        assert_eq!((objects(env).len(), recorded(env)), (MANY, MANY));
        let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
    }
}

/// Starts an apply and kills it after a while, unless it ends before.
fn killed_after(env: &mut TestEnv, after: Duration) {
    let mut command = env.command(&APPLY);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let clock = Instant::now();
    let mut run = command.spawn().expect("the binary starts");
    machine::wait_until("the moment has come", || {
        clock.elapsed() >= after || run.try_wait().expect("its end").is_some()
    });
    run.kill().expect("it is killed");
    run.wait().expect("it ends");
}
