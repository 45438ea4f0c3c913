//! `infra import --from-terraform`: what Terraform made is adopted, and the next plan changes nothing. The objects are made by
//! `boto3`, with names as people give them; the state is written here from its published format.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value as Json, json};

mod production;

const VAULT: &str = r#"
stack {
  name = "vaults"
}

key_vault "app" {}
"#;

/// Makes a key and its name as a team would have, and returns what Terraform would remember of them.
const KEYS: &str = "
kms = client('kms')
made = kms.create_key(Description='key_vault.app of vaults in staging', Tags=[{'TagKey': 'team', 'TagValue': 'data'}])
key = made['KeyMetadata']
kms.enable_key_rotation(KeyId=key['KeyId'])
kms.create_alias(AliasName='alias/prod-data', TargetKeyId=key['KeyId'])
show({
    'aws_kms_key': {'id': key['KeyId'], 'key_id': key['KeyId'], 'arn': key['Arn'], 'description': 'as it was long ago'},
    'aws_kms_alias': {'id': 'alias/prod-data', 'name': 'alias/prod-data', 'target_key_id': key['KeyId']},
})
";

/// Returns a resource of a state, as Terraform writes it.
fn resource(resource_type: &str, name: &str, attributes: &Json) -> Json {
    json!({
        "mode": "managed",
        "type": resource_type,
        "name": name,
        "provider": "provider[\"registry.terraform.io/hashicorp/aws\"]",
        "instances": [{ "schema_version": 0, "attributes": attributes, "sensitive_attributes": [], "private": "bnVsbA==" }],
    })
}

fn state(resources: &[Json]) -> String {
    json!({
        "version": 4,
        "terraform_version": "1.11.4",
        "serial": 12,
        "lineage": "0f9b1ba6-2a3d-6e7f-8c36-9a1f4f7a2b10",
        "outputs": {},
        "resources": resources,
        "check_results": null,
    })
    .to_string()
}

fn keys(cloud: &Cloud) -> String {
    let made = cloud.boto(KEYS);
    state(&[
        resource("aws_kms_key", "data", &made["aws_kms_key"]),
        resource("aws_kms_alias", "data", &made["aws_kms_alias"]),
        resource("aws_lambda_function", "worker", &json!({ "id": "worker" })),
    ])
}

#[test]
fn keys_of_terraform_are_adopted_with_the_names_that_they_have() {
    let Some(cloud) = Cloud::start(
        "keys_of_terraform_are_adopted_with_the_names_that_they_have",
        STAGING,
    ) else {
        return;
    };
    let mut env = cloud.known_to(staging(VAULT));
    env.write("terraform.tfstate", &keys(&cloud));
    let import = ["import", "staging", "--from-terraform", "terraform.tfstate"];
    let would = env
        .run(&[&import[..], &["--dry-run", "--json"]].concat())
        .expect(0);
    let would: Json = serde_json::from_str(&would.stdout).expect("as documented");
    assert_eq!(would["format"], "infra.adopted/1");
    assert_eq!(
        would["adopted"].as_array().expect("as documented").len(),
        2,
        "{would:#}"
    );
    let _ = env.run(&["state", "list", "staging"]).expect(1);

    let adopted = env.run(&import).expect(0);
    assert!(adopted.stdout.starts_with("2 objects adopted\n"), "{adopted}");
    assert!(adopted.stdout.contains("aws_lambda_function.worker"), "{adopted}");
    unchanged(&mut env);

    // Nothing was changed, not even tags; and what is adopted is managed: a change arrives, destroy deletes.
    let tags = "kms = client('kms')\nshow([tag for key in kms.list_keys()['Keys'] for tag in kms.list_resource_tags(KeyId=key['KeyId'])['Tags']])";
    assert_eq!(
        cloud.boto(tags),
        json!([{ "TagKey": "team", "TagValue": "data" }])
    );
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let left = "kms = client('kms')\nshow([[k['KeyMetadata']['KeyState'] for k in [kms.describe_key(KeyId=key['KeyId']) for key in kms.list_keys()['Keys']]], [a['AliasName'] for a in kms.list_aliases()['Aliases'] if a['AliasName'] == 'alias/prod-data']])";
    assert_eq!(cloud.boto(left), json!([["PendingDeletion"], []]));
    env.abandon();
}

fn unchanged(env: &mut TestEnv) {
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 0, "{plan}");
}

#[test]
fn a_state_from_standard_input_is_read_too() {
    let Some(cloud) = Cloud::start("a_state_from_standard_input_is_read_too", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(VAULT));
    env.write("pulled", &keys(&cloud));
    let pulled = std::fs::File::open(env.folder().join("pulled")).expect("as documented");
    let mut import = env.command(&["import", "staging", "--from-terraform", "-"]);
    let adopted = import.stdin(pulled).output().expect("as documented");
    assert!(adopted.stdout.starts_with(b"2 objects adopted\n"), "{adopted:?}");
    unchanged(&mut env);
    env.abandon();
}

