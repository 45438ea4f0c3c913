//! The engine is killed at random moments: the next run needs nobody's help, makes nothing twice and loses nothing.
//!
//! The moments are spread over the duration of an undisturbed run, each at random within its own part of it. A failure
//! names its seed; `INFRA_TEST_SEED` repeats it, as far as the machine does.

use std::process::Stdio;
use std::time::{Duration, Instant};

use infra_tests::environment::TestEnv;
use infra_tests::machine::{self, wait_until};
use infra_tests::servers::{namespaces_of, processes_of, rows, servers_of};

use crate::support::{POOLER, PRIMARY, REPLICA_1, addresses, apply, expect_no_changes};

const APPLY: [&str; 3] = ["apply", "local", "--yes"];
const DESTROY: [&str; 3] = ["destroy", "local", "--yes"];

// Several tests, so that they run side by side.

#[test]
fn an_apply_killed_early_is_finished_by_the_next() {
    killed_while_applying("an_apply_killed_early", &[0, 1, 2]);
}

#[test]
fn an_apply_killed_before_its_middle_is_finished_by_the_next() {
    killed_while_applying("an_apply_killed_before_its_middle", &[3, 4]);
}

#[test]
fn an_apply_killed_after_its_middle_is_finished_by_the_next() {
    killed_while_applying("an_apply_killed_after_its_middle", &[5, 6, 7]);
}

#[test]
fn an_apply_killed_late_is_finished_by_the_next() {
    killed_while_applying("an_apply_killed_late", &[8, 9]);
}

/// The run that repairs is killed too: ten rounds have twenty moments.
fn killed_while_applying(test: &str, parts: &[u32]) {
    let Some(mut world) = World::new(test) else { return };
    for part in parts {
        let any = world.random.u32(0..PARTS);
        for part in [*part, any] {
            let moment = world.moment(part);
            world.killed_after(&APPLY, moment);
        }
        apply(&mut world.env);
        world.expect_whole();
        let _ = world.env.run(&DESTROY).expect(0);
        world.expect_nothing();
    }
}

#[test]
fn a_destroy_that_was_killed_is_finished_by_the_next() {
    let Some(mut world) = World::new("a_destroy_that_was_killed") else {
        return;
    };
    for part in [0, 5, 9] {
        apply(&mut world.env);
        let moment = world.moment(part);
        world.killed_after(&DESTROY, moment);
        let _ = world.env.run(&DESTROY).expect(0);
        world.expect_nothing();
    }
}

#[test]
fn a_stack_whose_destroy_was_killed_can_be_applied_again() {
    let Some(mut world) = World::new("a_stack_whose_destroy_was_killed") else {
        return;
    };
    for part in [2, 7] {
        apply(&mut world.env);
        let moment = world.moment(part);
        world.killed_after(&DESTROY, moment);
        apply(&mut world.env);
        world.expect_whole();
    }
}

/// Into how many parts the duration of a run is divided.
const PARTS: u32 = 10;

/// A stack, and what an undisturbed run of it looks like.
struct World {
    env: TestEnv,
    random: fastrand::Rng,
    seed: u64,
    duration: Duration,
    addresses: String,
}

impl World {
    /// Applies and destroys once, undisturbed.
    #[expect(
        clippy::print_stdout,
        reason = "a failed test shows what it printed, and is repeated with that"
    )]
    fn new(test: &str) -> Option<Self> {
        if !machine::has_servers(test) {
            return None;
        }
        let given = machine::variable("INFRA_TEST_SEED").and_then(|seed| seed.to_str()?.parse().ok());
        let seed = given.unwrap_or_else(|| fastrand::u64(..));
        println!("INFRA_TEST_SEED={seed}");
        let mut env = TestEnv::copy_of("examples/replicated");
        env.edit("stack.hcl", "default     = 2", "default     = 1");
        let clock = Instant::now();
        apply(&mut env);
        let duration = clock.elapsed();
        let addresses = addresses(&mut env);
        let _ = env.run(&DESTROY).expect(0);
        let random = fastrand::Rng::with_seed(seed);
        Some(World {
            env,
            random,
            seed,
            duration,
            addresses,
        })
    }

    /// Returns a random moment within a part of the duration.
    fn moment(&mut self, part: u32) -> Duration {
        (self.duration / PARTS).mul_f64(f64::from(part) + self.random.f64())
    }

    /// Starts a run and kills it after a while, unless it ends before.
    #[expect(
        clippy::print_stdout,
        reason = "a failed test shows what it printed, and is repeated with that"
    )]
    fn killed_after(&mut self, arguments: &[&str], after: Duration) {
        println!("{arguments:?} killed after {after:?} of {:?}", self.duration);
        let clock = Instant::now();
        let mut command = self.env.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut run = command.spawn().expect("the binary starts");
        wait_until("the moment has come", || {
            clock.elapsed() >= after || run.try_wait().expect("its end").is_some()
        });
        run.kill().expect("it is killed");
        run.wait().expect("it ends");
    }

    /// Expects what an undisturbed apply leaves: each server once, nothing else, and nothing more to do.
    fn expect_whole(&mut self) {
        expect_no_changes(&mut self.env);
        assert_eq!(addresses(&mut self.env), self.addresses, "seed {}", self.seed);
        let wanted = [POOLER, REPLICA_1, PRIMARY];
        // A tool of the killed engine may take a moment to notice that nobody listens any more.
        let once = |env: &TestEnv| {
            let servers = servers_of(env);
            servers.keys().eq(wanted.iter()) && servers.values().all(|processes| processes.len() == 1)
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while !once(&self.env) {
            let found = servers_of(&self.env);
            assert!(Instant::now() < deadline, "seed {}: {found:?}", self.seed);
            std::thread::yield_now();
        }
        let url = self.env.output("postgres.main.url");
        assert_eq!(rows(&url, "select count(*) from pg_stat_replication"), "1");
        assert_eq!(rows(&url, "select count(*) from pg_replication_slots"), "1");
    }

    fn expect_nothing(&mut self) {
        assert_eq!(addresses(&mut self.env), "", "seed {}", self.seed);
        assert_eq!(
            namespaces_of(&self.env),
            Vec::<String>::new(),
            "seed {}",
            self.seed
        );
        wait_until("no process is left", || processes_of(&self.env).is_empty());
        let environment = self.env.folder().join(".infra/local");
        let left = std::fs::read_dir(environment).expect("the state stays").flatten();
        let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["state"], "seed {}", self.seed);
    }
}
