//! Secrets of vaults in Secrets Manager.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::json;

mod before;
mod rotation;

const VAULT: &str = r#"
stack {
  name = "vaults"
}

key_vault "app" {
  secret "session" {
    generate { length = 40 }
  }

  secret "mail" {
    value = "first-value"
  }
}
"#;

/// What every secret is, without its value.
const DESCRIBED: &str = "
found = {}
for secret in client('secretsmanager').list_secrets()['SecretList']:
    found[secret['Name']] = secret
";

const SESSION: &str = "vaults/staging/key_vault.app/session";
const MAIL: &str = "vaults/staging/key_vault.app/mail";
const ROTATE: [&str; 4] = [
    "rotate",
    "staging",
    "key_vault.app/aws.secretsmanager.secret.session",
    "--yes",
];

/// Returns an account and an environment with this stack applied; none when moto is not installed.
fn applied(test: &str, stack: &str) -> Option<(Cloud, TestEnv)> {
    let cloud = Cloud::start(test, STAGING)?;
    let mut env = cloud.known_to(staging(stack));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    Some((cloud, env))
}

fn expect_no_changes(env: &mut TestEnv) {
    let run = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(run.code, 0, "{run}");
}

fn value(cloud: &Cloud, name: &str) -> String {
    let value = cloud.boto(&format!(
        "show(client('secretsmanager').get_secret_value(SecretId='{name}')['SecretString'])"
    ));
    value.as_str().expect("a text").to_owned()
}

fn output(env: &mut TestEnv, name: &str) -> String {
    let run = env
        .command(&["output", "staging", name])
        .output()
        .expect("it runs");
    String::from_utf8(run.stdout).expect("text").trim_end().to_owned()
}

#[test]
fn secrets_are_made_with_the_key_of_their_vault_and_read_back() {
    let Some((cloud, mut env)) = applied("secrets_are_made", VAULT) else {
        return;
    };
    let session = value(&cloud, SESSION);
    assert_eq!(session.len(), 40);
    assert!(
        session.bytes().all(|byte| byte.is_ascii_alphanumeric()),
        "{session}"
    );
    assert_eq!(value(&cloud, MAIL), "first-value");
    assert_eq!(output(&mut env, "key_vault.app.secret.session"), session);

    let seen = cloud.boto(&format!(
        "{DESCRIBED}
secret = found['{SESSION}']
keys = {{key['KeyArn'] for key in client('kms').list_keys()['Keys']}}
tags = {{tag['Key']: tag['Value'] for tag in secret['Tags']}}
show([len(found), secret['KmsKeyId'] in keys, tags['infra:environment'], secret['Description']])"
    ));
    let description = "`session` of key_vault.app";
    assert_eq!(seen, json!([2, true, "staging", description]));
    expect_no_changes(&mut env);
    assert!(!env.transcript().contains(&session));
    assert!(!env.transcript().contains("first-value"));
}

#[test]
fn another_recipe_and_another_value_are_changes_in_place() {
    let Some((cloud, mut env)) = applied("another_recipe", VAULT) else {
        return;
    };
    let arns = format!("{DESCRIBED}\nshow(sorted(secret['ARN'] for secret in found.values()))");
    let before = cloud.boto(&arns);
    env.edit(
        "stack.hcl",
        "generate { length = 40 }",
        "generate {\n      length   = 12\n      alphabet = \"hex\"\n    }",
    );
    env.edit("stack.hcl", "first-value", "second-value");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let session = value(&cloud, SESSION);
    assert_eq!(session.len(), 12);
    assert!(session.bytes().all(|byte| byte.is_ascii_hexdigit()), "{session}");
    assert_eq!(value(&cloud, MAIL), "second-value");
    assert_eq!(cloud.boto(&arns), before);
    expect_no_changes(&mut env);
}

#[test]
fn a_value_from_outside_is_repaired_where_it_was_given_and_taken_over_where_it_was_generated() {
    let Some((cloud, mut env)) = applied("a_value_from_outside", VAULT) else {
        return;
    };
    let _ = cloud.boto(&format!(
        "
secrets = client('secretsmanager')
for name in ['{SESSION}', '{MAIL}']:
    secrets.put_secret_value(SecretId=name, SecretString='from-outside')
"
    ));
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{plan}");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(value(&cloud, MAIL), "first-value");
    assert_eq!(value(&cloud, SESSION), "from-outside");
    assert_eq!(output(&mut env, "key_vault.app.secret.session"), "from-outside");
    expect_no_changes(&mut env);
    let _ = env.run(&ROTATE).expect(0);
    assert_eq!(value(&cloud, SESSION).len(), 40);
    expect_no_changes(&mut env);
}

