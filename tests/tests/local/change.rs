//! An environment that exists is changed, and the plan says beforehand what that means for its users.

use infra_tests::environment::TestEnv;
use infra_tests::machine::wait_until;
use infra_tests::servers::{execute, kill, psql, rows, server, servers_of};

use crate::support::{PRIMARY, REPLICA_2, apply, decisions, expect_no_changes, replicated};

#[test]
fn replicas_leave_and_join_while_the_primary_serves() {
    let Some(mut env) = replicated("replicas_leave_and_join") else {
        return;
    };
    let url = env.output("postgres.main.url");
    execute(&url, "create table t as select n from generate_series(1, 1000) n");
    let primary = server(&env, PRIMARY);
    env.edit("stack.hcl", "default     = 2", "default     = 1");
    assert_eq!(decisions(&mut env), [format!("{REPLICA_2}: delete disruptive")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert!(!servers_of(&env).contains_key(REPLICA_2));
    assert_eq!(rows(&url, "select count(*) from pg_replication_slots"), "1");

    env.edit("stack.hcl", "default     = 1", "default     = 2");
    apply(&mut env);
    expect_no_changes(&mut env);
    let replicas: Vec<String> =
        serde_json::from_str(&env.output("postgres.main.replica_urls")).expect("a list of URLs");
    for url in &replicas {
        wait_until("the replica has all rows", || {
            psql(url, "select count(*) from t").as_deref() == Ok("1000")
        });
    }
    assert_eq!(server(&env, PRIMARY), primary, "the primary was not started anew");
}

#[test]
fn a_dynamic_parameter_is_reloaded_and_a_static_one_restarts() {
    let Some(mut env) = replicated("a_dynamic_parameter") else {
        return;
    };
    let url = env.output("postgres.main.url");
    let before = server(&env, PRIMARY);
    env.edit("stack.hcl", "\"8MB\"", "\"9MB\"");
    let all_safe = decisions(&mut env)
        .iter()
        .all(|line| line.ends_with(": update safe"));
    assert!(all_safe, "{:?}", decisions(&mut env));
    apply(&mut env);
    assert_eq!(rows(&url, "show work_mem"), "9MB");
    assert_eq!(server(&env, PRIMARY), before, "a reload starts nothing anew");

    env.edit("stack.hcl", "max_connections = 150", "max_connections = 160");
    assert!(decisions(&mut env).contains(&format!("{PRIMARY}: update disruptive")));
    apply(&mut env);
    assert_eq!(rows(&url, "show max_connections"), "160");
    assert_ne!(server(&env, PRIMARY), before, "a restart starts another process");
    // A replica refuses to run with less than its primary, so the way down is the harder one.
    env.edit("stack.hcl", "max_connections = 160", "max_connections = 120");
    apply(&mut env);
    assert_eq!(rows(&url, "show max_connections"), "120");
    expect_no_changes(&mut env);
}

#[test]
fn a_replica_that_was_down_while_its_primary_was_given_less_follows_again() {
    let Some(mut env) = replicated("a_replica_that_was_down") else {
        return;
    };
    kill(&server(&env, REPLICA_2));
    env.edit("stack.hcl", "max_connections = 150", "max_connections = 120");
    apply(&mut env);
    expect_no_changes(&mut env);
    everybody_replays(&mut env);
}

#[test]
fn replicas_that_paused_because_their_primary_alone_was_given_more_follow_again() {
    let Some(mut env) = replicated("replicas_that_paused") else {
        return;
    };
    env.edit("stack.hcl", "max_connections = 150", "max_connections = 200");
    let _ = env
        .run(&["apply", "local", "--yes", "--target", PRIMARY])
        .expect(0);
    let urls: Vec<String> =
        serde_json::from_str(&env.output("postgres.main.replica_urls")).expect("a list of URLs");
    for url in urls {
        wait_until("the replica has paused", || {
            psql(&url, "select pg_is_wal_replay_paused()").as_deref() == Ok("t")
        });
    }
    env.edit("stack.hcl", "max_connections = 200", "max_connections = 120");
    apply(&mut env);
    expect_no_changes(&mut env);
    everybody_replays(&mut env);
}

fn everybody_replays(env: &mut TestEnv) {
    execute(
        &env.output("postgres.main.url"),
        "create table replayed as select 1 as n",
    );
    let urls: Vec<String> =
        serde_json::from_str(&env.output("postgres.main.replica_urls")).expect("a list of URLs");
    for url in urls {
        wait_until("the replica has the row", || {
            psql(&url, "table replayed").as_deref() == Ok("1")
        });
    }
}

#[test]
fn an_extension_that_is_not_there_is_an_error_of_the_plan() {
    let Some(mut env) = replicated("an_extension_that_is_not_there") else {
        return;
    };
    let (without, with) = ("version  = 16\n", "version  = 16\n  extensions = [\"vectr\"]\n");
    env.edit("stack.hcl", without, with);
    let run = env.run(&["plan", "local"]).expect(1);
    // A stack with a mistake cannot be destroyed either.
    env.edit("stack.hcl", with, without);
    assert!(run.stderr.contains("vectr"), "{run}");
    assert!(run.stderr.contains("`vector`"), "a near match is named: {run}");
}

#[test]
fn another_major_version_destroys_data_and_the_plan_says_so() {
    let Some(mut env) = replicated("another_major_version") else {
        return;
    };
    env.edit("stack.hcl", "version  = 16", "version  = 15");
    let run = env.run(&["plan", "local"]);
    let is_there = run.code == 0;
    assert!(
        is_there && run.stdout.contains("DESTROYS DATA") || run.stderr.contains("PostgreSQL 15"),
        "{run}"
    );
    if is_there {
        assert!(decisions(&mut env).contains(&format!("{PRIMARY}: replace destroys_data")));
    }
}
