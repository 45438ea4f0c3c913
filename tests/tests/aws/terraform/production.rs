//! A whole production environment that Terraform made: adopted, kept as it is, and managed from then on.

use infra_tests::aws::{Cloud, PRODUCTION};
use infra_tests::environment::TestEnv;
use serde_json::{Value as Json, json};

use crate::systems::without_approval;

/// What a person knows and nothing tells: these differ by the names alone that the team gave them.
const CHOICES: [&str; 6] = [
    "aws_db_instance.prod_platform_read_1=postgres.main/aws.rds.replica.replica-1",
    "aws_db_instance.prod_platform_read_2=postgres.main/aws.rds.replica.replica-2",
    "aws_secretsmanager_secret.jwt=key_vault.app/aws.secretsmanager.secret.jwt_key",
    "aws_secretsmanager_secret.platform=postgres.main/aws.secretsmanager.secret.platform",
    "aws_secretsmanager_secret.master=postgres.main/aws.secretsmanager.secret.master-password",
    "aws_secretsmanager_secret.queue=redis.queue/aws.secretsmanager.secret.password",
];

/// Secrets that the state of Terraform holds in clear.
const GIVEN: [&str; 4] = ["J", "P", "M", "Q"];

/// What users have, and what programs log in with.
const KEPT: &str = "
secrets, s3, iam = client('secretsmanager'), client('s3'), client('iam')
values = {one['Name']: secrets.get_secret_value(SecretId=one['ARN'])['SecretString'] for one in secrets.list_secrets()['SecretList']}
keys = [key['AccessKeyId'] for key in iam.list_access_keys(UserName='prod-assets')['AccessKeyMetadata']]
policies = iam.list_user_policies(UserName='prod-assets')['PolicyNames']
s3.delete_bucket_policy(Bucket='acme-prod-assets')
show([values, keys, policies, s3.get_object(Bucket='acme-prod-assets', Key='build/1.js')['Body'].read().decode()])
";

/// Every role is old enough that services know it.
const OLD: [(&str, &str); 1] = [("INFRA_ROLE_REFUSALS", "0")];

/// Returns the project's own stack as a team would fill it in that has such an environment, and the state of Terraform in its folder.
fn platform(cloud: &Cloud) -> (TestEnv, Json) {
    let env = cloud.known_to(TestEnv::copy_of("stacks/saas-platform"));
    without_approval(&env, "env/production.hcl");
    // Theirs has one way out, and neither endpoints nor an end of its logs.
    for (ours, theirs) in [
        ("\"per_zone\"", "\"single\""),
        ("    endpoints     = [\"s3\"]", "   "),
        ("    flow_log_days = 90\n", ""),
    ] {
        env.edit("env/production.hcl", ours, theirs);
    }
    let state = cloud.boto(include_str!("production.py"));
    env.write("terraform.tfstate", &state.to_string());
    (env, state)
}

/// Returns what the account has, without the clock of the databases.
fn inventory(cloud: &Cloud) -> Json {
    let mut all = json!(cloud.inventory());
    for of_type in ["aws.rds.instance", "aws.rds.replica"] {
        for database in all[of_type].as_object_mut().expect("databases").values_mut() {
            let _ = database
                .as_object_mut()
                .expect("as documented")
                .remove("LatestRestorableTime");
        }
    }
    all
}

fn import(env: &mut TestEnv, more: &[&str]) -> Json {
    let import = [
        "import",
        "production",
        "--from-terraform",
        "terraform.tfstate",
        "--json",
    ];
    serde_json::from_str(&env.run(&[&import[..], more].concat()).expect(0).stdout).expect("as documented")
}

fn texts<'a>(list: &'a Json, field: &str) -> Vec<&'a str> {
    let list = list.as_array().expect("as documented").iter();
    list.map(|one| one[field].as_str().expect("as documented"))
        .collect()
}

fn output(env: &mut TestEnv, name: &str) -> String {
    let shown = env.run(&["output", "production", name]).expect(0);
    shown.stdout.trim().to_owned()
}

/// Returns the attributes of an object in the state of Terraform.
fn attributes<'a>(state: &'a Json, of_type: &str) -> &'a Json {
    let mut all = state["resources"].as_array().expect("as documented").iter();
    let found = all
        .find(|one| one["type"] == of_type)
        .expect("it is in the state");
    &found["instances"][0]["attributes"]
}

