//! The project's own stacks in their environments on AWS: planned, applied, planned again, changed and destroyed; `boto3` counts.

use std::fs;

use infra_tests::aws::{Cloud, PRODUCTION, STAGING};
use infra_tests::census;
use infra_tests::environment::TestEnv;

#[test]
fn experimentation_lives_in_staging() {
    lives(
        "experimentation",
        "staging",
        ("expire_noncurrent_days = 90", "expire_noncurrent_days = 60"),
    );
}

#[test]
fn experimentation_lives_in_production() {
    lives(
        "experimentation",
        "production",
        ("expire_noncurrent_days = 90", "expire_noncurrent_days = 60"),
    );
}

#[test]
fn event_api_lives_in_staging() {
    lives(
        "event-api",
        "staging",
        ("ports = local.service_ports", "ports = [3000, 4000, 9000]"),
    );
}

#[test]
fn event_api_lives_in_production() {
    lives(
        "event-api",
        "production",
        ("ports = local.service_ports", "ports = [3000, 4000, 9000]"),
    );
}

#[test]
fn saas_platform_lives_in_production() {
    lives(
        "saas-platform",
        "production",
        ("expire_noncurrent_days = 30", "expire_noncurrent_days = 60"),
    );
}

/// Applies a stack, changes it with one edit, and destroys it; looks at the account after each.
fn lives(stack: &str, environment: &str, (from, to): (&str, &str)) {
    let test = format!("{stack} {environment}");
    let account = if environment == "production" {
        PRODUCTION
    } else {
        STAGING
    };
    let Some(cloud) = Cloud::start(&test, account) else {
        return;
    };
    let mut env = cloud.known_to(TestEnv::copy_of(&format!("stacks/{stack}")));
    let overlay = format!("env/{environment}.hcl");
    without_approval(&env, &overlay);
    let _ = env.run(&["apply", environment, "--yes"]).expect(0);
    let _ = env.run(&["plan", environment, "--detailed-exitcode"]).expect(0);
    census::assert_same(&cloud, &mut env, environment, "applied");
    env.edit("stack.hcl", from, to);
    let _ = env.run(&["plan", environment, "--detailed-exitcode"]).expect(2);
    let _ = env.run(&["apply", environment, "--yes"]).expect(0);
    let _ = env.run(&["plan", environment, "--detailed-exitcode"]).expect(0);
    census::assert_same(&cloud, &mut env, environment, "changed");
    if text(&env, &overlay).contains("= true") {
        // What is protected is not destroyed; lifting that is a change of its own.
        let _ = env.run(&["destroy", environment, "--yes"]).expect(1);
        let lifted = text(&env, &overlay)
            .lines()
            .filter(|line| !line.contains("protect "))
            .collect::<Vec<_>>()
            .join("\n");
        env.write(
            &overlay,
            &lifted.replace("{ protect = true }", "{ protect = false }"),
        );
        let _ = env.run(&["apply", environment, "--yes"]).expect(0);
    }
    let _ = env.run(&["destroy", environment, "--yes"]).expect(0);
    assert_eq!(
        census::objects(&cloud),
        census::Census::new(),
        "something is left"
    );
    env.abandon();
}

/// Signed approvals are not built yet, and an environment that asks for them is refused.
pub(crate) fn without_approval(env: &TestEnv, overlay: &str) {
    let text = text(env, overlay);
    let Some((before, after)) = text.split_once("  approval {") else {
        return;
    };
    let (_, after) = after.split_once("\n  }\n").expect("the end of the block");
    env.write(overlay, &format!("{before}{after}"));
}

fn text(env: &TestEnv, file: &str) -> String {
    fs::read_to_string(env.folder().join(file)).expect("a file of the stack")
}
