//! Copies of what is written to a bucket, in a bucket elsewhere.

use infra_tests::aws::{Cloud, STAGING, staging};
use serde_json::json;

use super::{STORE, assert_settled, output};

/// Shows to where the bucket is copied, and what the role that copies may do.
const COPIES: &str = "
s3, iam = client('s3'), client('iam')
[name] = [bucket['Name'] for bucket in s3.list_buckets()['Buckets'] if 'copy' not in bucket['Name']]
rules = s3.get_bucket_replication(Bucket=name)['ReplicationConfiguration']
role = rules['Role'].rsplit('/', 1)[1]
policy = iam.get_role_policy(RoleName=role, PolicyName='infra')['PolicyDocument']
show([[rule['Status'], rule['Destination']['Bucket'], rule['Destination']['EncryptionConfiguration']['ReplicaKmsKeyID']]
      for rule in rules['Rules']]
     + [[statement['Action'], statement['Resource']] for statement in policy['Statement']])
";

const SETTING: &str = r#"versioning = true
  aws {
    replicate_to = {
      bucket  = "arn:aws:s3:::shop-copy"
      kms_key = "arn:aws:kms:eu-central-1:111122223333:key/copies"
    }
  }"#;

#[test]
fn what_is_written_is_copied_until_that_is_taken_back() {
    let test = "what_is_written_is_copied_until_that_is_taken_back";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let made = "client('s3', 'eu-central-1').create_bucket(Bucket='shop-copy', CreateBucketConfiguration={'LocationConstraint': 'eu-central-1'})";
    let _ = cloud.boto(made);
    let copied = STORE.replace("versioning             = true", SETTING);
    let mut env = cloud.known_to(staging(&copied));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    let bucket = output(&mut env, "name");
    let before = cloud.boto(COPIES);
    let key = "arn:aws:kms:eu-central-1:111122223333:key/copies";
    assert_eq!(before[0], json!(["Enabled", "arn:aws:s3:::shop-copy", key]));
    assert_eq!(before[1][1], format!("arn:aws:s3:::{bucket}"));
    assert_eq!(before[3][1], "arn:aws:s3:::shop-copy/*");
    let _ = cloud.boto(&format!(
        "client('s3').delete_bucket_replication(Bucket='{bucket}')"
    ));
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(
        plan.code == 2 && plan.stdout.contains("aws.s3.replication"),
        "{plan}"
    );
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(COPIES), before);
    // Objects that a key of KMS encrypts are copied only where the rule says so: without that, none of this bucket is.
    let _ = cloud.boto(&format!(
        "
s3 = client('s3')
rules = s3.get_bucket_replication(Bucket='{bucket}')['ReplicationConfiguration']
rules['Rules'][0].pop('SourceSelectionCriteria')
s3.put_bucket_replication(Bucket='{bucket}', ReplicationConfiguration=rules)
"
    ));
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(
        plan.code == 2 && plan.stdout.contains("altered"),
        "it copies nothing: {plan}"
    );
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    env.edit("stack.hcl", "s3:::shop-copy", "s3:::shop-copy-2");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    assert_eq!(cloud.boto(COPIES)[0][1], "arn:aws:s3:::shop-copy-2");
    env.write("stack.hcl", STORE);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    let left = format!(
        "
s3 = client('s3')
try:
    s3.get_bucket_replication(Bucket='{bucket}')
except s3.exceptions.ClientError as error:
    show([error.response['Error']['Code'], client('iam').list_roles()['Roles']])
"
    );
    assert_eq!(
        cloud.boto(&left),
        json!(["ReplicationConfigurationNotFoundError", []])
    );
    env.abandon();
}
