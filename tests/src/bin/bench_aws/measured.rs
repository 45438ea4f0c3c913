//! Runs the binary and measures it.

use std::path::Path;
use std::process::{Command, Output};

use infra_tests::environment::TestEnv;

/// What a run cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// Seconds of processors.
    pub(crate) processor: f64,
    /// The most memory it had, in MB.
    pub(crate) megabytes: f64,
}

impl Cost {
    /// Returns it as columns of a table.
    pub(crate) fn row(self) -> String {
        format!(
            "{:>9.2}{:>10.2}{:>10.0}",
            self.processor, self.wall, self.megabytes
        )
    }
}

/// A new process counts the memory of the one that started it as its own peak, so a small one starts what is measured.
const WATCH: &str = "
import os, sys, time
begun = time.perf_counter()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
seconds = time.perf_counter() - begun
print(os.waitstatus_to_exitcode(status), seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, file=sys.stderr)
";

/// Runs the binary to its end, which must be a success.
pub(crate) fn run(infra: &Path, env: &mut TestEnv, arguments: &[&str]) -> Cost {
    watched(infra, env, arguments).0
}

/// Runs it and returns what it wrote to standard error, too.
pub(crate) fn logged(infra: &Path, env: &mut TestEnv, arguments: &[&str]) -> (Cost, String) {
    let (cost, output) = watched(infra, env, arguments);
    (cost, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Runs it and returns the document that it wrote.
pub(crate) fn json(infra: &Path, env: &mut TestEnv, arguments: &[&str]) -> serde_json::Value {
    let (_, output) = watched(infra, env, arguments);
    serde_json::from_slice(&output.stdout).expect("a document")
}

fn watched(infra: &Path, env: &mut TestEnv, arguments: &[&str]) -> (Cost, Output) {
    // Where the test environment would run its own binary, with the same variables.
    let prepared = env.command(arguments);
    let mut command = Command::new("python3");
    command
        .args(["-S", "-E", "-c", WATCH])
        .arg(infra.canonicalize().expect("the binary"))
        .args(arguments)
        .env_clear();
    command.current_dir(prepared.get_current_dir().expect("the stack's folder"));
    command.envs(
        prepared
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let output = command.output().expect("`python3` runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let last = said.lines().last().unwrap_or_default();
    let figures: Vec<f64> = last.split(' ').filter_map(|figure| figure.parse().ok()).collect();
    let &[0.0, wall, processor, kilobytes] = figures.as_slice() else {
        panic!("{arguments:?}: {said}");
    };
    let cost = Cost {
        wall,
        processor,
        megabytes: kilobytes / 1024.0,
    };
    (cost, output)
}