#[test]
fn a_production_environment_is_adopted_whole_and_nothing_of_it_changes() {
    let Some(cloud) = Cloud::start_with("a_production_environment_is_adopted", PRODUCTION, &OLD) else {
        return;
    };
    let (mut env, state) = platform(&cloud);
    let before = inventory(&cloud);

    // Without a person's word only what is certain is adopted, and nothing is guessed.
    let would = import(&mut env, &["--dry-run"]);
    let open = would["left_out"].as_array().expect("as documented").iter();
    let to_decide: Vec<&str> = open
        .clone()
        .filter(|one| one["fits"] != json!([]))
        .map(|one| one["from"].as_str().expect("as documented"))
        .collect();
    let asked: Vec<&str> = CHOICES
        .iter()
        .filter_map(|choice| choice.split('=').next())
        .collect();
    assert_eq!(to_decide.len(), asked.len(), "{would:#}");
    assert!(asked.iter().all(|one| to_decide.contains(one)), "{to_decide:?}");
    let lag = open
        .clone()
        .find(|one| one["from"] == "aws_cloudwatch_metric_alarm.lag[\"prod-platform-read-1\"]");
    assert_eq!(
        lag.expect("it waits for its replica")["reason"],
        "which it is depends on what `postgres.main/aws.rds.replica.replica-1` and `postgres.main/aws.rds.replica.replica-2` are"
    );

    let choices: Vec<&str> = CHOICES.iter().flat_map(|choice| ["--map", choice]).collect();
    let adoption = import(&mut env, &choices);
    assert_eq!(adoption["absent"], json!([]), "{adoption:#}");
    let left = texts(&adoption["left_out"], "from");
    assert_eq!(
        left,
        [
            "aws_vpc_security_group_egress_rule.plain_http",
            "aws_cloudwatch_log_group.api"
        ],
        "{adoption:#}"
    );
    let unmanaged = texts(&adoption["unmanaged"], "from");
    for (from, why) in unmanaged.iter().zip(texts(&adoption["unmanaged"], "reason")) {
        assert!(!why.is_empty(), "{from}");
    }
    for expected in [
        "aws_lb.edge",
        "aws_sns_topic.alerts",
        "random_password.jwt",
        "aws_default_security_group.this",
    ] {
        assert!(unmanaged.contains(&expected), "{unmanaged:?}");
    }

    let plan = env.run(&["plan", "production", "--detailed-exitcode"]);
    assert!(plan.code == 0, "{plan}");
    let _ = env.run(&["apply", "production", "--yes"]).expect(0);
    assert!(inventory(&cloud) == before, "adopting changes nothing");

    // Programs read the secrets that they log in with today.
    let key = attributes(&state, "aws_iam_access_key");
    assert_eq!(output(&mut env, "key_vault.app.secret.jwt_key"), "J".repeat(64));
    assert!(output(&mut env, "postgres.main.url").contains(&"P".repeat(32)));
    assert!(output(&mut env, "redis.queue.url").contains(&"Q".repeat(32)));
    assert_eq!(output(&mut env, "blob_store.assets.access_key"), key["id"]);
    assert_eq!(output(&mut env, "blob_store.assets.secret_key"), key["secret"]);
    let record = env.run(&["state", "pull", "production"]).expect(0).stdout;
    for given in GIVEN {
        assert!(!record.contains(&given.repeat(32)), "a secret is in clear");
    }
    assert!(
        !record.contains(key["secret"].as_str().expect("as documented")),
        "a secret is in clear"
    );
    env.abandon();
}

#[test]
fn what_was_adopted_is_managed_and_what_it_holds_is_kept() {
    let Some(cloud) = Cloud::start_with("what_was_adopted_is_managed", PRODUCTION, &OLD) else {
        return;
    };
    let (mut env, state) = platform(&cloud);
    let choices: Vec<&str> = CHOICES.iter().flat_map(|choice| ["--map", choice]).collect();
    let _ = import(&mut env, &choices);
    env.edit(
        "stack.hcl",
        "expire_noncurrent_days = 30",
        "expire_noncurrent_days = 60",
    );
    env.edit("stack.hcl", "  retention_days = 7", "  retention_days = 8");
    env.edit("env/production.hcl", "retention_days = 35", "retention_days = 30");
    let plan = env.run(&["plan", "production", "--detailed-exitcode"]).expect(2);
    assert!(
        !plan.stdout.contains("-/+") && !plan.stdout.contains("+/-"),
        "nothing is made anew: {plan}"
    );
    let _ = env.run(&["apply", "production", "--yes"]).expect(0);
    let _ = env.run(&["plan", "production", "--detailed-exitcode"]).expect(0);
    let kept = cloud.boto(KEPT);
    let secrets = json!({ "prod/jwt": "J".repeat(64), "prod/platform": "P".repeat(32), "prod/master": "M".repeat(32), "prod/queue": "Q".repeat(32) });
    let key = &attributes(&state, "aws_iam_access_key")["id"];
    assert_eq!(kept, json!([secrets, [key], ["assets"], "what users have"]));
    env.abandon();
}
