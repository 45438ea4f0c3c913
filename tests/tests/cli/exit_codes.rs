//! Exit codes, as the overview of the help promises them; those of failing machines are tested where they fail.

use infra_tests::environment::TestEnv;

use crate::support::VAULT;

#[test]
fn detailed_exit_codes_tell_changes_from_errors() {
    let mut env = TestEnv::stack(VAULT);
    let detailed = ["plan", "local", "--detailed-exitcode"];
    let _ = env.run(&detailed).expect(2);
    let _ = env.run(&["plan", "local"]).expect(0);
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let _ = env.run(&detailed).expect(0);
    let _ = env
        .run(&["plan", "local", "--detailed-exitcode", "--destroy"])
        .expect(2);
    // Two means changes, so a wrong command line must not be two here.
    let _ = env.run(&["plan", "elsewhere", "--detailed-exitcode"]).expect(1);
    let _ = env
        .run(&["plan", "local", "--detailed-exitcode", "--wrong"])
        .expect(1);
}
