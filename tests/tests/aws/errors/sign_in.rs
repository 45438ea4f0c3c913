//! Who signs in: credentials, profiles and roles.

use crate::stacks::SMALL;
use infra_tests::aws::{Cloud, PRODUCTION, REGION, STAGING, staging};
use infra_tests::census::{assert_same, objects};
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Call, Fault, Proxy};
use serde_json::json;
use std::time::{Duration, Instant};

use super::{APPLY, expect_failure, expect_mistake, files_of_aws, provided};

/// How long the binary may take to find that nobody gives it credentials, on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(20);

/// Gives an environment the endpoint, and nothing to sign in with.
fn without_credentials(proxy: &Proxy, env: TestEnv) -> TestEnv {
    proxy.known_to(env)
}

#[test]
fn without_credentials_it_is_said_how_to_sign_in_and_soon() {
    let Some(cloud) = Cloud::start("without_credentials", STAGING) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let mut env = without_credentials(&proxy, staging(SMALL));
    let began = Instant::now();
    let run = env.run(&APPLY);
    expect_failure(
        &run,
        &[
            "No credentials for AWS were found",
            "aws sso login",
            "AWS_ACCESS_KEY_ID",
        ],
    );
    assert!(began.elapsed() < SOON, "it took {:?}", began.elapsed());
    assert!(proxy.take_calls().is_empty());
    env.abandon();
}

#[test]
fn an_account_that_is_not_named_is_asked_for() {
    let mut env = provided(staging(SMALL), "    region = \"eu-west-1\"");
    let run = env.run(&APPLY);
    expect_mistake(
        &run,
        &[
            "does not say its account",
            "Add to its block `provider \"aws\"`: account = \"123456789012\"",
        ],
    );
    env.abandon();
}

#[test]
fn expired_credentials_end_a_run_and_the_next_one_finishes_it() {
    let Some(cloud) = Cloud::start("expired_credentials", STAGING) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(staging(SMALL)));
    let expired = Fault::Refused(
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    proxy.faults(move |_| Some(expired));
    let run = env.run(&APPLY);
    let told = [
        "sts.GetCallerIdentity",
        "is expired",
        "sign in again",
        "[request 11111111-",
    ];
    expect_failure(&run, &told);

    // In the middle of the work.
    let in_the_middle = move |call: &Call| (call.number > 8).then_some(expired);
    let _ = proxy.take_calls();
    proxy.faults(in_the_middle);
    expect_failure(&env.run(&APPLY), &["is expired", "sign in again"]);
    proxy.heal();
    let _ = env.run(&APPLY).expect(0);
    assert_same(&cloud, &mut env, "staging", "after expired credentials");
}

#[test]
fn a_role_of_another_account_is_assumed() {
    let Some(cloud) = Cloud::start("a_role_of_another_account", STAGING) else {
        return;
    };
    let role = format!("arn:aws:iam::{PRODUCTION}:role/deploy");
    let settings =
        format!("    region  = \"{REGION}\"\n    account = \"{PRODUCTION}\"\n    role    = \"{role}\"");
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(provided(staging(SMALL), &settings)));
    let _ = env.run(&APPLY).expect(0);
    assert!(
        objects(&cloud).is_empty(),
        "nothing is in the account of who signed in"
    );
    let there = cloud.boto(&format!(
        "
sts = client('sts')
keys = sts.assume_role(RoleArn='{role}', RoleSessionName='judge')['Credentials']
there = boto3.client('secretsmanager', region_name='{REGION}', aws_access_key_id=keys['AccessKeyId'],
                     aws_secret_access_key=keys['SecretAccessKey'], aws_session_token=keys['SessionToken'])
show(len(there.list_secrets()['SecretList']))
"
    ));
    assert_eq!(there, json!(3));
    let roles = proxy.counts()["sts.AssumeRole"];
    assert_eq!(roles, 1, "a role is assumed once in a run");
}

#[test]
fn a_role_that_is_not_given_is_told() {
    let Some(cloud) = Cloud::start("a_role_that_is_not_given", STAGING) else {
        return;
    };
    let role = format!("arn:aws:iam::{PRODUCTION}:role/deploy");
    let settings =
        format!("    region  = \"{REGION}\"\n    account = \"{PRODUCTION}\"\n    role    = \"{role}\"");
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(provided(staging(SMALL), &settings)));
    proxy.faults(|call| {
        (call.operation == "sts.AssumeRole").then_some(Fault::Refused(
            403,
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/deploy is not authorized to perform: sts:AssumeRole on resource: deploy",
        ))
    });
    let run = env.run(&APPLY);
    expect_failure(
        &run,
        &[
            "The role of the environment cannot be assumed",
            "not authorized to perform: sts:AssumeRole",
            "AccessDenied",
            "[request 11111111-",
            "trust policy",
        ],
    );
    assert!(objects(&cloud).is_empty());
    env.abandon();
}

#[test]
fn a_profile_that_the_environment_names_wins_over_keys_of_the_shell() {
    let Some(cloud) = Cloud::start("a_profile", STAGING) else {
        return;
    };
    let settings =
        format!("    region  = \"{REGION}\"\n    account = \"{STAGING}\"\n    profile = \"deploy\"");
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(provided(staging(SMALL), &settings)));
    files_of_aws(
        &env,
        &[
            ("config", "[profile deploy]\nregion = eu-north-1\n"),
            (
                "credentials",
                "[deploy]\naws_access_key_id = of-profile\naws_secret_access_key = x\n",
            ),
        ],
    );
    let _ = env.run(&["plan", "staging"]).expect(0);
    let keys: Vec<String> = proxy.take_calls().into_iter().map(|call| call.key).collect();
    assert!(!keys.is_empty());
    assert!(keys.iter().all(|key| key == "of-profile"), "{keys:?}");
    env.abandon();
}

#[test]
fn a_profile_that_there_is_not_and_one_whose_session_is_over_are_told() {
    let Some(cloud) = Cloud::start("a_profile_that_there_is_not", STAGING) else {
        return;
    };
    let settings =
        format!("    region  = \"{REGION}\"\n    account = \"{STAGING}\"\n    profile = \"deploy\"");
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(provided(staging(SMALL), &settings)));
    expect_failure(&env.run(&APPLY), &["deploy", "Hint: "]);
    let session = "[sso-session main]\nsso_region = eu-west-1\nsso_start_url = https://example.com/start\n\n[profile deploy]\nsso_session = main\nsso_account_id = 111122223333\nsso_role_name = deploy\n";
    files_of_aws(&env, &[("config", session)]);
    expect_failure(&env.run(&APPLY), &["aws sso login"]);
    assert!(proxy.take_calls().is_empty(), "nothing was asked");
    env.abandon();
}
