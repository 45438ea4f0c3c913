//! Changes of the stack, and changes that others made.

use infra_tests::aws::{Cloud, STAGING, staging};
use serde_json::{Value, json};

use super::{BUCKET, SHAPE, STORE, assert_settled, output};

#[test]
fn every_setting_of_a_bucket_changes_in_place() {
    let Some(cloud) = Cloud::start("every_setting_of_a_bucket_changes_in_place", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let before = cloud.boto(SHAPE);
    let other = "  versioning = false\n  expire_days = 30\n  aws {\n    tags = { team = \"web\" }\n    abort_uploads_days = 2\n  }\n";
    env.edit(
        "stack.hcl",
        "  versioning             = true\n  expire_days            = 365\n  expire_noncurrent_days = 90\n",
        other,
    );
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    let after = cloud.boto(SHAPE);
    assert_eq!(after["name"], before["name"]);
    assert_eq!(after["versioning"], "Suspended");
    assert_eq!(after["tags"]["team"], "web");
    assert_eq!(after["tags"]["infra:token"], before["tags"]["infra:token"]);
    assert_eq!(
        after["lifecycle"],
        json!([{
            "ID": "infra", "Status": "Enabled", "Filter": { "Prefix": "" },
            "Expiration": { "Days": 30 },
            "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 2 },
        }])
    );
    env.edit("stack.hcl", "  expire_days = 30\n", "");
    env.edit("stack.hcl", "    tags = { team = \"web\" }\n", "");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    let last = cloud.boto(SHAPE);
    assert_eq!(last["tags"], before["tags"]);
    assert_eq!(last["lifecycle"][0]["Expiration"], Value::Null);
    env.abandon();
}

#[test]
fn what_others_changed_of_a_bucket_is_shown_and_repaired() {
    let test = "what_others_changed_of_a_bucket_is_shown_and_repaired";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let before = cloud.boto(SHAPE);
    let bucket = output(&mut env, "name");
    let changes: [(&str, &str); 6] = [
        (
            "versioning",
            "s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={'Status': 'Suspended'})",
        ),
        (
            "public_access_block",
            "s3.delete_public_access_block(Bucket=name)",
        ),
        ("policy", "s3.delete_bucket_policy(Bucket=name)"),
        ("encryption_key", "s3.delete_bucket_encryption(Bucket=name)"),
        (
            "ownership",
            "s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls={'Rules': [{'ObjectOwnership': 'ObjectWriter'}]})",
        ),
        (
            "lifecycle",
            "s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={'Rules': [{'ID': 'theirs', 'Status': 'Enabled', 'Filter': {'Prefix': 'logs/'}, 'Expiration': {'Days': 1}}]})",
        ),
    ];
    for (setting, change) in changes {
        let _ = cloud.boto(&format!("s3, name = client('s3'), '{bucket}'\n{change}"));
        let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
        assert!(plan.code == 2 && plan.stdout.contains(setting), "{plan}");
        assert!(!plan.stdout.contains("-/+"), "{plan}");
        let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
        assert_eq!(cloud.boto(SHAPE), before, "{setting}");
    }
    assert_settled(&mut env);
    env.abandon();
}

#[test]
fn a_bucket_of_others_is_imported_under_its_own_name() {
    let test = "a_bucket_of_others_is_imported_under_its_own_name";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let made = "s3 = client('s3')
s3.create_bucket(Bucket='made-by-hand', CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
s3.put_bucket_tagging(Bucket='made-by-hand', Tagging={'TagSet': [{'Key': 'cost', 'Value': '7'}]})
s3.put_object(Bucket='made-by-hand', Key='old', Body=b'old')";
    let _ = cloud.boto(made);
    let tagged = STORE.replace(
        "versioning             = true",
        "versioning = true\n  aws { tags = { cost = \"7\" } }",
    );
    let mut env = cloud.known_to(staging(&tagged));
    let _ = env.run(&["import", "staging", BUCKET, "made-by-hand"]).expect(0);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    let shape = cloud.boto(SHAPE);
    assert_eq!(shape["name"], "made-by-hand");
    assert_eq!(shape["tags"]["cost"], "7");
    assert_eq!(shape["versioning"], "Enabled");
    let policy: Value = serde_json::from_str(shape["policy"].as_str().unwrap()).unwrap();
    assert_eq!(policy["Statement"][0]["Resource"][0], "arn:aws:s3:::made-by-hand");
    assert_eq!(output(&mut env, "name"), "made-by-hand");
    let old = "show(client('s3').get_object(Bucket='made-by-hand', Key='old')['Body'].read().decode())";
    assert_eq!(cloud.boto(old), "old");
    env.abandon();
}
