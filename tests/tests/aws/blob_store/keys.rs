//! The key that a store exports.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

use super::{STORE, assert_settled, output};

/// Shows the keys of all users.
const KEYS: &str = "
iam = client('iam')
show([[key['AccessKeyId'], key['Status']] for user in iam.list_users()['Users']
      for key in iam.list_access_keys(UserName=user['UserName'])['AccessKeyMetadata']])
";

/// Uses the exported key while the server looks at policies, and returns how it was answered.
fn used(cloud: &Cloud, env: &mut TestEnv) -> Value {
    let (bucket, key, secret) = (
        output(env, "name"),
        output(env, "access_key"),
        output(env, "secret_key"),
    );
    cloud.boto(&format!(
        "
import urllib.request
def enforce(count):
    url = os.environ['AWS_ENDPOINT_URL'] + '/moto-api/reset-auth'
    headers = {{'Content-Type': 'text/plain'}}
    urllib.request.urlopen(urllib.request.Request(url, data=count, headers=headers, method='POST')).read()
client('s3').create_bucket(Bucket='of-others', CreateBucketConfiguration={{'LocationConstraint': 'eu-west-1'}})
ours = boto3.client('s3', region_name='eu-west-1', aws_access_key_id='{key}', aws_secret_access_key='{secret}')
def may(call, **arguments):
    try:
        return getattr(ours, call)(**arguments)['ResponseMetadata']['HTTPStatusCode']
    except ours.exceptions.ClientError as error:
        return error.response['Error']['Code']
enforce(b'0')
answers = [
    may('put_object', Bucket='{bucket}', Key='a', Body=b'a'),
    may('get_object', Bucket='{bucket}', Key='a'),
    may('list_objects_v2', Bucket='{bucket}'),
    may('delete_object', Bucket='{bucket}', Key='a'),
    may('put_object', Bucket='of-others', Key='a', Body=b'a'),
    may('list_objects_v2', Bucket='of-others'),
    may('delete_bucket_policy', Bucket='{bucket}'),
]
enforce(b'inf')
client('s3').delete_bucket(Bucket='of-others')
show(answers)
"
    ))
}

#[test]
fn the_exported_key_opens_this_bucket_and_no_other() {
    let Some(cloud) = Cloud::start("the_exported_key_opens_this_bucket_and_no_other", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let denied = "AccessDenied";
    assert_eq!(
        used(&cloud, &mut env),
        json!([200, 200, 200, 204, denied, denied, denied])
    );
    let key = output(&mut env, "access_key");
    assert_eq!(cloud.boto(KEYS), json!([[key, "Active"]]));
    let state = env.run(&["state", "list", "staging"]);
    assert!(!state.stdout.contains(&key), "{state}");
    env.abandon();
}

#[test]
fn a_key_whose_answer_got_lost_is_replaced_and_never_two() {
    let test = "a_key_whose_answer_got_lost_is_replaced_and_never_two";
    let faults = json!([{ "match": "Action=CreateAccessKey", "when": "after" }]).to_string();
    let Some(cloud) = Cloud::start_with(test, STAGING, &[("FAULTS", &faults)]) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(3);
    let lost = cloud.boto(KEYS);
    assert_eq!(lost.as_array().unwrap().len(), 1);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let keys = cloud.boto(KEYS);
    assert_eq!(keys.as_array().unwrap().len(), 1);
    assert_ne!(keys, lost);
    assert_eq!(used(&cloud, &mut env)[0], 200);
    assert_settled(&mut env);
    env.abandon();
}

#[test]
fn a_key_that_was_switched_off_is_replaced_and_policies_are_repaired() {
    let test = "a_key_that_was_switched_off_is_replaced_and_policies_are_repaired";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let before = cloud.boto(KEYS);
    let policy = "iam = client('iam')\n[user] = iam.list_users()['Users']\nshow([user['Path'], iam.get_user_policy(UserName=user['UserName'], PolicyName='infra')['PolicyDocument']])";
    let allowed = cloud.boto(policy);
    assert_eq!(allowed[0], "/infra/");
    let _ = cloud.boto(
        "iam = client('iam')
[user] = [user['UserName'] for user in iam.list_users()['Users']]
[key] = iam.list_access_keys(UserName=user)['AccessKeyMetadata']
iam.update_access_key(UserName=user, AccessKeyId=key['AccessKeyId'], Status='Inactive')
iam.put_user_policy(UserName=user, PolicyName='infra', PolicyDocument='{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}]}')",
    );
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 2 && plan.stdout.contains("Inactive"), "{plan}");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let after = cloud.boto(KEYS);
    assert_eq!(after[0][1], "Active");
    assert_ne!(after[0][0], before[0][0]);
    assert_eq!(cloud.boto(policy), allowed);
    assert_settled(&mut env);
    env.abandon();
}

#[test]
fn whoever_takes_roles_gets_no_user() {
    let Some(cloud) = Cloud::start("whoever_takes_roles_gets_no_user", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    env.edit(
        "stack.hcl",
        "versioning             = true",
        "versioning = true\n  aws { access_key = false }",
    );
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_settled(&mut env);
    assert_eq!(cloud.boto("show(client('iam').list_users()['Users'])"), json!([]));
    assert_eq!(output(&mut env, "access_key"), "");
    env.abandon();
}
