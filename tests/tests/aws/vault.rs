//! Keys and their names.

use infra_tests::aws::{Cloud, STAGING, staging};

const VAULT: &str = r#"
stack {
  name = "vaults"
}

key_vault "app" {}
"#;

#[test]
fn a_key_is_made_deleted_and_taken_back() {
    let Some(cloud) = Cloud::start("a_key_is_made_deleted_and_taken_back", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(VAULT));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let keys = "show([key['KeyId'] for key in client('kms').list_keys()['Keys']])";
    let made = cloud.boto(keys);
    let same = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(same.code == 0, "{same}");
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let state = "show([client('kms').describe_key(KeyId=key['KeyId'])['KeyMetadata']['KeyState'] for key in client('kms').list_keys()['Keys']])";
    assert_eq!(cloud.boto(state), serde_json::json!(["PendingDeletion"]));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(state), serde_json::json!(["Enabled"]));
    assert_eq!(cloud.boto(keys), made);
    env.abandon();
}

#[test]
fn a_key_that_was_switched_off_is_switched_on_again() {
    let Some(cloud) = Cloud::start("a_key_that_was_switched_off", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(VAULT));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = cloud.boto(
        "
kms = client('kms')
kms.disable_key(KeyId=kms.list_keys()['Keys'][0]['KeyId'])
",
    );
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{plan}");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let state = "
kms = client('kms')
show(kms.describe_key(KeyId=kms.list_keys()['Keys'][0]['KeyId'])['KeyMetadata']['KeyState'])
";
    assert_eq!(cloud.boto(state), serde_json::json!("Enabled"));
}
