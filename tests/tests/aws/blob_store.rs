//! Buckets, and the keys that open them.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

mod changes;
mod copies;
mod deletion;
mod keys;
mod names;

/// A store with everything that the model can say.
const STORE: &str = r#"
stack {
  name = "shop"
}

blob_store "assets" {
  versioning             = true
  expire_days            = 365
  expire_noncurrent_days = 90
}
"#;

/// The address of the bucket.
const BUCKET: &str = "blob_store.assets/aws.s3.bucket.main";

/// Shows all that `boto3` sees of the only bucket.
const SHAPE: &str = "
s3 = client('s3')
[name] = [bucket['Name'] for bucket in s3.list_buckets()['Buckets']]
def ask(call, *path):
    try:
        answer = getattr(s3, call)(Bucket=name)
    except s3.exceptions.ClientError as error:
        return error.response['Error']['Code']
    for part in path:
        answer = answer.get(part) if isinstance(part, str) else answer[part]
    return answer
show({
    'name': name,
    'tags': {tag['Key']: tag['Value'] for tag in ask('get_bucket_tagging', 'TagSet')},
    'versioning': ask('get_bucket_versioning', 'Status'),
    'encryption': ask('get_bucket_encryption', 'ServerSideEncryptionConfiguration', 'Rules', 0),
    'block': ask('get_public_access_block', 'PublicAccessBlockConfiguration'),
    'policy': ask('get_bucket_policy', 'Policy'),
    'lifecycle': ask('get_bucket_lifecycle_configuration', 'Rules'),
    'ownership': ask('get_bucket_ownership_controls', 'OwnershipControls', 'Rules', 0, 'ObjectOwnership'),
})
";

/// Shows what is left of anything that a store is made of.
const LEFT: &str = "
iam = client('iam')
show([client('s3').list_buckets()['Buckets'], iam.list_users()['Users'],
      [alias for alias in client('kms').list_aliases()['Aliases'] if 'shop' in alias['AliasName']]])
";

/// Runs a plan and asserts that it has nothing to do.
fn assert_settled(env: &mut TestEnv) {
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 0, "{plan}");
}

/// Returns what the store exports.
fn output(env: &mut TestEnv, name: &str) -> String {
    let name = format!("blob_store.assets.{name}");
    let run = env.run(&["output", "staging", &name]).expect(0);
    run.stdout.trim_end().to_owned()
}

#[test]
fn a_bucket_is_closed_encrypted_and_found_again_and_nothing_is_left_of_it() {
    let test = "a_bucket_is_closed_encrypted_and_found_again_and_nothing_is_left_of_it";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    let shape = cloud.boto(SHAPE);
    let name = shape["name"].as_str().unwrap();
    assert!(name.starts_with("shop-staging-assets-"), "{name}");
    assert_eq!(output(&mut env, "name"), name);
    assert_eq!(output(&mut env, "endpoint"), "https://s3.eu-west-1.amazonaws.com");
    assert_eq!(shape["versioning"], "Enabled");
    assert_eq!(shape["ownership"], "BucketOwnerEnforced");
    assert_eq!(
        shape["tags"]["infra:address"],
        "blob_store.assets/aws.s3.bucket.main"
    );
    let guards = shape["block"].as_object().unwrap();
    assert!(
        guards.len() == 4 && guards.values().all(|guard| guard == true),
        "{guards:?}"
    );
    let key = cloud.boto("show([key['KeyArn'] for key in client('kms').list_keys()['Keys']])");
    let by_default = &shape["encryption"]["ApplyServerSideEncryptionByDefault"];
    assert_eq!(by_default["SSEAlgorithm"], "aws:kms");
    assert_eq!(by_default["KMSMasterKeyID"], key[0]);
    assert_eq!(shape["encryption"]["BucketKeyEnabled"], true);
    assert_eq!(
        shape["lifecycle"],
        json!([{
            "ID": "infra", "Status": "Enabled", "Filter": { "Prefix": "" },
            "Expiration": { "Days": 365 },
            "NoncurrentVersionExpiration": { "NoncurrentDays": 90 },
            "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 7 },
        }])
    );
    let policy: Value = serde_json::from_str(shape["policy"].as_str().unwrap()).unwrap();
    let statement = &policy["Statement"][0];
    assert_eq!(statement["Effect"], "Deny");
    assert_eq!(statement["Condition"]["Bool"]["aws:SecureTransport"], "false");
    assert_eq!(statement["Resource"][1], format!("arn:aws:s3:::{name}/*"));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(LEFT), json!([[], [], []]));
    env.abandon();
}
