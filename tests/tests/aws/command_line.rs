//! What somebody changes with the command line of AWS shows as drift, and nothing else does; an apply repairs it, and the command line
//! sees that.

use std::collections::{BTreeMap, BTreeSet};

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

const TEST: &str = "what_the_command_line_of_aws_changes_is_shown_and_repaired";

/// Something of every service that the provider uses.
const STACK: &str = r#"
stack {
  name = "moved"
}

network "main" {
  cidr  = "10.60.0.0/16"
  zones = 2

  segment "data" {}

  aws { flow_logs = true }
}

postgres "main" {
  version    = 16
  segment    = network.main.segment.data
  size       = "tiny"
  storage_gb = 20

  database "app" { owner = "app" }
}

redis "cache" {
  segment = network.main.segment.data
  size    = "tiny"
  tls     = true
}

blob_store "files" {
  versioning = true

  aws { name = "moved-files-of-the-command-line" }
}

key_vault "app" {
  secret "mail" { value = "first-value" }
}
"#;

const BUCKET: &str = "moved-files-of-the-command-line";
const SECRET: &str = "moved/staging/key_vault.app/mail";
const KEY: &str = "alias/moved-staging-app-key-vault";
const ROLE: &str = "moved-staging-main-flow-logs";
const LOGS: &str = "/infra/moved-staging-main-flow-logs";
const DATABASE: &str = "moved-staging-main";
const CACHE: &str = "moved-staging-cache";

