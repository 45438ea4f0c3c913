//! Regions whose names, domains or calls differ from those of the others.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

const STACK: &str = r#"
stack {
  name = "far"
}

network "main" {
  cidr  = "10.70.0.0/16"
  zones = 1

  segment "app" {}

  aws {
    endpoints = ["s3", "sqs"]
    flow_logs = true
  }
}

blob_store "files" {
  versioning = true
}

key_vault "app" {
  secret "session" {
    generate { length = 20 }
  }
}
"#;

/// Applies the stack in a region, and returns what `boto3` sees there.
fn seen(test: &str, region: &str) -> Option<Value> {
    let cloud = Cloud::start(test, STAGING)?;
    let environment = format!(
        "environment \"staging\" {{\n  data = \"mock\"\n\n  provider \"aws\" {{\n    region  = \"{region}\"\n    account = \"{STAGING}\"\n  }}\n}}\n"
    );
    let mut env = cloud.known_to(staging(STACK).file("env/staging.hcl", &environment));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let seen = cloud.boto(&format!(
        "
ec2, s3, iam = (client(service, '{region}') for service in ('ec2', 's3', 'iam'))
[bucket] = [bucket['Name'] for bucket in s3.list_buckets()['Buckets']]
role = iam.get_role_policy(RoleName='far-staging-main-flow-logs', PolicyName='infra')['PolicyDocument']
user = iam.list_users()['Users'][0]['UserName']
may = iam.get_user_policy(UserName=user, PolicyName='infra')['PolicyDocument']
arns = [arn for statement in role['Statement'] + may['Statement'] for arn in [statement['Resource']] if arn != '*']
show({{
    'place': s3.get_bucket_location(Bucket=bucket)['LocationConstraint'],
    'partitions': sorted({{arn.split(':')[1] for arn in str(arns).split(\"'\") if arn.startswith('arn:')}}),
    'endpoints': sorted(one['ServiceName'] for one in ec2.describe_vpc_endpoints()['VpcEndpoints']),
}})
"
    ));
    let endpoint = env
        .run(&["output", "staging", "blob_store.files.endpoint"])
        .expect(0);
    let mut seen = seen;
    seen["endpoint"] = json!(endpoint.stdout.trim());
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
    Some(seen)
}

fn unchanged(env: &mut TestEnv) {
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 0, "{plan}");
}

#[test]
fn the_first_region_makes_buckets_without_naming_it() {
    let expected = json!({
        "place": null,
        "partitions": ["aws"],
        "endpoints": ["com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.sqs"],
        "endpoint": "https://s3.us-east-1.amazonaws.com",
    });
    if let Some(seen) = seen("the_first_region_makes_buckets_without_naming_it", "us-east-1") {
        assert_eq!(seen, expected);
    }
}

#[test]
fn regions_of_china_have_names_and_a_domain_of_their_own() {
    let expected = json!({
        "place": "cn-north-1",
        "partitions": ["aws-cn"],
        "endpoints": ["cn.com.amazonaws.cn-north-1.sqs", "com.amazonaws.cn-north-1.s3"],
        "endpoint": "https://s3.cn-north-1.amazonaws.com.cn",
    });
    if let Some(seen) = seen(
        "regions_of_china_have_names_and_a_domain_of_their_own",
        "cn-north-1",
    ) {
        assert_eq!(seen, expected);
    }
}
