//! What several of these tests need: a stack with a database, and its plans.

use infra_tests::environment::TestEnv;

/// Returns a stack `shop` with one PostgreSQL `main` in a network of two zones; `inside` stands in the component.
pub(crate) fn database(inside: &str) -> String {
    format!(
        r#"
stack {{
  name = "shop"
}}

network "main" {{
  cidr  = "10.20.0.0/16"
  zones = 2

  segment "data" {{}}
}}

postgres "main" {{
  version    = 16
  segment    = network.main.segment.data
  size       = "small"
  storage_gb = 20
{inside}
}}
"#
    )
}

/// Replaces the stack of an environment.
pub(crate) fn restack(env: &TestEnv, stack: &str) {
    env.write("stack.hcl", stack);
}

/// Runs an apply that must work.
pub(crate) fn apply(env: &mut TestEnv) {
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
}

/// Expects that the cloud is what the stack wants.
pub(crate) fn expect_no_changes(env: &mut TestEnv) {
    let run = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(run.code, 0, "{run}");
}
