//! Deleting buckets: protected ones, full ones, and those that come back.

use infra_tests::aws::{Cloud, STAGING, staging};
use serde_json::json;

use super::{BUCKET, LEFT, SHAPE, STORE, assert_settled, output};

/// Writes objects, one of them twice, and deletes one, so that there are versions and a marker.
fn fill(cloud: &Cloud, bucket: &str, objects: usize) {
    let script = format!(
        "s3 = client('s3')
for at in range({objects}):
    s3.put_object(Bucket='{bucket}', Key=f'objects/{{at}}', Body=b'x')
s3.put_object(Bucket='{bucket}', Key='objects/0', Body=b'y')
s3.delete_object(Bucket='{bucket}', Key='objects/1')"
    );
    let _ = cloud.boto(&script);
}

#[test]
fn a_confirmed_destroy_takes_objects_versions_and_markers_with_it() {
    let test = "a_confirmed_destroy_takes_objects_versions_and_markers_with_it";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let bucket = output(&mut env, "name");
    // More than one request can delete.
    fill(&cloud, &bucket, 1_010);
    let destroyed = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert!(destroyed.stdout.contains("DESTROYS DATA"), "{destroyed}");
    assert_eq!(cloud.boto(LEFT), json!([[], [], []]));
    env.abandon();
}

#[test]
fn a_bucket_that_may_not_be_emptied_is_left_with_a_word_about_what_is_in_it() {
    let test = "a_bucket_that_may_not_be_emptied_is_left_with_a_word_about_what_is_in_it";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let kept = STORE.replace(
        "versioning             = true",
        "versioning = true\n  aws { force_destroy = false }",
    );
    let mut env = cloud.known_to(staging(&kept));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let bucket = output(&mut env, "name");
    fill(&cloud, &bucket, 20);
    let refused = env.run(&["destroy", "staging", "--yes"]).expect(1);
    assert!(
        refused.stdout.contains("22 objects and versions")
            || refused.stderr.contains("22 objects and versions"),
        "{refused}"
    );
    let count = format!(
        "answer = client('s3').list_object_versions(Bucket='{bucket}')
show(len(answer['Versions'] + answer['DeleteMarkers']))"
    );
    assert_eq!(cloud.boto(&count), 22);
    env.edit("stack.hcl", "force_destroy = false", "force_destroy = true");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(LEFT), json!([[], [], []]));
    env.abandon();
}

#[test]
fn a_protected_bucket_stays_until_its_protection_was_lifted() {
    let test = "a_protected_bucket_stays_until_its_protection_was_lifted";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let guarded = STORE.replace(
        "versioning             = true",
        "versioning = true\n  protect = true",
    );
    let mut env = cloud.known_to(staging(&guarded));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let bucket = output(&mut env, "name");
    let _ = cloud.boto(&format!(
        "client('s3').put_object(Bucket='{bucket}', Key='a', Body=b'a')"
    ));
    let refused = env.run(&["destroy", "staging", "--yes"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("protect"),
        "{refused}"
    );
    assert_eq!(cloud.boto(SHAPE)["name"], bucket.as_str());
    env.edit("stack.hcl", "protect = true", "protect = false");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(LEFT), json!([[], [], []]));
    env.abandon();
}

#[test]
fn a_replaced_bucket_is_a_new_one_of_the_same_name() {
    let Some(cloud) = Cloud::start("a_replaced_bucket_is_a_new_one_of_the_same_name", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let before = cloud.boto(SHAPE);
    let bucket = output(&mut env, "name");
    let _ = cloud.boto(&format!(
        "client('s3').put_object(Bucket='{bucket}', Key='a', Body=b'a')"
    ));
    let replaced = env
        .run(&["apply", "staging", "--yes", "--replace", BUCKET])
        .expect(0);
    assert!(replaced.stdout.contains("DESTROYS DATA"), "{replaced}");
    let after = cloud.boto(SHAPE);
    assert_eq!(after["name"], before["name"]);
    assert_ne!(after["tags"]["infra:token"], before["tags"]["infra:token"]);
    let count = format!("show(client('s3').list_objects_v2(Bucket='{bucket}')['KeyCount'])");
    assert_eq!(cloud.boto(&count), 0);
    assert_settled(&mut env);
    env.abandon();
}
