//! Errors that a user meets: who is to blame, where, and what to do. Nothing is lost by any of them.

use infra_tests::aws::{Cloud, PRODUCTION, STAGING, staging};
use infra_tests::census::{assert_same, objects};
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Fault, Proxy};
use infra_tests::run::Run;

use crate::stacks::SMALL;

mod names;
mod sign_in;

const APPLY: [&str; 3] = ["apply", "staging", "--yes"];

/// Fails the test unless a run failed for what is outside of the stack, and said all of this.
fn expect_failure(run: &Run, parts: &[&str]) {
    assert_eq!(run.code, 3, "{run}");
    expect_said(run, parts);
}

/// Fails the test unless a run failed for what the stack says, and said all of this.
fn expect_mistake(run: &Run, parts: &[&str]) {
    assert_eq!(run.code, 1, "{run}");
    expect_said(run, parts);
}

fn expect_said(run: &Run, parts: &[&str]) {
    for part in parts {
        assert!(run.stderr.contains(part), "`{part}` is not said: {run}");
    }
}

/// Writes the environment with these lines in its block `provider "aws"`.
fn provided(env: TestEnv, settings: &str) -> TestEnv {
    env.file(
        "env/staging.hcl",
        &format!(
            "environment \"staging\" {{\n  data = \"mock\"\n\n  provider \"aws\" {{\n{settings}\n  }}\n}}\n"
        ),
    )
}

fn files_of_aws(env: &TestEnv, files: &[(&str, &str)]) {
    let folder = env.root().join("home/.aws");
    std::fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.join(name), text).expect("a file");
    }
}

#[test]
fn another_account_is_refused_before_anything_else_is_asked() {
    let Some(cloud) = Cloud::start("another_account", PRODUCTION) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(staging(SMALL)));
    for command in [&APPLY[..], &["plan", "staging"]] {
        let run = env.run(command);
        let told = format!("are of account `{PRODUCTION}`");
        let lives = format!("`staging` lives in `{STAGING}`");
        expect_failure(&run, &[&told, &lives, &format!("Hint: Sign in to `{STAGING}`")]);
        let asked: Vec<String> = proxy
            .take_calls()
            .into_iter()
            .map(|call| call.operation)
            .collect();
        assert_eq!(asked, ["sts.GetCallerIdentity"], "{command:?}");
    }
    assert!(objects(&cloud).is_empty());
    env.abandon();
}

#[test]
fn a_missing_permission_is_named() {
    // What the first requests make, before permissions count: a user who may do all but one thing.
    let setup = "
iam = client('iam')
iam.create_user(UserName='deploy')
policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Resource': '*', 'Action': [
    'sts:*', 'kms:*', 'tag:*', 'secretsmanager:Describe*', 'secretsmanager:List*', 'secretsmanager:BatchGet*', 'secretsmanager:Get*']}]}
iam.put_user_policy(UserName='deploy', PolicyName='most', PolicyDocument=json.dumps(policy))
key = iam.create_access_key(UserName='deploy')['AccessKey']
show([key['AccessKeyId'], key['SecretAccessKey']])
";
    let Some(cloud) = Cloud::start_with(
        "a_missing_permission",
        STAGING,
        &[("INITIAL_NO_AUTH_ACTION_COUNT", "3")],
    ) else {
        return;
    };
    let keys = cloud.boto(setup);
    let mut env = cloud
        .known_to(staging(SMALL))
        .variable("AWS_ACCESS_KEY_ID", keys[0].as_str().expect("a key"))
        .variable("AWS_SECRET_ACCESS_KEY", keys[1].as_str().expect("a key"));
    let run = env.run(&APPLY);
    expect_failure(
        &run,
        &[
            "secretsmanager.CreateSecret",
            "Allow `secretsmanager:CreateSecret`",
            "infra permissions",
            "[request ",
        ],
    );
    // What was made is recorded: the keys and their names.
    let list = env.run(&["state", "list", "staging"]).expect(0);
    assert!(list.stdout.contains("aws.kms.key.main"), "{list}");
    env.abandon();
}

