//! What lives in a server that does not run can be told and deleted all the same: the engine starts it for that.

use std::process::Stdio;

use infra_tests::environment::TestEnv;
use infra_tests::machine::wait_until;
use infra_tests::servers::{execute, kill, processes_of, psql, rows, server};

use crate::support::{PRIMARY, addresses, applied, apply, as_engine, decisions, expect_no_changes};

const DATABASE: &str = "postgres.main/local.postgres.database.app";

#[test]
fn an_environment_whose_primary_was_killed_is_destroyed() {
    let Some(mut env) = applied("an_environment_whose_primary_was_killed", "examples/minimal") else {
        return;
    };
    kill(&server(&env, PRIMARY));
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(addresses(&mut env), "");
    assert_eq!(processes_of(&env), []);
}

#[test]
fn an_environment_whose_data_is_gone_is_destroyed() {
    let Some(mut env) = applied("an_environment_whose_data_is_gone", "examples/minimal") else {
        return;
    };
    kill(&server(&env, PRIMARY));
    std::fs::remove_dir_all(env.folder().join(".infra/local/postgres/main/data")).expect("its data");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(addresses(&mut env), "");
}

#[test]
fn a_server_whose_own_database_is_gone_gets_it_again() {
    let Some(mut env) = applied("a_server_whose_own_database", "examples/minimal") else {
        return;
    };
    let outside = as_engine(&mut env).replace("/postgres?", "/template1?");
    execute(&outside, "drop database postgres with (force)");
    apply(&mut env);
    expect_no_changes(&mut env);
}

#[test]
fn a_deletion_that_died_with_its_server_is_resolved_by_the_next_plan() {
    let Some(mut env) = applied("a_deletion_that_died_with_its_server", "examples/minimal") else {
        return;
    };
    die_while_deleting(&mut env);
    let run = env.run(&["plan", "local"]).expect(0);
    assert!(!run.stderr.contains("cannot be resolved"), "{run}");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(rows(&env.output("postgres.main.url"), "select 1"), "1");

    die_while_deleting(&mut env);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(addresses(&mut env), "");
    assert_eq!(processes_of(&env), []);
}

#[test]
fn a_database_whose_removal_was_cut_short_is_made_anew() {
    let Some(mut env) = applied("a_database_whose_removal_was_cut_short", "examples/minimal") else {
        return;
    };
    cut_short(&mut env);
    assert_eq!(decisions(&mut env), [format!("{DATABASE}: replace replacing")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    execute(&env.output("postgres.main.url"), "create table t as select 1");

    cut_short(&mut env);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(addresses(&mut env), "");
}

/// Kills the engine and the server in the middle of a deletion, which a lock on the list of databases holds up.
fn die_while_deleting(env: &mut TestEnv) {
    let url = as_engine(env);
    let primary = server(env, PRIMARY);
    let holder = {
        let url = url.clone();
        std::thread::spawn(move || psql(&url, "lock table pg_database in share mode; select pg_sleep(600)"))
    };
    let is_seen = |query: &str| {
        let count =
            format!("select count(*) from pg_stat_activity where state = 'active' and query ~ '^{query}'");
        psql(&url, &count).is_ok_and(|count| count != "0")
    };
    wait_until("the list is locked", || is_seen("lock table"));
    let mut command = env.command(&["destroy", "local", "--yes"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = command.spawn().expect("the binary starts");
    wait_until("the deletion waits", || is_seen("drop database"));
    run.kill().expect("it is killed");
    run.wait().expect("it ends");
    kill(&primary);
    assert!(
        holder.join().expect("its end").is_err(),
        "the session ends with its server"
    );
}

/// Leaves a database as PostgreSQL does when its removal is interrupted.
fn cut_short(env: &mut TestEnv) {
    let url = as_engine(env);
    execute(
        &url,
        "update pg_database set datconnlimit = -2 where datname = 'app'",
    );
}
