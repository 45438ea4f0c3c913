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

const STORE: &str = r#"
stack {
  name = "vaults"
}

blob_store "assets" {}
"#;

/// Returns a stack of the store and of a vault, with what stands in the store's block `aws`.
fn beside_a_vault(aws: &str) -> String {
    let store = format!("blob_store \"assets\" {{\n  aws {{\n    {aws}\n  }}\n}}\n\nkey_vault \"app\" {{}}");
    STORE.replace("blob_store \"assets\" {}", &store)
}

/// Shows the states of all keys, and how many encrypt buckets.
const KEYS: &str = "
kms, s3 = client('kms'), client('s3')
keys = [kms.describe_key(KeyId=key['KeyId'])['KeyMetadata'] for key in kms.list_keys()['Keys']]
rules = [s3.get_bucket_encryption(Bucket=bucket['Name'])['ServerSideEncryptionConfiguration']['Rules'][0] for bucket in s3.list_buckets()['Buckets']]
used = [rule['ApplyServerSideEncryptionByDefault']['KMSMasterKeyID'] for rule in rules]
show(sorted([key['KeyState'], key['Arn'] in used] for key in keys))
";

#[test]
fn a_vault_that_comes_or_goes_takes_no_key_from_what_is_encrypted() {
    let Some(cloud) = Cloud::start("a_vault_that_comes_or_goes", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STORE));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    // It comes: the store's own key would go.
    env.write("stack.hcl", &beside_a_vault(""));
    let refused = env.run(&["plan", "staging"]).expect(1);
    let needs = "`blob_store.assets/aws.s3.bucket.main` needs `blob_store.assets/aws.kms.key.main` (deleted)";
    assert!(refused.stderr.contains(needs), "{refused}");
    assert!(refused.stderr.contains("encryption_key = \"own\""), "{refused}");
    env.write("stack.hcl", &beside_a_vault("encryption_key = \"own\""));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let enabled = serde_json::json!([["Enabled", false], ["Enabled", true]]);
    assert_eq!(cloud.boto(KEYS), enabled);
    // Another key for the same bucket is refused, too: what is in it stays as it is.
    env.write("stack.hcl", &beside_a_vault("encryption_key = \"key_vault.app\""));
    let refused = env.run(&["plan", "staging"]).expect(1);
    assert!(
        refused.stderr.contains("Data could not be read any more"),
        "{refused}"
    );
    // The vault goes, and its key with it: nothing of the store.
    env.write("stack.hcl", STORE);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(
        cloud.boto(KEYS),
        serde_json::json!([["Enabled", true], ["PendingDeletion", false]])
    );
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn a_vault_stays_while_its_key_is_needed() {
    let Some(cloud) = Cloud::start("a_vault_stays_while_its_key_is_needed", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(&beside_a_vault("")));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    for without in [
        STORE.to_owned(),
        beside_a_vault("").replace("\"app\"", "\"main\""),
    ] {
        env.write("stack.hcl", &without);
        let refused = env.run(&["plan", "staging"]).expect(1);
        let needs = "`blob_store.assets/aws.s3.bucket.main` needs `key_vault.app/aws.kms.key.main` (deleted)";
        assert!(refused.stderr.contains(needs), "{refused}");
    }
    assert_eq!(cloud.boto(KEYS), serde_json::json!([["Enabled", true]]));
    env.abandon();
}

const SECRET: &str = r#"
stack {
  name = "vaults"
}

key_vault "app" {
  secret "token" {
    generate {}
  }
}
"#;

#[test]
fn a_replaced_key_is_another_one_and_never_comes_back() {
    let Some(cloud) = Cloud::start("a_replaced_key_is_another_one", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(SECRET));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let keys = "
kms, secrets = client('kms'), client('secretsmanager')
show([{state['KeyId']: state['KeyState'] for state in [kms.describe_key(KeyId=key['KeyId'])['KeyMetadata'] for key in kms.list_keys()['Keys']]},
      [secret['KmsKeyId'].rsplit('/', 1)[1] for secret in secrets.list_secrets()['SecretList']]])
";
    let before = cloud.boto(keys);
    let first = before[1][0].as_str().expect("as documented").to_owned();
    let replace = ["--replace", "key_vault.app/aws.kms.key.main"];
    let _ = env
        .run(&[&["apply", "staging", "--yes"][..], &replace].concat())
        .expect(0);
    let after = cloud.boto(keys);
    let second = after[1][0].as_str().expect("as documented").to_owned();
    assert_ne!(second, first);
    assert_eq!(after[0][&first], "PendingDeletion");
    assert_eq!(after[0][&second], "Enabled");
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let again = cloud.boto(keys);
    assert_eq!(again[1][0], serde_json::json!(second));
    assert_eq!(again[0][&first], "PendingDeletion");
    env.abandon();
}

#[test]
fn a_key_whose_waiting_time_is_none_stays() {
    let Some(cloud) = Cloud::start("a_key_whose_waiting_time_is_none_stays", STAGING) else {
        return;
    };
    let stack = VAULT.replace(
        "key_vault \"app\" {}",
        "key_vault \"app\" {\n  aws {\n    key_deletion_window_days = 0\n  }\n}",
    );
    let mut env = cloud.known_to(staging(&stack));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(KEYS), serde_json::json!([["Enabled", false]]));
    env.write("stack.hcl", &stack.replace("days = 0", "days = 3"));
    let refused = env.run(&["plan", "staging"]).expect(1);
    assert!(refused.stderr.contains("7 to 30 days"), "{refused}");
    env.abandon();
}
