//! Secrets that were there before: deleted and waiting for it, somebody else's, and adopted.

use infra_tests::aws::{Cloud, STAGING, staging};
use serde_json::json;

use super::{MAIL, SESSION, VAULT, applied, expect_no_changes, output, value};

#[test]
fn a_deleted_secret_is_taken_back_and_gets_the_value_that_is_wanted_now() {
    let Some((cloud, mut env)) = applied("a_deleted_secret", VAULT) else {
        return;
    };
    let session = value(&cloud, SESSION);
    let arns = "
pages = client('secretsmanager').list_secrets(IncludePlannedDeletion=True)['SecretList']
show(sorted([secret['ARN'], 'DeletedDate' in secret] for secret in pages))";
    let made = cloud.boto(arns);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let going = made.to_string().replace("false", "true");
    assert_eq!(cloud.boto(arns).to_string(), going);
    env.edit("stack.hcl", "first-value", "second-value");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(arns), made);
    assert_eq!(value(&cloud, MAIL), "second-value");
    assert_ne!(value(&cloud, SESSION), session);
    assert_eq!(
        output(&mut env, "key_vault.app.secret.session"),
        value(&cloud, SESSION)
    );
    expect_no_changes(&mut env);
}

#[test]
fn a_window_of_no_days_deletes_for_good() {
    let gone = VAULT.replace(
        "key_vault \"app\" {",
        "key_vault \"app\" {\n  aws { recovery_window_days = 0 }\n",
    );
    let Some((cloud, mut env)) = applied("a_window_of_no_days", &gone) else {
        return;
    };
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let left = "show(client('secretsmanager').list_secrets(IncludePlannedDeletion=True)['SecretList'])";
    assert_eq!(cloud.boto(left), json!([]));
}

#[test]
fn a_name_that_somebody_else_has_is_refused_and_stays_as_it_is() {
    for (test, deleted) in [("a_name_that_is_taken", false), ("a_name_that_waits", true)] {
        let Some(cloud) = Cloud::start(test, STAGING) else {
            return;
        };
        let mut env = cloud.known_to(staging(VAULT));
        let _ = cloud.boto(&format!(
            "
secrets = client('secretsmanager')
secrets.create_secret(Name='{MAIL}', SecretString='of-another')
if {}:
    secrets.delete_secret(SecretId='{MAIL}')
",
            if deleted { "True" } else { "False" }
        ));
        let run = env.run(&["apply", "staging", "--yes"]);
        assert_eq!(run.code, 1, "{run}");
        assert!(
            run.stderr
                .contains(&format!("The name `{MAIL}` belongs to another secret")),
            "{run}"
        );
        let way_out = if deleted {
            "--force-delete-without-recovery"
        } else {
            "infra import"
        };
        assert!(run.stderr.contains(way_out), "{run}");
        let _ = cloud.boto(&format!(
            "
secrets = client('secretsmanager')
if {}:
    secrets.restore_secret(SecretId='{MAIL}')
",
            if deleted { "True" } else { "False" }
        ));
        assert_eq!(value(&cloud, MAIL), "of-another");
        let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
        assert_eq!(value(&cloud, MAIL), "of-another");
    }
}

#[test]
fn a_secret_of_before_is_imported_with_its_value() {
    let Some(cloud) = Cloud::start("a_secret_of_before", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(VAULT));
    let _ = env
        .run(&[
            "apply",
            "staging",
            "--yes",
            "--target",
            "key_vault.app/aws.secretsmanager.secret.session",
        ])
        .expect(0);
    let arn = cloud.boto(&format!(
        "
key = client('kms').list_keys()['Keys'][0]['KeyArn']
show(client('secretsmanager').create_secret(Name='{MAIL}', SecretString='first-value', KmsKeyId=key, Description='`mail` of key_vault.app')['ARN'])"
    ));
    let address = "key_vault.app/aws.secretsmanager.secret.mail";
    let arn = arn.as_str().expect("an ARN");
    let _ = env.run(&["import", "staging", address, arn]).expect(0);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(value(&cloud, MAIL), "first-value");
    let versions = cloud.boto(&format!(
        "show(len(client('secretsmanager').list_secret_version_ids(SecretId='{MAIL}')['Versions']))"
    ));
    assert_eq!(versions, json!(1));
    expect_no_changes(&mut env);
}
