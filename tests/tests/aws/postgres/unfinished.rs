//! An apply that dies while an instance is made.

use std::process::Stdio;

use super::*;

#[test]
fn an_instance_that_was_being_made_is_waited_for_by_the_next_apply() {
    let variables = [("INFRA_RDS_MS", "2500")];
    let name = "an_instance_that_was_being_made_is_waited_for";
    let Some(cloud) = Cloud::start_with(name, STAGING, &variables) else {
        return;
    };
    let mut env = cloud.known_to(staging(STACK));
    let mut command = env.command(&["apply", "staging", "--yes"]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while seen(&cloud, "of('db-staging-main') is not None") == json!(false) {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
    }
    child.kill().unwrap();
    let _ = child.wait().unwrap();
    let before = seen(&cloud, "of('db-staging-main')['DbiResourceId']");
    apply(&mut env);
    let host = output(&mut env, "postgres.main.host");
    assert!(host.starts_with("db-staging-main."), "{host}");
    assert_eq!(seen(&cloud, "of('db-staging-main')['DbiResourceId']"), before);
    destroy(&mut env, &cloud);
}

#[test]
fn an_instance_whose_name_is_still_that_of_one_that_is_being_deleted_is_made_after_it() {
    let variables = [("INFRA_RDS_MS", "4000")];
    let name = "an_instance_whose_name_is_still_that_of_one";
    let Some(cloud) = Cloud::start_with(name, STAGING, &variables) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let before = seen(&cloud, "of('db-staging-main')['DbiResourceId']");
    does(
        &cloud,
        "rds.delete_db_instance(DBInstanceIdentifier='db-staging-main', SkipFinalSnapshot=True)",
    );
    apply(&mut env);
    assert_ne!(seen(&cloud, "of('db-staging-main')['DbiResourceId']"), before);
    destroy(&mut env, &cloud);
}
