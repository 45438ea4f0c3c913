//! PostgreSQL of RDS: instances, their groups and their replicas.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

mod changes;
mod endings;
mod regions;
mod replicas;
mod unfinished;

const STACK: &str = r#"
stack {
  name = "db"
}

network "main" {
  cidr  = "10.40.0.0/16"
  zones = 2

  segment "data" {}
}

postgres "main" {
  version    = 16
  segment    = network.main.segment.data
  size       = "tiny"
  storage_gb = 20

  database "app" { owner = "app" }

  parameters = {
    work_mem        = "8MB"
    max_connections = 60
  }

  backup { retention_days = 7 }

  aws {
    maintenance_window = "sun:04:00-sun:05:00"
    tags               = { team = "data" }
  }
}
"#;

/// What there is of an instance: `of(name)`.
const SEEN: &str = r#"
rds = client('rds')
def of(name, rds=rds):
    found = rds.describe_db_instances(Filters=[{'Name': 'db-instance-id', 'Values': [name]}])['DBInstances']
    return found[0] if found else None
def parameters(group):
    return {one['ParameterName']: one['ParameterValue'] for one in rds.describe_db_parameters(DBParameterGroupName=group, Source='user')['Parameters']}
def settled(name):
    while of(name)['DBInstanceStatus'] != 'available':
        pass
"#;

const NAME: &str = "db-staging-main";

fn seen(cloud: &Cloud, expression: &str) -> Value {
    cloud.boto(&format!("{SEEN}\nshow({expression})"))
}

fn does(cloud: &Cloud, statements: &str) {
    let _ = cloud.boto(&format!("{SEEN}\n{statements}"));
}

/// Returns an environment whose stack is `STACK`, changed like this, and applied.
fn applied(cloud: &Cloud, changes: &[(&str, &str)]) -> TestEnv {
    let stack = changes.iter().fold(STACK.to_owned(), |stack, (from, to)| {
        assert!(stack.contains(from), "{from}");
        stack.replacen(from, to, 1)
    });
    let mut env = cloud.known_to(staging(&stack));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    env
}

fn is_settled(env: &mut TestEnv) {
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
}

/// Applies what the stack says now, and sees that nothing is left to be done.
fn apply(env: &mut TestEnv) {
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    is_settled(env);
}

fn output(env: &mut TestEnv, name: &str) -> String {
    let run = env.run(&["output", "staging", name]).expect(0);
    run.stdout.trim_end().to_owned()
}

fn destroy(env: &mut TestEnv, cloud: &Cloud) {
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(seen(cloud, LEFT), json!([]));
    env.abandon();
}

/// What is left of instances and groups.
const LEFT: &str = "[one['DBInstanceIdentifier'] for one in rds.describe_db_instances()['DBInstances']] \
    + [one['DBSubnetGroupName'] for one in rds.describe_db_subnet_groups()['DBSubnetGroups']] \
    + [one['DBParameterGroupName'] for one in rds.describe_db_parameter_groups()['DBParameterGroups'] if not one['DBParameterGroupName'].startswith('default.')]";

#[test]
fn a_database_is_made_as_its_page_says() {
    let Some(cloud) = Cloud::start("a_database_is_made_as_its_page_says", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let database = seen(&cloud, "of('db-staging-main')");
    let of = |name: &str| database[name].clone();
    let wanted = json!({
        "DBInstanceClass": "db.t4g.micro", "Engine": "postgres", "MasterUsername": "postgres", "AllocatedStorage": 20,
        "StorageType": "gp3", "StorageEncrypted": true, "MultiAZ": false, "PubliclyAccessible": false,
        "DeletionProtection": false, "BackupRetentionPeriod": 7, "CopyTagsToSnapshot": true, "PerformanceInsightsEnabled": true,
        "PerformanceInsightsRetentionPeriod": 7, "PreferredMaintenanceWindow": "sun:04:00-sun:05:00",
        "EnabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "DBParameterGroups": [{"DBParameterGroupName": "db-staging-main-pg16", "ParameterApplyStatus": "in-sync"}],
    });
    for (name, value) in wanted.as_object().expect("a map") {
        assert_eq!(of(name), *value, "{name}");
    }
    assert_eq!(of("Endpoint")["Port"], 5432);
    assert!(
        of("EngineVersion")
            .as_str()
            .is_some_and(|version| version.starts_with("16."))
    );
    assert_eq!(of("DBSubnetGroup")["Subnets"].as_array().map(Vec::len), Some(2));
    let groups = "[one['GroupId'] for one in client('ec2').describe_security_groups(Filters=[{'Name': 'tag:infra:address', 'Values': ['network.main/aws.ec2.security_group.data']}])['SecurityGroups']]";
    let around = "[one['VpcSecurityGroupId'] for one in of('db-staging-main')['VpcSecurityGroups']]";
    assert_eq!(seen(&cloud, around), seen(&cloud, groups));
    // RDS made the password: it is in its own secret, encrypted with the environment's key, and in no file of ours.
    let secret = "client('secretsmanager').describe_secret(SecretId=of('db-staging-main')['MasterUserSecret']['SecretArn'])['OwningService']";
    assert_eq!(seen(&cloud, secret), "rds");
    let key =
        "client('kms').describe_key(KeyId=of('db-staging-main')['KmsKeyId'])['KeyMetadata']['KeyManager']";
    assert_eq!(seen(&cloud, key), "CUSTOMER");
    let tags = "{tag['Key']: tag['Value'] for tag in of('db-staging-main')['TagList']}";
    assert_eq!(seen(&cloud, tags)["team"], "data");
    assert_eq!(
        seen(&cloud, "parameters('db-staging-main-pg16')"),
        json!({"work_mem": "8192", "max_connections": "60", "rds.force_ssl": "1"})
    );
    is_settled(&mut env);
    let url = output(&mut env, "postgres.main.url");
    assert!(
        url.ends_with(".rds.amazonaws.com:5432/app?sslmode=require"),
        "{url}"
    );
    destroy(&mut env, &cloud);
}

#[test]
fn a_database_is_forgotten_and_imported() {
    let Some(cloud) = Cloud::start("a_database_is_forgotten_and_imported", STAGING) else {
        return;
    };
    let mut env = applied(
        &cloud,
        &[("storage_gb = 20", "storage_gb = 20\n  replicas   = 1")],
    );
    let ids =
        "{name: of(name)['DbiResourceId'] for name in ('db-staging-main', 'db-staging-main-replica-1')}";
    let before = seen(&cloud, ids);
    let parts = [
        ("aws.rds.subnet_group.main", "db-staging-main"),
        ("aws.rds.parameter_group.main", "db-staging-main-pg16"),
        ("aws.rds.instance.primary", NAME),
        ("aws.rds.replica.replica-1", "db-staging-main-replica-1"),
    ];
    for (address, id) in parts.iter().rev() {
        let address = format!("postgres.main/{address}");
        let _ = env.run(&["state", "rm", "staging", &address]).expect(0);
        let _ = env.run(&["import", "staging", &address, id]).expect(0);
    }
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    is_settled(&mut env);
    assert_eq!(seen(&cloud, ids), before);
    destroy(&mut env, &cloud);
}
