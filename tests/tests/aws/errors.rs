//! Errors that a user meets: who is to blame, where, and what to do. Nothing is lost by any of them.

use std::time::{Duration, Instant};

use infra_tests::aws::{Cloud, PRODUCTION, REGION, STAGING, staging};
use infra_tests::census::{assert_same, objects};
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Call, Fault, Proxy};
use infra_tests::run::Run;
use serde_json::json;

use crate::stacks::SMALL;

const APPLY: [&str; 3] = ["apply", "staging", "--yes"];

/// How long the binary may take to find that nobody gives it credentials, on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(20);

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

/// Gives an environment the endpoint, and nothing to sign in with.
fn without_credentials(proxy: &Proxy, env: TestEnv) -> TestEnv {
    proxy.known_to(env)
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
    for command in [&APPLY[..], &["plan", "staging"], &["destroy", "staging", "--yes"]] {
        let run = env.run(command);
        if command[0] == "destroy" {
            // There is no state yet, and so nobody to ask.
            continue;
        }
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
fn a_name_of_an_alias_that_somebody_has_is_told_and_left_alone() {
    let Some(cloud) = Cloud::start("a_name_of_an_alias", STAGING) else {
        return;
    };
    let name = "alias/small-staging-app-key-vault";
    let theirs = cloud.boto(&format!(
        "
kms = client('kms')
key = kms.create_key(Description='theirs')['KeyMetadata']['KeyId']
kms.create_alias(AliasName='{name}', TargetKeyId=key)
show(key)
"
    ));
    let mut env = cloud.known_to(staging(SMALL));
    let run = env.run(&APPLY);
    let take_in = format!("infra import staging 'key_vault.app/aws.kms.alias.main' '{name}'");
    let told = format!("`{name}` has the name and is not of this environment: no environment made it");
    expect_mistake(&run, &["kms.CreateAlias", name, &told, &take_in]);
    let points_to = cloud.boto(&format!(
        "show(client('kms').describe_key(KeyId='{name}')['KeyMetadata']['KeyId'])"
    ));
    assert_eq!(points_to, theirs);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let left = cloud.boto(&format!(
        "show(client('kms').describe_key(KeyId='{name}')['KeyMetadata']['KeyState'])"
    ));
    assert_eq!(left, json!("Enabled"));
}

#[test]
fn a_name_that_somebody_has_is_told_with_the_way_to_take_it_in() {
    let Some(cloud) = Cloud::start("a_name_that_somebody_has", STAGING) else {
        return;
    };
    let role = "watched-staging-main-flow-logs";
    let bucket = "a-bucket-that-is-there";
    let _ = cloud.boto(&format!(
        "
trust = {{'Version': '2012-10-17', 'Statement': []}}
client('iam').create_role(RoleName='{role}', Path='/infra/', AssumeRolePolicyDocument=json.dumps(trust))
client('logs').create_log_group(logGroupName='/infra/{role}')
client('s3').create_bucket(Bucket='{bucket}', CreateBucketConfiguration={{'LocationConstraint': '{REGION}'}})
"
    ));
    let watched = "stack { name = \"watched\" }\n\nnetwork \"main\" {\n  cidr  = \"10.30.0.0/16\"\n  zones = 1\n\n  \
                   segment \"app\" {}\n\n  aws { flow_logs = true }\n}\n";
    let store = format!(
        "\nblob_store \"files\" {{\n  aws {{ name = \"{bucket}\" }}\n}}\n\nkey_vault \"app\" {{\n  secret \"key\" {{ value = \"x\" }}\n}}\n"
    );
    let mut env = cloud.known_to(staging(&format!("{watched}{store}")));
    let import_of_role = format!("import staging 'network.main/aws.iam.role.flow-logs' '{role}'");
    let imports = [
        format!("import staging 'network.main/aws.logs.log_group.flow-logs' '/infra/{role}'"),
        format!("import staging 'blob_store.files/aws.s3.bucket.main' '{bucket}'"),
    ];
    let run = env.run(&APPLY);
    let mut told = vec![
        "Give its component another name, or take it in",
        "Choose another name in the component",
    ];
    let commands: Vec<String> = imports.iter().map(|import| format!("infra {import}")).collect();
    told.extend(commands.iter().map(String::as_str));
    expect_mistake(&run, &told);
    // What the hints say works.
    for import in &imports {
        take_in(&mut env, import);
    }
    // The role names the log group, so it is begun only now.
    expect_mistake(&env.run(&APPLY), &[&format!("infra {import_of_role}")]);
    take_in(&mut env, &import_of_role);
    let _ = env.run(&APPLY).expect(0);
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{plan}");
    // What another environment has is told as its own.
    let mut other = cloud.known_to(staging(&format!("{watched}{store}")));
    expect_mistake(
        &other.run(&APPLY),
        &[
            "it belongs to the environment `staging` of the stack `watched`",
            "let the state that owns it forget it",
        ],
    );
    let _ = other.run(&["destroy", "staging", "--yes"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
    other.abandon();
}

fn take_in(env: &mut TestEnv, import: &str) {
    let words: Vec<String> = import.split(' ').map(|word| word.replace('\'', "")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let _ = env.run(&words).expect(0);
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