#[test]
fn a_file_that_is_no_state_leaves_no_trace() {
    let mut env = staging(VAULT);
    env.write("a.tfplan", "PK\u{3}\u{4}");
    let refused = env
        .run(&["import", "staging", "--from-terraform", "a.tfplan", "--dry-run"])
        .expect(1);
    insta::assert_snapshot!(refused.stderr, @"
    Error: The file is a saved plan of Terraform, not a state
    Hint: Write the state to a file with: terraform state pull > terraform.tfstate
    ");
    let missing = env
        .run(&["import", "staging", "--from-terraform", "b.tfstate"])
        .expect(1);
    assert!(missing.stderr.contains("`b.tfstate` cannot be read"), "{missing}");
    assert!(!env.folder().join(".infra").exists());
}

/// A network with two kinds of ways out, and a vault with a secret of each kind.
const TOPOLOGY: &str = r#"
stack {
  name = "shop"
}

network "main" {
  cidr  = "10.30.0.0/16"
  zones = 2

  segment "edge" { public = true }
  segment "app" {}
  segment "data" {}

  aws {
    nat    = "single"
    egress = ["app"]
    tags   = { team = "platform" }
  }
}

key_vault "app" {
  secret "session" {
    generate { length = 40 }
  }

  secret "mail" { value = "hunter2" }
}
"#;

/// Returns the state of Terraform of everything in an account, which says no more whose it is.
fn inherited(cloud: &Cloud) -> String {
    let found = cloud.boto(include_str!("terraform/inherit.py"));
    let found = found.as_array().expect("as documented");
    let resources: Vec<Json> = found
        .iter()
        .map(|one| {
            resource(
                one[0].as_str().expect("as documented"),
                one[1].as_str().expect("as documented"),
                &one[2],
            )
        })
        .collect();
    state(&resources)
}

/// Adopts everything that a stack of another name made, with the names that it gave, and returns what came of it.
fn adopted(cloud: &Cloud, stack: &str) -> (TestEnv, Json) {
    let mut old = cloud.known_to(staging(&stack.replacen("\"shop\"", "\"legacy\"", 1)));
    let _ = old.run(&["apply", "staging", "--yes"]).expect(0);
    old.abandon();
    let mut env = cloud.known_to(staging(stack));
    env.write("terraform.tfstate", &inherited(cloud));
    let import = [
        "import",
        "staging",
        "--from-terraform",
        "terraform.tfstate",
        "--json",
    ];
    let adoption = serde_json::from_str(&env.run(&import).expect(0).stdout).expect("as documented");
    (env, adoption)
}

#[test]
fn a_topology_is_adopted_and_the_plan_shows_no_changes() {
    let Some(cloud) = Cloud::start("a_topology_is_adopted_and_the_plan_shows_no_changes", STAGING) else {
        return;
    };
    let (mut env, adoption) = adopted(&cloud, TOPOLOGY);
    // Nothing but their names tells the groups apart, and names are not ours: a person says which is which.
    assert_eq!(
        adoption["left_out"].as_array().expect("as documented").len(),
        3,
        "{adoption:#}"
    );
    let file = std::fs::read_to_string(env.folder().join("terraform.tfstate")).expect("as documented");
    let file: Json = serde_json::from_str(&file).expect("as documented");
    let mut import: Vec<String> = ["import", "staging", "--from-terraform", "terraform.tfstate"]
        .map(str::to_owned)
        .into();
    for one in file["resources"].as_array().expect("as documented") {
        let name = one["instances"][0]["attributes"]["name"]
            .as_str()
            .unwrap_or_default();
        for segment in ["edge", "app", "data"] {
            if one["type"] == "aws_security_group" && name.contains(&format!("-{segment}")) {
                let from = format!(
                    "aws_security_group.{}",
                    one["name"].as_str().expect("as documented")
                );
                let map = format!("{from}=network.main/aws.ec2.security_group.{segment}");
                import.extend(["--map".to_owned(), map]);
            }
        }
    }
    let import: Vec<&str> = import.iter().map(String::as_str).collect();
    let _ = env.run(&import).expect(0);
    unchanged(&mut env);
    let record = env.run(&["state", "pull", "staging"]).expect(0).stdout;
    assert!(!record.contains("of-the-file") && !record.contains("hunter2"));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let left = "ec2 = client('ec2')\nshow([vpc['VpcId'] for vpc in ec2.describe_vpcs()['Vpcs'] if not vpc['IsDefault']])";
    assert_eq!(cloud.boto(left), json!([]));
    env.abandon();
}
