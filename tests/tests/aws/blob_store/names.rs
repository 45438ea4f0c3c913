//! Names that are taken, and answers that got lost while a bucket was made.

use infra_tests::aws::{Cloud, STAGING, staging};
use serde_json::json;

use super::{LEFT, SHAPE, STORE, assert_settled};

/// Makes a bucket in another account.
const THEIRS: &str = "
role = client('sts').assume_role(RoleArn='arn:aws:iam::999988887777:role/theirs', RoleSessionName='theirs')['Credentials']
theirs = boto3.client('s3', region_name='eu-west-1', aws_access_key_id=role['AccessKeyId'],
                      aws_secret_access_key=role['SecretAccessKey'], aws_session_token=role['SessionToken'])
theirs.create_bucket(Bucket='shop-pictures', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
";

#[test]
fn a_name_that_somebody_else_has_is_refused_with_the_way_out() {
    let test = "a_name_that_somebody_else_has_is_refused_with_the_way_out";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let _ = cloud.boto(THEIRS);
    let named = STORE.replace(
        "versioning             = true",
        "versioning = true\n  aws { name = \"shop-pictures\" }",
    );
    let mut env = cloud.known_to(staging(&named));
    let refused = env.run(&["apply", "staging", "--yes"]).expect(1);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        said.contains("Somebody else in the world has a bucket named `shop-pictures`"),
        "{refused}"
    );
    assert!(said.contains("aws { name = "), "{refused}");
    env.edit("stack.hcl", "shop-pictures", "shop-pictures-2");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    assert_eq!(cloud.boto(SHAPE)["name"], "shop-pictures-2");
    env.abandon();
}

#[test]
fn a_bucket_of_another_stack_of_the_account_is_left_alone() {
    let test = "a_bucket_of_another_stack_of_the_account_is_left_alone";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let named = STORE.replace(
        "versioning             = true",
        "versioning = true\n  aws { name = \"shop-pictures\" }",
    );
    let mut first = cloud.known_to(staging(&named));
    let _ = first.run(&["apply", "staging", "--yes"]).expect(0);
    let before = cloud.boto(SHAPE);
    let mut second = cloud.known_to(staging(&named.replace("\"shop\"", "\"other\"")));
    let refused = second.run(&["apply", "staging", "--yes"]).expect(1);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        said.contains("The account has a bucket named `shop-pictures`"),
        "{refused}"
    );
    assert_eq!(cloud.boto(SHAPE), before);
    let _ = second.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(SHAPE), before);
    assert_settled(&mut first);
    first.abandon();
    second.abandon();
}

#[test]
fn lost_answers_while_a_bucket_is_made_leave_it_whole() {
    let test = "lost_answers_while_a_bucket_is_made_leave_it_whole";
    let faults = json!([
        { "match": "CreateBucketConfiguration", "when": "after" },
        { "match": "?publicAccessBlock", "when": "before" },
        { "match": "?policy {", "when": "after" },
        { "match": "Action=CreateUser", "when": "after" },
        { "match": "Action=PutUserPolicy", "when": "before" },
    ]);
    let variables = [("FAULTS", faults.to_string())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let Some(cloud) = Cloud::start_with(test, STAGING, &variables) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let shape = cloud.boto(SHAPE);
    assert_eq!(shape["block"]["BlockPublicPolicy"], true);
    assert_eq!(shape["versioning"], "Enabled");
    assert_eq!(shape["lifecycle"][0]["Expiration"]["Days"], 365);
    assert_settled(&mut env);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(LEFT), json!([[], [], []]));
    env.abandon();
}

#[test]
fn a_setting_that_is_refused_while_a_bucket_is_made_is_in_the_next_plan() {
    let test = "a_setting_that_is_refused_while_a_bucket_is_made_is_in_the_next_plan";
    let faults = json!([{ "match": "?policy {", "when": "before", "status": 403 }]).to_string();
    let Some(cloud) = Cloud::start_with(test, STAGING, &[("FAULTS", &faults)]) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]);
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 2 && plan.stdout.contains("policy"), "{plan}");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    let policy = cloud.boto(SHAPE)["policy"].to_string();
    assert!(policy.contains("SecureTransport"), "{policy}");
    env.abandon();
}
