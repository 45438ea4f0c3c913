//! A whole system under its own policy: what is printed is enough from the first plan to the end, and nothing of it is too much.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::census;
use infra_tests::environment::TestEnv;
use serde_json::{Value as Json, json};

use super::{decides, policy, signed_by, statement};

/// One of each: a network with a way out and a log, a database with a replica and a proxy, a cache, a bucket with its user, secrets.
const SYSTEM: &str = r#"
stack {
  name = "shop"
}

network "main" {
  cidr  = "10.30.0.0/16"
  zones = 2

  segment "edge" { public = true }
  segment "app" {}
  segment "data" {}

  allow {
    from  = "app"
    to    = "data"
    ports = [5432, 6379]
  }

  aws {
    nat       = "single"
    egress    = ["app"]
    flow_logs = true
  }
}

postgres "main" {
  version  = 16
  segment  = network.main.segment.data
  replicas = 1

  pooler { mode = "transaction" }
  database "app" { owner = "app" }
}

redis "cache" {
  segment  = network.main.segment.data
  replicas = 1
}

blob_store "files" {
  versioning             = true
  expire_noncurrent_days = 30
}

key_vault "app" {
  secret "session" {
    generate { length = 40 }
  }
}
"#;

/// Actions that AWS asks for when a service acts for whoever calls it, and one that it asks nobody for. The emulator asks for none.
const ASKED_BEHIND: [&str; 8] = [
    "iam:CreateServiceLinkedRole",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "lambda:InvokeFunction",
    "route53:AssociateVPCWithHostedZone",
    "sts:GetCallerIdentity",
];

#[test]
fn the_policy_of_a_whole_system_is_enough() {
    let Some(cloud) = Cloud::start("the_policy_of_a_whole_system_is_enough", STAGING) else {
        return;
    };
    let policy = policy(&mut staging(SYSTEM), &[]);
    let mut env = signed_by(&cloud, &policy, SYSTEM);
    let _ = env.run(&["plan", "staging"]).expect(0);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    env.edit(
        "stack.hcl",
        "expire_noncurrent_days = 30",
        "expire_noncurrent_days = 60",
    );
    env.edit(
        "stack.hcl",
        "    ports = [5432, 6379]",
        "    ports = [5432, 6379, 6432]",
    );
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["rotate", "staging", "redis.cache", "--yes"]).expect(0);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let _ = cloud.boto(&format!(
        "{}iam = client('iam')
key = iam.list_access_keys(UserName='deployer')['AccessKeyMetadata'][0]['AccessKeyId']
iam.delete_access_key(UserName='deployer', AccessKeyId=key)
iam.detach_user_policy(UserName='deployer', PolicyArn=iam.list_policies(Scope='Local')['Policies'][0]['Arn'])
iam.delete_user(UserName='deployer')
show(None)",
        decides(false)
    ));
    assert_eq!(
        census::objects(&cloud),
        census::Census::new(),
        "something is left"
    );
    env.abandon();
}

#[test]
fn a_plan_of_a_whole_system_needs_looks_alone() {
    let Some(cloud) = Cloud::start("a_plan_of_a_whole_system_needs_looks_alone", STAGING) else {
        return;
    };
    let mut owner = cloud.known_to(staging(SYSTEM));
    let _ = owner.run(&["apply", "staging", "--yes"]).expect(0);
    let policy = policy(&mut staging(SYSTEM), &["--for", "plan"]);
    let (id, secret) = super::user(&cloud, &policy);
    let mut env = owner
        .variable("AWS_ACCESS_KEY_ID", &id)
        .variable("AWS_SECRET_ACCESS_KEY", &secret);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let refused = env.run(&["destroy", "staging", "--yes"]).expect(3);
    assert!(refused.stderr.contains("Delete"), "{refused}");
    env.abandon();
}

/// Statements without a look of a plan among their actions: what misses them is a change.
const CHANGES: [&str; 11] = [
    "CloudwatchOurs",
    "Ec2New",
    "Ec2Ours",
    "Ec2Tagged",
    "ElasticacheOurs",
    "KmsTagged",
    "LogsOurs",
    "RdsOurs",
    "SecretsmanagerMasters",
    "SecretsmanagerNewMasters",
    "SecretsmanagerOurs",
];

