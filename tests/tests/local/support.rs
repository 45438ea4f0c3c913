//! What the tests share: the stack with replicas, applied, and short ways to say what a plan must be.

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::run::Run;
use serde_json::Value;

/// The addresses of the servers of `examples/replicated`.
pub(crate) const PRIMARY: &str = "postgres.main/local.postgres.server.primary";
pub(crate) const REPLICA_1: &str = "postgres.main/local.postgres.replica.replica-1";
pub(crate) const REPLICA_2: &str = "postgres.main/local.postgres.replica.replica-2";
pub(crate) const POOLER: &str = "postgres.main/local.postgres.pooler.pooler";

/// Returns `examples/replicated`, applied, if this machine has the servers for it.
pub(crate) fn replicated(test: &str) -> Option<TestEnv> {
    applied(test, "examples/replicated")
}

/// Returns a copy of a stack of the project, applied, if this machine has the servers for it.
pub(crate) fn applied(test: &str, stack: &str) -> Option<TestEnv> {
    if !machine::has_servers(test) {
        return None;
    }
    let mut env = TestEnv::copy_of(stack);
    apply(&mut env);
    Some(env)
}

/// Applies and expects success.
pub(crate) fn apply(env: &mut TestEnv) {
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
}

/// Plans and expects that nothing is to do.
pub(crate) fn expect_no_changes(env: &mut TestEnv) {
    let _ = plan(env).expect(0);
}

/// Plans; the exit code says whether there is something to do.
pub(crate) fn plan(env: &mut TestEnv) -> Run {
    env.run(&["plan", "local", "--detailed-exitcode"])
}

/// Plans and returns what is to do per address: the decision and its class, such as `update safe`.
pub(crate) fn decisions(env: &mut TestEnv) -> Vec<String> {
    let run = env.run(&["plan", "local", "--json"]).expect(0);
    let document: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let word = |decision: &Value, name: &str| decision[name].as_str().unwrap_or_default().to_owned();
    document["plan"]["decisions"]
        .as_object()
        .expect("decisions")
        .iter()
        .map(|(address, decision)| {
            format!(
                "{address}: {} {}",
                word(decision, "decision"),
                word(decision, "class")
            )
        })
        .collect()
}

/// Returns the addresses of all recorded resources.
pub(crate) fn addresses(env: &mut TestEnv) -> String {
    env.run(&["state", "list", "local"]).expect(0).stdout
}

/// Returns the URL under which the engine itself connects to the primary: over the socket, known by its kernel.
pub(crate) fn as_engine(env: &mut TestEnv) -> String {
    let url = env.output("postgres.main.url");
    let (_, socket) = url.split_once('?').expect("a socket");
    format!("postgresql://infra@/postgres?{socket}")
}