/// What one command does, which attribute it moves (nothing when the object is gone), and how the command line shows that it is as it
/// was.
struct Change {
    command: Vec<String>,
    address: &'static str,
    attribute: Option<&'static str>,
    look: Vec<String>,
    repaired: &'static str,
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

fn change(
    command: &str,
    (address, attribute): (&'static str, Option<&'static str>),
    look: &str,
    repaired: &'static str,
) -> Change {
    let mut look = words(look);
    look.extend(["--output", "text"].map(str::to_owned));
    Change {
        command: words(command),
        address,
        attribute,
        look,
        repaired,
    }
}

/// Returns a change for every service.
fn changes(vpc: &str, key: &str, alarm: &str) -> Vec<Change> {
    let all = [of_network(vpc), of_stores(), of_keys_and_alarms(key, alarm)];
    all.into_iter().flatten().collect()
}

/// Returns changes of EC2, IAM and CloudWatch Logs.
fn of_network(vpc: &str) -> [Change; 3] {
    [
        change(
            &format!("ec2 modify-vpc-attribute --vpc-id {vpc} --no-enable-dns-hostnames"),
            ("network.main/aws.ec2.vpc.main", Some("dns_hostnames")),
            &format!(
                "ec2 describe-vpc-attribute --vpc-id {vpc} --attribute enableDnsHostnames --query EnableDnsHostnames.Value"
            ),
            "True",
        ),
        change(
            &format!("iam delete-role-policy --role-name {ROLE} --policy-name infra"),
            ("network.main/aws.iam.role.flow-logs", Some("policy")),
            &format!("iam list-role-policies --role-name {ROLE} --query PolicyNames[0]"),
            "infra",
        ),
        change(
            &format!("logs put-retention-policy --log-group-name {LOGS} --retention-in-days 1"),
            (
                "network.main/aws.logs.log_group.flow-logs",
                Some("retention_days"),
            ),
            &format!(
                "logs describe-log-groups --log-group-name-prefix {LOGS} --query logGroups[0].retentionInDays"
            ),
            "30",
        ),
    ]
}

/// Returns changes of RDS, ElastiCache and S3.
fn of_stores() -> [Change; 3] {
    [
        change(
            &format!(
                "rds modify-db-instance --db-instance-identifier {DATABASE} --no-copy-tags-to-snapshot --apply-immediately"
            ),
            (
                "postgres.main/aws.rds.instance.primary",
                Some("copy_tags_to_snapshot"),
            ),
            &format!(
                "rds describe-db-instances --db-instance-identifier {DATABASE} --query DBInstances[0].CopyTagsToSnapshot"
            ),
            "True",
        ),
        change(
            &format!(
                "elasticache modify-replication-group --replication-group-id {CACHE} --no-auto-minor-version-upgrade --apply-immediately"
            ),
            (
                "redis.cache/aws.elasticache.replication_group.main",
                Some("auto_minor_version_upgrade"),
            ),
            &format!(
                "elasticache describe-replication-groups --replication-group-id {CACHE} --query ReplicationGroups[0].AutoMinorVersionUpgrade"
            ),
            "True",
        ),
        change(
            &format!(
                "s3api put-bucket-versioning --bucket {BUCKET} --versioning-configuration Status=Suspended"
            ),
            ("blob_store.files/aws.s3.bucket.main", Some("versioning")),
            &format!("s3api get-bucket-versioning --bucket {BUCKET} --query Status"),
            "Enabled",
        ),
    ]
}

/// Returns changes of KMS, Secrets Manager and CloudWatch.
fn of_keys_and_alarms(key: &str, alarm: &str) -> [Change; 3] {
    [
        change(
            &format!("kms disable-key-rotation --key-id {key}"),
            ("key_vault.app/aws.kms.key.main", Some("rotation")),
            &format!("kms get-key-rotation-status --key-id {key} --query KeyRotationEnabled"),
            "True",
        ),
        change(
            &format!("secretsmanager delete-secret --secret-id {SECRET} --force-delete-without-recovery"),
            ("key_vault.app/aws.secretsmanager.secret.mail", None),
            &format!("secretsmanager get-secret-value --secret-id {SECRET} --query SecretString"),
            "first-value",
        ),
        change(
            &format!("cloudwatch delete-alarms --alarm-names {alarm}"),
            ("postgres.main/aws.cloudwatch.alarm.primary-cpu-percent", None),
            &format!("cloudwatch describe-alarms --alarm-names {alarm} --query MetricAlarms[0].MetricName"),
            "CPUUtilization",
        ),
    ]
}

/// Finds what has no name of its own, as `boto3` sees it: the VPC, the key of the vault, and the alarm on the CPU.
const FOUND: &str = "
ec2, kms, cloudwatch = client('ec2'), client('kms'), client('cloudwatch')
[vpc] = [vpc['VpcId'] for vpc in ec2.describe_vpcs()['Vpcs'] if not vpc['IsDefault']]
[alarm] = [one['AlarmName'] for one in cloudwatch.describe_alarms()['MetricAlarms'] if one['MetricName'] == 'CPUUtilization']
";

/// Waits until the services are done with what they were asked for.
const QUIET: &str = "
rds, cache = client('rds'), client('elasticache')
while rds.describe_db_instances()['DBInstances'][0]['DBInstanceStatus'] != 'available':
    pass
while cache.describe_replication_groups()['ReplicationGroups'][0]['Status'] != 'available':
    pass
";

/// Returns what a plan shows as drift: by address the attributes, or nothing where the object is gone.
fn drift(env: &mut TestEnv) -> BTreeMap<String, Option<BTreeSet<String>>> {
    let plan = env.run(&["plan", "staging", "--json"]).expect(0);
    let plan: Value = serde_json::from_str(&plan.stdout).expect("JSON");
    let moved = plan["plan"]["drift"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    moved
        .map(|one| {
            let changes = one["changes"].as_array().into_iter().flatten();
            let attributes = changes.map(|change| text(&change["attribute"])).collect();
            let is_gone = one["disappeared"] == json!(true);
            (text(&one["address"]), (!is_gone).then_some(attributes))
        })
        .collect()
}

fn asked(cloud: &Cloud, arguments: &[String]) -> Option<String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    cloud.cli(TEST, &arguments)
}

#[test]
fn what_the_command_line_of_aws_changes_is_shown_and_repaired() {
    let Some(cloud) = Cloud::start(TEST, STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(STACK));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(drift(&mut env), BTreeMap::new());
    let found = cloud.boto(&format!(
        "{FOUND}\nshow([vpc, kms.describe_key(KeyId='{KEY}')['KeyMetadata']['KeyId'], alarm])"
    ));
    let [vpc, key, alarm] = [0, 1, 2].map(|at| found[at].as_str().expect("an id"));
    let changes = changes(vpc, key, alarm);
    for change in &changes {
        if asked(&cloud, &change.command).is_none() {
            return;
        }
    }
    let _ = cloud.boto(QUIET);
    let expected = changes.iter().map(|change| {
        let attributes = change
            .attribute
            .map(|attribute| BTreeSet::from([attribute.to_owned()]));
        (change.address.to_owned(), attributes)
    });
    assert_eq!(drift(&mut env), expected.collect());
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 0, "{plan}");
    for change in &changes {
        let shown = asked(&cloud, &change.look).expect("the command line ran before");
        assert_eq!(shown.trim(), change.repaired, "{:?}", change.look);
    }
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}
