//! Replicas beside their primary.

use super::*;

const REPLICAS: (&str, &str) = ("storage_gb = 20", "storage_gb = 20\n  replicas   = 2");
const ONE_REPLICA: &str = "storage_gb = 20\n  replicas   = 1";
const SOURCES: &str = "{one['DBInstanceIdentifier']: one.get('ReadReplicaSourceDBInstanceIdentifier') for one in rds.describe_db_instances()['DBInstances']}";
const IDENTITIES: &str = "{one['DBInstanceIdentifier']: one['DbiResourceId'] for one in rds.describe_db_instances()['DBInstances']}";

#[test]
fn replicas_come_and_go_and_start_before_their_primary() {
    let Some(cloud) = Cloud::start("replicas_come_and_go", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let managed = "'MasterUserSecret' in of('db-staging-main')";
    assert_eq!(seen(&cloud, managed), true);
    // RDS makes no replicas while it manages the password of the primary.
    env.edit("stack.hcl", REPLICAS.0, REPLICAS.1);
    apply(&mut env);
    assert_eq!(seen(&cloud, managed), false);
    assert_eq!(
        seen(&cloud, SOURCES),
        json!({NAME: null, "db-staging-main-replica-1": NAME, "db-staging-main-replica-2": NAME})
    );
    let before = seen(&cloud, IDENTITIES);
    env.edit("stack.hcl", "max_connections = 60", "max_connections = 70");
    env.edit("stack.hcl", "\"tiny\"", "\"small\"");
    apply(&mut env);
    assert_eq!(seen(&cloud, IDENTITIES), before);
    let started = "[[one['DBInstanceClass'], one['DBParameterGroups'][0]['ParameterApplyStatus']] for one in rds.describe_db_instances()['DBInstances']]";
    let all = ["db.t4g.medium", "in-sync"];
    assert_eq!(seen(&cloud, started), json!([all, all, all]));
    does(
        &cloud,
        "rds.modify_db_instance(DBInstanceIdentifier='db-staging-main-replica-2', DBInstanceClass='db.t4g.large', ApplyImmediately=True)\nsettled('db-staging-main-replica-2')",
    );
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
    apply(&mut env);
    assert_eq!(seen(&cloud, started), json!([all, all, all]));
    env.edit("stack.hcl", "replicas   = 2", "replicas   = 1");
    apply(&mut env);
    assert_eq!(
        seen(&cloud, SOURCES),
        json!({NAME: null, "db-staging-main-replica-1": NAME})
    );
    destroy(&mut env, &cloud);
}

#[test]
fn parameters_that_replicas_need_fall_on_the_primary_first_and_rise_on_replicas_first() {
    let Some(cloud) = Cloud::start("parameters_that_replicas_need", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[REPLICAS]);
    let mut before = "max_connections = 60";
    for after in ["max_connections = 50", "max_connections = 80"] {
        env.edit("stack.hcl", before, after);
        apply(&mut env);
        before = after;
    }
    let statuses =
        "{one['DBInstanceStatus'] for one in rds.describe_db_instances()['DBInstances']} == {'available'}";
    assert_eq!(seen(&cloud, statuses), true);
    destroy(&mut env, &cloud);
}

#[test]
fn a_replica_is_as_large_as_its_primary_has_grown() {
    let Some(cloud) = Cloud::start("a_replica_is_as_large_as_its_primary_has_grown", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[("  aws {\n", "  aws {\n    storage_max_gb = 100\n")]);
    does(
        &cloud,
        "rds.modify_db_instance(DBInstanceIdentifier='db-staging-main', AllocatedStorage=50, ApplyImmediately=True)\nsettled('db-staging-main')",
    );
    env.edit("stack.hcl", REPLICAS.0, ONE_REPLICA);
    apply(&mut env);
    assert_eq!(
        seen(&cloud, "of('db-staging-main-replica-1')['AllocatedStorage']"),
        50
    );
    destroy(&mut env, &cloud);
}

#[test]
fn a_major_version_is_upgraded_with_all_that_follow_and_all_that_followed() {
    let Some(cloud) = Cloud::start("a_major_version_is_upgraded_with_all", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[REPLICAS]);
    env.edit(
        "stack.hcl",
        "  aws {\n",
        "  aws {\n    promote = [\"replica-1\"]\n",
    );
    apply(&mut env);
    let before = seen(&cloud, IDENTITIES);
    env.edit("stack.hcl", "version    = 16", "version    = 17");
    // RDS gives the replica that it upgrades another group, which is not what the plan was made for: the next one gives it its own.
    let _ = env.run(&["apply", "staging", "--yes"]);
    apply(&mut env);
    assert_eq!(seen(&cloud, IDENTITIES), before);
    let all = "[[one['EngineVersion'].split('.')[0], one['DBParameterGroups'][0]['DBParameterGroupName']] for one in rds.describe_db_instances()['DBInstances']]";
    let new = ["17", "db-staging-main-pg17"];
    assert_eq!(seen(&cloud, all), json!([new, new, new]));
    destroy(&mut env, &cloud);
}

/// Makes a database that somebody else named, and its replica, in the groups of the stack's.
const THEIRS: &str = "
groups = [one['VpcSecurityGroupId'] for one in of('db-staging-main')['VpcSecurityGroups']]
rds.create_db_instance(DBInstanceIdentifier='prod-db', Engine='postgres', EngineVersion='16', DBInstanceClass='db.t4g.micro', AllocatedStorage=20,
    StorageType='gp3', StorageEncrypted=True, MasterUsername='postgres', MasterUserPassword='not-a-secret', BackupRetentionPeriod=7,
    DBSubnetGroupName='db-staging-main', VpcSecurityGroupIds=groups, DBParameterGroupName='db-staging-main-pg16')
settled('prod-db')
rds.create_db_instance_read_replica(DBInstanceIdentifier='prod-db-copy', SourceDBInstanceIdentifier='prod-db', DBInstanceClass='db.t4g.micro', VpcSecurityGroupIds=groups)
settled('prod-db-copy')
rds.delete_db_instance(DBInstanceIdentifier='db-staging-main', SkipFinalSnapshot=True)
while of('db-staging-main'):
    pass
";

#[test]
fn a_replica_of_an_adopted_primary_is_promoted_in_place() {
    let Some(cloud) = Cloud::start("a_replica_of_an_adopted_primary", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let primary = "postgres.main/aws.rds.instance.primary";
    let _ = env.run(&["state", "rm", "staging", primary]).expect(0);
    does(&cloud, THEIRS);
    env.edit("stack.hcl", REPLICAS.0, ONE_REPLICA);
    let replica = "postgres.main/aws.rds.replica.replica-1";
    for (address, id) in [(primary, "prod-db"), (replica, "prod-db-copy")] {
        let _ = env.run(&["import", "staging", address, id]).expect(0);
    }
    apply(&mut env);
    let before = seen(&cloud, IDENTITIES);
    env.edit(
        "stack.hcl",
        "  aws {\n",
        "  aws {\n    promote = [\"replica-1\"]\n",
    );
    apply(&mut env);
    assert_eq!(seen(&cloud, IDENTITIES), before);
    assert_eq!(
        seen(&cloud, SOURCES),
        json!({"prod-db": null, "prod-db-copy": null})
    );
    destroy(&mut env, &cloud);
}

#[test]
fn a_replica_whose_primary_is_replaced_is_replaced() {
    let Some(cloud) = Cloud::start("a_replica_whose_primary_is_replaced", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[REPLICAS]);
    let before = seen(&cloud, IDENTITIES);
    let primary = "postgres.main/aws.rds.instance.primary";
    let _ = env
        .run(&["apply", "staging", "--yes", "--replace", primary])
        .expect(0);
    is_settled(&mut env);
    let after = seen(&cloud, IDENTITIES);
    for (name, id) in before.as_object().expect("a map") {
        assert!(after[name].is_string() && after[name] != *id, "{name}");
    }
    destroy(&mut env, &cloud);
}

#[test]
fn a_promoted_replica_stands_on_its_own() {
    let Some(cloud) = Cloud::start("a_promoted_replica_stands_on_its_own", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[REPLICAS]);
    let before = seen(&cloud, IDENTITIES);
    env.edit(
        "stack.hcl",
        "  aws {\n",
        "  aws {\n    promote = [\"replica-1\"]\n",
    );
    apply(&mut env);
    assert_eq!(seen(&cloud, IDENTITIES), before);
    let sources = json!({NAME: null, "db-staging-main-replica-1": null, "db-staging-main-replica-2": NAME});
    assert_eq!(seen(&cloud, SOURCES), sources);
    let kept = "of('db-staging-main-replica-1')['BackupRetentionPeriod']";
    assert_eq!(seen(&cloud, kept), 7);
    // What was written to it is nowhere else.
    let replica = "postgres.main/aws.rds.replica.replica-1";
    let plan = env
        .run(&["plan", "staging", "--json", "--replace", replica])
        .expect(0);
    assert!(plan.stdout.contains("destroys_data"), "{plan}");
    // It does not go the way of its primary.
    let primary = "postgres.main/aws.rds.instance.primary";
    let _ = env
        .run(&["apply", "staging", "--yes", "--replace", primary])
        .expect(0);
    is_settled(&mut env);
    let after = seen(&cloud, IDENTITIES);
    let promoted = "db-staging-main-replica-1";
    assert_eq!(after[promoted], before[promoted]);
    // Nor does it follow again.
    env.edit("stack.hcl", "    promote = [\"replica-1\"]\n", "");
    let refused = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(
        refused.stderr.contains("does not follow its source again"),
        "{refused}"
    );
    env.edit(
        "stack.hcl",
        "  aws {\n",
        "  aws {\n    promote = [\"replica-1\"]\n",
    );
    is_settled(&mut env);
    destroy(&mut env, &cloud);
    let snapshots = seen(
        &cloud,
        "sorted(one['DBSnapshotIdentifier'] for one in rds.describe_db_snapshots(SnapshotType='manual')['DBSnapshots'])",
    );
    let names: Vec<&str> = snapshots
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert!(names.contains(&"db-staging-main-replica-1-final"), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("replica-2")), "{names:?}");
}
