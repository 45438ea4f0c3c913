//! Rotation: ours, and that of a function of AWS.

use serde_json::json;

use super::{DESCRIBED, MAIL, ROTATE, SESSION, VAULT, applied, expect_no_changes, output, value};

#[test]
fn a_rotation_makes_a_new_version_and_keeps_the_old_one() {
    let Some((cloud, mut env)) = applied("a_rotation", VAULT) else {
        return;
    };
    let (old, mail) = (value(&cloud, SESSION), value(&cloud, MAIL));
    let _ = env.run(&ROTATE).expect(0);
    let new = value(&cloud, SESSION);
    assert_ne!(new, old);
    assert_eq!(new.len(), 40);
    assert_eq!(output(&mut env, "key_vault.app.secret.session"), new);
    let previous = cloud.boto(&format!(
        "show(client('secretsmanager').get_secret_value(SecretId='{SESSION}', VersionStage='AWSPREVIOUS')['SecretString'])"
    ));
    assert_eq!(previous, json!(old));
    assert_eq!(value(&cloud, MAIL), mail);
    expect_no_changes(&mut env);
}

#[test]
fn a_whole_vault_is_rotated_but_for_its_key_and_its_end_is_told() {
    let Some((cloud, mut env)) = applied("a_whole_vault", VAULT) else {
        return;
    };
    let (old, mail) = (value(&cloud, SESSION), value(&cloud, MAIL));
    let _ = env
        .run(&["rotate", "staging", "key_vault.app", "--yes"])
        .expect(0);
    assert_ne!(value(&cloud, SESSION), old);
    assert_eq!(value(&cloud, MAIL), mail);
    expect_no_changes(&mut env);
    let end = env.run(&["plan", "staging", "--destroy"]).expect(0);
    assert!(end.stdout.contains("Something stays"), "{end}");
    assert!(end.stdout.contains("aws.kms.key.main"), "{end}");
}

#[test]
fn a_function_of_aws_rotates_where_the_vault_says_so() {
    let rotating = VAULT.replace(
        "key_vault \"app\" {",
        "key_vault \"app\" {\n  aws { rotation = { lambda = \"arn:aws:lambda:eu-west-1:111122223333:function:rotate\", days = 7 } }\n",
    );
    let Some((cloud, mut env)) = applied("a_function_of_aws", &rotating) else {
        return;
    };
    let rotation = format!(
        "{DESCRIBED}
show([[found[name].get('RotationEnabled'), found[name].get('RotationRules', {{}}).get('AutomaticallyAfterDays')] for name in ['{SESSION}', '{MAIL}']])"
    );
    assert_eq!(cloud.boto(&rotation), json!([[true, 7], [null, null]]));
    expect_no_changes(&mut env);
    env.edit("stack.hcl", "days = 7", "days = 14");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(&rotation), json!([[true, 14], [null, null]]));
    env.write("stack.hcl", VAULT);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(&rotation)[0][0], json!(false));
    expect_no_changes(&mut env);
}
