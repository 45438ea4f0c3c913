//! Names that somebody else has.

use crate::stacks::SMALL;
use infra_tests::aws::{Cloud, REGION, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::json;

use super::{APPLY, expect_mistake};

#[test]
fn a_name_of_an_alias_that_somebody_has_is_told_and_left_alone() {
    let Some(cloud) = Cloud::start("a_name_of_an_alias", STAGING) else {
        return;
    };
    let name = "alias/small-staging-app-key-vault";
    let theirs = cloud.boto(&format!(
        "
kms = client('kms')
key = kms.create_key(Description='theirs')['KeyMetadata']['KeyId']
kms.create_alias(AliasName='{name}', TargetKeyId=key)
show(key)
"
    ));
    let mut env = cloud.known_to(staging(SMALL));
    let run = env.run(&APPLY);
    let take_in = format!("infra import staging 'key_vault.app/aws.kms.alias.main' '{name}'");
    let told = format!("`{name}` has the name and is not of this environment: no environment made it");
    expect_mistake(&run, &["kms.CreateAlias", name, &told, &take_in]);
    let points_to = cloud.boto(&format!(
        "show(client('kms').describe_key(KeyId='{name}')['KeyMetadata']['KeyId'])"
    ));
    assert_eq!(points_to, theirs);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let left = cloud.boto(&format!(
        "show(client('kms').describe_key(KeyId='{name}')['KeyMetadata']['KeyState'])"
    ));
    assert_eq!(left, json!("Enabled"));
}

#[test]
fn a_name_that_somebody_has_is_told_with_the_way_to_take_it_in() {
    let Some(cloud) = Cloud::start("a_name_that_somebody_has", STAGING) else {
        return;
    };
    let role = "watched-staging-main-flow-logs";
    let bucket = "a-bucket-that-is-there";
    let _ = cloud.boto(&format!(
        "
trust = {{'Version': '2012-10-17', 'Statement': []}}
client('iam').create_role(RoleName='{role}', Path='/infra/', AssumeRolePolicyDocument=json.dumps(trust))
client('logs').create_log_group(logGroupName='/infra/{role}')
client('s3').create_bucket(Bucket='{bucket}', CreateBucketConfiguration={{'LocationConstraint': '{REGION}'}})
"
    ));
    let watched = "stack { name = \"watched\" }\n\nnetwork \"main\" {\n  cidr  = \"10.30.0.0/16\"\n  zones = 1\n\n  \
                   segment \"app\" {}\n\n  aws { flow_logs = true }\n}\n";
    let store = format!(
        "\nblob_store \"files\" {{\n  aws {{ name = \"{bucket}\" }}\n}}\n\nkey_vault \"app\" {{\n  secret \"key\" {{ value = \"x\" }}\n}}\n"
    );
    let mut env = cloud.known_to(staging(&format!("{watched}{store}")));
    let import_of_role = format!("import staging 'network.main/aws.iam.role.flow-logs' '{role}'");
    let imports = [
        format!("import staging 'network.main/aws.logs.log_group.flow-logs' '/infra/{role}'"),
        format!("import staging 'blob_store.files/aws.s3.bucket.main' '{bucket}'"),
    ];
    let run = env.run(&APPLY);
    let mut told = vec![
        "Give its component another name, or take it in",
        "Choose another name in the component",
    ];
    let commands: Vec<String> = imports.iter().map(|import| format!("infra {import}")).collect();
    told.extend(commands.iter().map(String::as_str));
    expect_mistake(&run, &told);
    // What the hints say works.
    for import in &imports {
        take_in(&mut env, import);
    }
    // The role names the log group, so it is begun only now.
    expect_mistake(&env.run(&APPLY), &[&format!("infra {import_of_role}")]);
    take_in(&mut env, &import_of_role);
    let _ = env.run(&APPLY).expect(0);
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 0, "{plan}");
    // What another environment has is told as its own.
    let mut other = cloud.known_to(staging(&format!("{watched}{store}")));
    expect_mistake(
        &other.run(&APPLY),
        &[
            "it belongs to the environment `staging` of the stack `watched`",
            "let the state that owns it forget it",
        ],
    );
    let _ = other.run(&["destroy", "staging", "--yes"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
    other.abandon();
}

fn take_in(env: &mut TestEnv, import: &str) {
    let words: Vec<String> = import.split(' ').map(|word| word.replace('\'', "")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let _ = env.run(&words).expect(0);
}
