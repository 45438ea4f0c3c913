//! Replicas beside their primary.

use super::*;

const REPLICAS: (&str, &str) = ("storage_gb = 20", "storage_gb = 20\n  replicas   = 2");
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
