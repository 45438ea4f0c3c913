//! Whole systems, for tests that disturb the engine: several stand side by side in one account, and are disturbed at the same time.

use std::thread;

use infra_tests::aws::{Cloud, staging};
use infra_tests::census::{self, Census};
use infra_tests::environment::TestEnv;
use infra_tests::faults::Proxy;
use infra_tests::run::Run;

const STACK: &str = include_str!("whole.hcl");

pub(crate) const APPLY: [&str; 3] = ["apply", "staging", "--yes"];
pub(crate) const DESTROY: [&str; 3] = ["destroy", "staging", "--yes"];

/// What is changed in place, a little of each service, and what it becomes.
const CHANGES: [(&str, &str); 10] = [
    ("ports = [3000]", "ports = [3000, 4000]"),
    (
        "flow_logs    = true",
        "flow_logs    = true\n    flow_log_days = 90",
    ),
    ("replicas   = 1\n  parameters", "replicas   = 2\n  parameters"),
    ("max_connections = 200", "max_connections = 300"),
    ("size = 20 ", "size = 40 "),
    ("allkeys-lru", "volatile-lru"),
    ("expire_noncurrent_days = 90", "expire_noncurrent_days = 60"),
    ("length = 40", "length = 30"),
    ("first-value", "second-value"),
    ("# tags", "tags = { team = \"a\" }"),
];

/// A system and the way of its engine to the account.
pub(crate) struct System {
    pub(crate) name: String,
    pub(crate) env: TestEnv,
    pub(crate) proxy: Proxy,
}

impl System {
    /// Returns a system that is only written down.
    pub(crate) fn new(cloud: &Cloud, name: &str) -> Self {
        let proxy = Proxy::before(cloud);
        let env = proxy.known_to(cloud.known_to(staging(&STACK.replace("NAME", name))));
        System {
            name: name.to_owned(),
            env,
            proxy,
        }
    }

    /// Changes the stack.
    pub(crate) fn change(&self) {
        for (from, to) in CHANGES {
            self.env.edit("stack.hcl", from, to);
        }
    }

    /// Runs what must end well.
    pub(crate) fn run(&mut self, arguments: &[&str], when: &str) -> Run {
        let run = self.env.run(arguments);
        assert_eq!(run.code, 0, "{}, {when}: {run}", self.name);
        run
    }

    /// Fails the test unless nothing is to be done.
    pub(crate) fn is_settled(&mut self, when: &str) {
        let _ = self.run(&["plan", "staging", "--detailed-exitcode"], when);
    }
}

impl Drop for System {
    /// The account goes with the test.
    fn drop(&mut self) {
        self.env.abandon();
    }
}

/// Does something with all systems at the same time. What one of them fails with is told.
pub(crate) fn side_by_side(systems: &mut [System], work: impl Fn(usize, &mut System) + Sync) {
    thread::scope(|scope| {
        for (number, system) in systems.iter_mut().enumerate() {
            let work = &work;
            scope.spawn(move || work(number, system));
        }
    });
}

/// Fails the test unless the account holds what the systems record, nothing twice, and nothing else.
pub(crate) fn assert_counted(cloud: &Cloud, systems: &mut [System], when: &str) {
    let recorded: Vec<Census> = systems
        .iter_mut()
        .map(|system| census::recorded(&mut system.env, "staging"))
        .collect();
    census::assert_recorded(cloud, &census::together(recorded), when);
}
