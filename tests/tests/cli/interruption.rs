//! Ctrl-C while applying: what runs ends and is recorded, nothing new begins, and the next run goes on.

use infra_tests::environment::TestEnv;

use crate::pty::Session;
use crate::support::vaults;

const MANY: usize = 400;

#[test]
fn the_first_ctrl_c_ends_what_runs_and_the_next_apply_goes_on() {
    let mut env = TestEnv::stack(&vaults(MANY));
    let test = "the_first_ctrl_c_ends_what_runs_and_the_next_apply_goes_on";
    let Some(mut session) = Session::start(test, &mut env, &["apply", "local", "--yes"]) else {
        return;
    };
    session.wait_for("created");
    session.press("\u{3}");
    let (code, shown) = session.finish();
    assert_eq!(code, 130, "{shown}");
    assert!(
        shown.contains("interrupted:") && shown.contains("Interrupted: "),
        "{shown}"
    );
    let recorded = env
        .run(&["state", "list", "local"])
        .expect(0)
        .stdout
        .lines()
        .count();
    assert!(recorded > 0 && recorded < MANY, "{recorded} were recorded");
    let again = env.run(&["apply", "local", "--yes"]).expect(0);
    let rest = format!("Done: {} created in ", MANY - recorded);
    assert!(again.stderr.contains(&rest), "{again}");
}

#[test]
fn a_second_ctrl_c_leaves_at_once_and_says_so() {
    let mut env = TestEnv::stack(&vaults(MANY));
    let test = "a_second_ctrl_c_leaves_at_once_and_says_so";
    let Some(mut session) = Session::start(test, &mut env, &["apply", "local", "--yes"]) else {
        return;
    };
    session.wait_for("created");
    session.press("\u{3}\u{3}");
    let (code, shown) = session.finish();
    assert_eq!(code, 130, "{shown}");
    // The first may have ended the run before the second came; then there was nothing to leave.
    let ended = shown.contains("Interrupted: ");
    assert!(ended || shown.contains("left at once:"), "{shown}");
    let again = env.run(&["apply", "local", "--yes"]).expect(0);
    assert!(again.stderr.contains("Done: "), "{again}");
}