#[test]
fn a_statement_less_is_not_enough_and_the_missing_action_is_named() {
    let Some(cloud) = Cloud::start("a_statement_less_is_not_enough", STAGING) else {
        return;
    };
    let whole = policy(&mut staging(SYSTEM), &[]);
    let who = statement(&whole, "StsAll");
    let mut env = signed_by(
        &cloud,
        &json!({ "Version": "2012-10-17", "Statement": [who] }),
        SYSTEM,
    );
    allow(&cloud, &without(&whole, "RdsOurs"));
    is_refused(&mut env, "apply", statement(&whole, "RdsOurs"));
    allow(&cloud, &whole);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let looks = whole["Statement"].as_array().expect("as documented").iter();
    for one in looks.filter(|one| is_missed_by_a_plan(one)) {
        allow(
            &cloud,
            &without(&whole, one["Sid"].as_str().expect("as documented")),
        );
        is_refused(&mut env, "plan", one);
    }
    let name = "Ec2Tagged";
    allow(&cloud, &without(&whole, name));
    is_refused(&mut env, "destroy", statement(&whole, name));
    env.abandon();
}

fn is_missed_by_a_plan(statement: &Json) -> bool {
    let name = statement["Sid"].as_str().expect("as documented");
    let is_seen = texts(&statement["Action"]).any(|action| !ASKED_BEHIND.contains(&action));
    // From six roles or users on they are looked at together.
    is_seen && name != "IamAll" && !CHANGES.contains(&name)
}

fn is_refused(env: &mut TestEnv, command: &str, missing: &Json) {
    let consent: &[&str] = if command == "plan" { &[] } else { &["--yes"] };
    let refused = env.run(&[&[command, "staging"], consent].concat());
    assert!(refused.code != 0, "nobody misses {missing:#}");
    let is_named = texts(&missing["Action"]).any(|action| refused.stderr.contains(action));
    assert!(
        is_named,
        "{} is missing, and that is not said: {refused}",
        missing["Sid"]
    );
}

/// Returns the policy without a statement.
fn without(policy: &Json, name: &str) -> Json {
    let mut policy = policy.clone();
    let statements = policy["Statement"].as_array_mut().expect("as documented");
    statements.retain(|one| one["Sid"] != name);
    policy
}

/// Lets the user do what the policy says besides asking who it is.
fn allow(cloud: &Cloud, policy: &Json) {
    let policy = policy.to_string();
    let _ = cloud.boto(&format!(
        "{}client('iam').put_user_policy(UserName='deployer', PolicyName='more', PolicyDocument={policy:?}){}show(None)",
        decides(false),
        decides(true)
    ));
}

#[test]
fn nothing_is_allowed_on_what_is_not_ours() {
    let policy = policy(&mut staging(SYSTEM), &[]);
    let iam = statement(&policy, "IamOurs");
    assert_eq!(
        iam["Resource"],
        json!([
            "arn:aws:iam::111122223333:role/infra/shop-staging-*",
            "arn:aws:iam::111122223333:role/shop-staging-*",
            "arn:aws:iam::111122223333:user/infra/shop-staging-*",
            "arn:aws:iam::111122223333:user/shop-staging-*",
        ])
    );
    let linked = statement(&policy, "IamServiceRoles");
    assert_eq!(linked["Action"], json!(["iam:CreateServiceLinkedRole"]));
    assert!(texts(&linked["Resource"]).all(|arn| arn.contains(":role/aws-service-role/")));
    let granted = statement(&policy, "KmsGrants");
    assert_eq!(
        granted["Condition"],
        json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } })
    );
    let everything: Vec<&str> = policy["Statement"]
        .as_array()
        .expect("as documented")
        .iter()
        .filter(|one| texts(&one["Resource"]).any(|arn| arn == "*"))
        .flat_map(|one| texts(&one["Action"]))
        .collect();
    let changes: Vec<&&str> = everything
        .iter()
        .filter(|action| {
            !["Describe", "List", "Get", "BatchGet"].iter().any(|look| {
                action
                    .split(':')
                    .nth(1)
                    .is_some_and(|verb| verb.starts_with(look))
            })
        })
        .collect();
    assert_eq!(changes, [&"kms:CreateKey"]);
}

#[test]
fn a_policy_that_is_too_long_for_itself_says_where_it_fits() {
    let short = staging(super::VAULT).run(&["permissions", "staging"]).expect(0);
    assert!(!short.stderr.contains("--part"), "{short}");
    let long = staging(SYSTEM).run(&["permissions", "staging"]).expect(0);
    assert!(long.stderr.contains("`--part 1`"), "{long}");
}

#[test]
fn a_bucket_with_a_name_of_its_own_is_in_the_policy() {
    let stack = SYSTEM.replace(
        "  expire_noncurrent_days = 30\n",
        "  expire_noncurrent_days = 30\n\n  aws { name = \"acme-files\" }\n",
    );
    let policy = policy(&mut staging(&stack), &[]);
    let buckets = &statement(&policy, "S3Ours")["Resource"];
    for arn in ["arn:aws:s3:::acme-files", "arn:aws:s3:::acme-files/*"] {
        assert!(texts(buckets).any(|one| one == arn), "{buckets}");
    }
}

fn texts(list: &Json) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str)
}
