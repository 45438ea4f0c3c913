//! Protection, replacement, and what stays of a database.

use super::*;

const SNAPSHOTS: &str = "sorted(one['DBSnapshotIdentifier'] for one in rds.describe_db_snapshots(SnapshotType='manual')['DBSnapshots'])";

#[test]
fn a_protected_database_is_deleted_only_after_its_protection_was_lifted() {
    let Some(cloud) = Cloud::start("a_protected_database_is_deleted_only_after", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[("  size ", "  protect    = true\n  size ")]);
    let flag = "of('db-staging-main')['DeletionProtection']";
    assert_eq!(seen(&cloud, flag), true);
    let refused = env.run(&["destroy", "staging", "--yes"]).expect(1);
    assert!(refused.stderr.contains("protect"), "{refused}");
    assert_eq!(seen(&cloud, flag), true);
    env.edit("stack.hcl", "protect    = true", "protect    = false");
    apply(&mut env);
    assert_eq!(seen(&cloud, flag), false);
    destroy(&mut env, &cloud);
}

#[test]
fn a_flag_that_somebody_set_stops_a_deletion() {
    let Some(cloud) = Cloud::start("a_flag_that_somebody_set_stops_a_deletion", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    does(
        &cloud,
        "rds.modify_db_instance(DBInstanceIdentifier='db-staging-main', DeletionProtection=True, ApplyImmediately=True)\nsettled('db-staging-main')",
    );
    let refused = env.run(&["destroy", "staging", "--yes"]).expect(1);
    assert!(refused.stderr.contains("--no-deletion-protection"), "{refused}");
    assert_eq!(
        seen(&cloud, "of('db-staging-main')['DBInstanceStatus']"),
        "available"
    );
    apply(&mut env);
    destroy(&mut env, &cloud);
}

#[test]
fn each_end_leaves_a_snapshot_of_its_own() {
    let Some(cloud) = Cloud::start("each_end_leaves_a_snapshot_of_its_own", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let before = seen(&cloud, "of('db-staging-main')['DbiResourceId']");
    let primary = "postgres.main/aws.rds.instance.primary";
    let replace = ["apply", "staging", "--yes", "--replace", primary];
    let _ = env.run(&replace).expect(0);
    is_settled(&mut env);
    assert_ne!(seen(&cloud, "of('db-staging-main')['DbiResourceId']"), before);
    assert_eq!(seen(&cloud, SNAPSHOTS), json!(["db-staging-main-final"]));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let snapshots = seen(&cloud, SNAPSHOTS);
    let snapshots = snapshots.as_array().expect("a list");
    assert_eq!(snapshots.len(), 2, "{snapshots:?}");
    let second = snapshots[1].as_str().expect("a text");
    assert!(second.starts_with("db-staging-main-final-"), "{second}");
    env.abandon();
}

#[test]
fn a_snapshot_that_is_not_wanted_is_not_made() {
    let Some(cloud) = Cloud::start("a_snapshot_that_is_not_wanted_is_not_made", STAGING) else {
        return;
    };
    let mut env = applied(
        &cloud,
        &[("  aws {\n", "  aws {\n    skip_final_snapshot = true\n")],
    );
    destroy(&mut env, &cloud);
    assert_eq!(seen(&cloud, SNAPSHOTS), json!([]));
}
