//! `infra permissions`: a user with exactly that policy can do everything, and with one action less cannot.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::Value as Json;

mod system;

const VAULT: &str = r#"
stack {
  name = "vaults"
}

key_vault "app" {}
"#;

/// Makes a user with a policy, lets IAM decide from now on, and returns the keys of the user.
fn user(cloud: &Cloud, policy: &Json) -> (String, String) {
    let script = format!(
        "
iam = client('iam')
policy = iam.create_policy(PolicyName='p', PolicyDocument={policy:?})['Policy']['Arn']
iam.create_user(UserName='deployer')
iam.attach_user_policy(UserName='deployer', PolicyArn=policy)
key = iam.create_access_key(UserName='deployer')['AccessKey']
{}
show([key['AccessKeyId'], key['SecretAccessKey']])
",
        decides(true),
        policy = policy.to_string()
    );
    let keys = cloud.boto(&script);
    let text = |at: usize| keys[at].as_str().expect("as documented").to_owned();
    (text(0), text(1))
}

/// Returns the lines of Python that turn the decisions of IAM on or off.
fn decides(on: bool) -> String {
    let count = if on { "0" } else { "inf" };
    format!(
        "
from urllib.request import Request, urlopen
urlopen(Request(os.environ['AWS_ENDPOINT_URL'] + '/moto-api/reset-auth', data=b'{count}', headers={{'Content-Type': 'text/plain'}}))
"
    )
}

fn policy(env: &mut TestEnv, arguments: &[&str]) -> Json {
    let arguments = [&["permissions", "staging"], arguments].concat();
    serde_json::from_str(&env.run(&arguments).expect(0).stdout).expect("as documented")
}

/// Returns the policy without an action.
fn without(policy: &Json, action: &str) -> Json {
    let mut policy = policy.clone();
    for statement in policy["Statement"].as_array_mut().expect("as documented") {
        let actions = statement["Action"].as_array_mut().expect("as documented");
        actions.retain(|one| one != action);
    }
    policy
}

/// Returns the statement of a name.
fn statement<'a>(policy: &'a Json, name: &str) -> &'a Json {
    let mut statements = policy["Statement"].as_array().expect("as documented").iter();
    statements.find(|one| one["Sid"] == name).expect("as documented")
}

/// Returns an environment in which the user signs requests.
fn signed_by(cloud: &Cloud, policy: &Json, stack: &str) -> TestEnv {
    let (id, secret) = user(cloud, policy);
    cloud
        .known_to(staging(stack))
        .variable("AWS_ACCESS_KEY_ID", &id)
        .variable("AWS_SECRET_ACCESS_KEY", &secret)
}

#[test]
fn the_policy_is_enough() {
    let Some(cloud) = Cloud::start("the_policy_is_enough", STAGING) else {
        return;
    };
    let policy = policy(&mut staging(VAULT), &[]);
    let mut env = signed_by(&cloud, &policy, VAULT);
    let _ = env.run(&["plan", "staging"]).expect(0);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let keys = format!(
        "{}kms = client('kms')\nshow([kms.describe_key(KeyId=key['KeyId'])['KeyMetadata']['KeyState'] for key in kms.list_keys()['Keys']])",
        decides(false)
    );
    assert_eq!(cloud.boto(&keys), serde_json::json!(["PendingDeletion"]));
    env.abandon();
}

#[test]
fn one_action_less_is_not_enough_and_is_named() {
    let Some(cloud) = Cloud::start("one_action_less_is_not_enough_and_is_named", STAGING) else {
        return;
    };
    let policy = without(&policy(&mut staging(VAULT), &[]), "kms:CreateAlias");
    let mut env = signed_by(&cloud, &policy, VAULT);
    let refused = env.run(&["apply", "staging", "--yes"]).expect(3);
    assert!(refused.stderr.contains("kms:CreateAlias"), "{refused}");
    env.abandon();
}

#[test]
fn what_a_plan_needs_changes_nothing() {
    let Some(cloud) = Cloud::start("what_a_plan_needs_changes_nothing", STAGING) else {
        return;
    };
    let mut owner = cloud.known_to(staging(VAULT));
    let _ = owner.run(&["apply", "staging", "--yes"]).expect(0);
    let policy = policy(&mut staging(VAULT), &["--for", "plan"]);
    let (id, secret) = user(&cloud, &policy);
    let mut env = owner
        .variable("AWS_ACCESS_KEY_ID", &id)
        .variable("AWS_SECRET_ACCESS_KEY", &secret);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let refused = env.run(&["destroy", "staging", "--yes"]).expect(3);
    assert!(refused.stderr.contains("kms:"), "{refused}");
    env.abandon();
}