#[test]
fn a_quota_that_is_reached_is_told_and_nothing_is_lost() {
    let Some(cloud) = Cloud::start("a_quota", STAGING) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(staging(SMALL)));
    proxy.faults(|call| {
        let message = "You have reached the maximum number of secrets";
        (call.operation == "secretsmanager.CreateSecret").then_some(Fault::Refused(
            400,
            "LimitExceededException",
            message,
        ))
    });
    let run = env.run(&APPLY);
    let told = [
        "secretsmanager.CreateSecret",
        "the maximum number of secrets",
        "Service Quotas",
    ];
    expect_failure(&run, &told);
    assert_same(&cloud, &mut env, "staging", "at the quota");
    let tries = proxy.counts()["secretsmanager.CreateSecret"];
    assert_eq!(tries, 3, "what stays refused is not asked again");
    proxy.heal();
    let _ = env.run(&APPLY).expect(0);
    assert_same(&cloud, &mut env, "staging", "after the quota");
}

#[test]
fn clouds_are_not_stopped_whether_they_were_applied_or_not() {
    let mut env = staging(SMALL);
    for command in ["stop", "start"] {
        let run = env.run(&[command, "staging"]);
        let told = [
            "Environment `staging` is on `aws`, where nothing is stopped or started by infra",
            "Only environments of the provider `local` are",
        ];
        expect_mistake(&run, &told);
    }
    env.abandon();
}

#[test]
fn an_endpoint_that_does_not_answer_is_named() {
    let mut env = staging(SMALL)
        .variable("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .variable("AWS_ACCESS_KEY_ID", "tests")
        .variable("AWS_SECRET_ACCESS_KEY", "tests");
    let run = env.run(&APPLY);
    expect_failure(
        &run,
        &[
            "`http://127.0.0.1:9` does not answer",
            "refused",
            "AWS_ENDPOINT_URL",
        ],
    );
    env.abandon();
}

#[test]
fn a_region_that_there_is_not_is_doubted() {
    let settings = format!("    region  = \"mars-north-1\"\n    account = \"{STAGING}\"");
    let mut env = provided(staging(SMALL), &settings)
        .variable("AWS_ACCESS_KEY_ID", "tests")
        .variable("AWS_SECRET_ACCESS_KEY", "tests");
    let run = env.run(&APPLY);
    expect_failure(
        &run,
        &[
            "AWS does not answer in the region `mars-north-1`",
            "that there is a region `mars-north-1`",
        ],
    );
    env.abandon();
}

#[test]
fn an_endpoint_that_is_empty_is_none_and_one_that_is_no_url_is_refused() {
    let Some(cloud) = Cloud::start("endpoints", STAGING) else {
        return;
    };
    let env = cloud.known_to(staging(SMALL)).variable("AWS_ENDPOINT_URL", "");
    let config = format!("[default]\nendpoint_url = {}\n", cloud.endpoint());
    files_of_aws(&env, &[("config", &config)]);
    let mut env = env;
    let _ = env.run(&["plan", "staging"]).expect(0);
    let mut env = env.variable("AWS_ENDPOINT_URL", "localhost");
    let refused = env.run(&["plan", "staging", "--json"]);
    expect_mistake(
        &refused,
        &["The endpoint `localhost` of", "is no URL", "AWS_ENDPOINT_URL"],
    );
    let document: serde_json::Value = serde_json::from_str(&refused.stdout).expect("one document");
    assert_eq!(document["format"], "infra.failure/1");
    assert_eq!(document["kind"], "user");
    env.abandon();
}

#[test]
fn the_form_of_region_account_and_role_is_checked_without_an_account() {
    let wrong = "region = \"eu-wset-1\"\n    account = \"12345\"\n    role = \"deploy\"";
    let mut env = provided(staging(SMALL), wrong);
    expect_mistake(
        &env.run(&["validate"]),
        &[
            "--> env/staging.hcl:4:3",
            "Did you mean `eu-west-1`?",
            "twelve digits",
            "`deploy` is no ARN of a role",
        ],
    );
    let mut env = provided(env, "");
    let parts = ["does not say its region", "does not say its account"];
    expect_mistake(&env.run(&["validate"]), &parts);
}