#[test]
fn a_value_that_is_composed_of_another_secret_is_repaired() {
    let url = "\nkey_vault \"links\" {\n  secret \"url\" {\n    value = \"https://app:${key_vault.app.secret.session}@example.org\"\n  }\n}\n";
    let Some((cloud, mut env)) = applied("a_value_that_is_composed", &format!("{VAULT}{url}")) else {
        return;
    };
    let name = "vaults/staging/key_vault.links/url";
    let before = value(&cloud, name);
    let _ = cloud.boto(&format!(
        "client('secretsmanager').put_secret_value(SecretId='{name}', SecretString='from-outside')"
    ));
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(value(&cloud, name), before);
    assert_eq!(output(&mut env, "key_vault.links.secret.url"), before);
    expect_no_changes(&mut env);
}

#[test]
fn what_was_changed_beside_the_value_is_repaired_too() {
    let Some((cloud, mut env)) = applied("what_was_changed_beside", VAULT) else {
        return;
    };
    let seen = format!(
        "{DESCRIBED}
keys = {{key['KeyArn'] for key in client('kms').list_keys()['Keys'] if 'other' not in client('kms').describe_key(KeyId=key['KeyId'])['KeyMetadata']['Description']}}
secret = found['{SESSION}']
show([sorted(secret), secret['KmsKeyId'] in keys])"
    );
    let before = cloud.boto(&seen);
    let _ = cloud.boto(&format!(
        "
other = client('kms').create_key(Description='other')['KeyMetadata']['Arn']
client('secretsmanager').update_secret(SecretId='{SESSION}', KmsKeyId=other)
"
    ));
    assert_ne!(cloud.boto(&seen), before);
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{plan}");
    let session = value(&cloud, SESSION);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(&seen), before);
    assert_eq!(value(&cloud, SESSION), session);
    expect_no_changes(&mut env);
}

#[test]
fn tags_of_the_stack_come_change_and_go() {
    let tagged = VAULT.replace(
        "key_vault \"app\" {",
        "key_vault \"app\" {\n  aws { tags = { team = \"a\", cost = \"1\" } }\n",
    );
    let Some((cloud, mut env)) = applied("tags_of_the_stack", &tagged) else {
        return;
    };
    let tags = format!(
        "{DESCRIBED}\nshow({{tag['Key']: tag['Value'] for tag in found['{MAIL}']['Tags'] if not tag['Key'].startswith('infra:') and tag['Key'] != 'Name'}})"
    );
    assert_eq!(cloud.boto(&tags), json!({"team": "a", "cost": "1"}));
    expect_no_changes(&mut env);
    env.edit("stack.hcl", "{ team = \"a\", cost = \"1\" }", "{ team = \"b\" }");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(&tags), json!({"team": "b"}));
    expect_no_changes(&mut env);
}

#[test]
fn many_secrets_are_seen_with_few_requests() {
    let many: String = (0..45)
        .map(|number| format!("  secret \"s{number}\" {{\n    generate {{ length = 20 }}\n  }}\n"))
        .collect();
    let stack = format!("stack {{\n  name = \"vaults\"\n}}\n\nkey_vault \"app\" {{\n{many}}}\n");
    let Some((cloud, mut env)) = applied("many_secrets", &stack) else {
        return;
    };
    expect_no_changes(&mut env);
    let _ = cloud.boto("client('secretsmanager').delete_secret(SecretId='vaults/staging/key_vault.app/s44', ForceDeleteWithoutRecovery=True)");
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{plan}");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(value(&cloud, "vaults/staging/key_vault.app/s44").len(), 20);
}

#[test]
fn settings_that_aws_would_refuse_are_refused_with_their_place() {
    let Some(cloud) = Cloud::start("settings_that_aws_would_refuse", STAGING) else {
        return;
    };
    for (setting, told) in [
        ("recovery_window_days = 3", "7 to 30 days, or 0"),
        (
            "rotation = { lambda = \"rotate\" }",
            "the ARN of a function and 1 to 1000 days",
        ),
        (
            "rotation = { lambda = \"arn:aws:lambda:eu-west-1:111122223333:function:a\", days = 0 }",
            "the ARN of a function and 1 to 1000 days",
        ),
        ("recovery_window = 7", "Did you mean `recovery_window_days`?"),
    ] {
        let stack = VAULT.replace(
            "key_vault \"app\" {",
            &format!("key_vault \"app\" {{\n  aws {{ {setting} }}\n"),
        );
        let mut env = cloud.known_to(staging(&stack));
        let run = env.run(&["plan", "staging"]);
        assert_eq!(run.code, 1, "{run}");
        assert!(run.stderr.contains(told), "{setting}: {run}");
        assert!(run.stderr.contains("--> stack.hcl:6"), "{setting}: {run}");
    }
}