#[test]
fn objects_are_told_by_name_and_tag() {
    let mut env = staging(VAULT);
    let ours = policy(&mut env, &[]);
    let destroyed = statement(&ours, "KmsTagged");
    assert_eq!(
        destroyed["Action"],
        serde_json::json!([
            "kms:DisableKey",
            "kms:DisableKeyRotation",
            "kms:ScheduleKeyDeletion",
            "kms:UntagResource"
        ])
    );
    assert!(
        !ours.to_string().contains("rds!db-"),
        "there is no database: {ours:#}"
    );
    assert_eq!(
        destroyed["Condition"]["StringEquals"]["aws:ResourceTag/infra:environment"],
        "staging"
    );
    let names = statement(&ours, "KmsOurs")["Resource"].to_string();
    assert!(names.contains(":alias/vaults-staging-*"), "{names}");
    let imported = policy(&mut env, &["--imported"]);
    assert_eq!(statement(&imported, "KmsTagged").get("Condition"), None);
    assert!(
        statement(&imported, "KmsOurs")["Resource"]
            .to_string()
            .contains(":alias/*")
    );
}

const ALL: &str = r#"
stack {
  name = "shop"
}

network "main" {
  cidr  = "10.40.0.0/16"
  zones = 2

  segment "data" {}
  segment "app" {}

  segment "edge" {
    public = true
  }

  aws {
    flow_logs = true
    endpoints = ["s3"]
    nat       = "single"
    egress    = ["app"]
  }
}

postgres "main" {
  segment = network.main.segment.data

  database "shop" {}
  pooler {}

  aws {
    sql = "direct"
  }
}

redis "cache" {
  segment = network.main.segment.data
}

key_vault "app" {
  secret "session_key" {
    generate {}
  }

  aws {
    rotation = { lambda = "arn:aws:lambda:eu-west-1:111122223333:function:rotate" }
  }
}

blob_store "assets" {
  versioning = true

  aws {
    name         = "acme-shop-assets"
    replicate_to = {
      bucket  = "arn:aws:s3:::shop-copy"
      kms_key = "arn:aws:kms:eu-central-1:111122223333:key/copies"
    }
  }
}
"#;

#[test]
fn a_policy_that_is_too_long_comes_in_parts_that_fit() {
    let mut env = staging(ALL);
    let whole = env.run(&["permissions", "staging"]).expect(0);
    assert!(whole.stderr.contains("`--part 1` to `--part 2`"), "{whole}");
    let whole: Json = serde_json::from_str(&whole.stdout).expect("as documented");
    let parts = ["1", "2"].map(|part| policy(&mut env, &["--part", part]));
    for part in &parts {
        assert!(part.to_string().len() <= 6144, "{}", part.to_string().len());
    }
    let statements = |policy: &Json| policy["Statement"].as_array().expect("as documented").clone();
    assert_eq!(
        parts.iter().flat_map(statements).collect::<Vec<_>>(),
        statements(&whole)
    );
    let beyond = env.run(&["permissions", "staging", "--part", "3"]).expect(1);
    assert!(beyond.stderr.contains("the permissions have 2"), "{beyond}");
}

#[test]
fn what_the_stack_names_itself_is_in_the_policy() {
    let text = policy(&mut staging(ALL), &[]).to_string();
    for named in [
        "arn:aws:s3:::acme-shop-assets/*",
        "arn:aws:lambda:eu-west-1:111122223333:function:rotate",
        ":user/infra/shop-staging-*",
        ":role/infra/shop-staging-*",
        "s3:TagResource",
        "kms:Encrypt",
        r#""kms:ViaService":"secretsmanager.*""#,
        r#""kms:GrantIsForAWSResource":"true""#,
        r#""ec2:CreateAction":"false""#,
        ":db:shop-staging-*",
        "iam:PassRole",
    ] {
        assert!(text.contains(named), "{named}: {text}");
    }
}

#[test]
fn an_environment_on_this_machine_asks_for_nothing() {
    let mut env = TestEnv::stack(VAULT);
    let refused = env.run(&["permissions", "local"]).expect(1);
    insta::assert_snapshot!(refused.stderr, @"
    Error: The provider `local` of `local` asks for no permissions
    Hint: Name an environment in a cloud
    ");
}
