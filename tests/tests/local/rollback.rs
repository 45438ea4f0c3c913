//! A rollback on real servers: what can be undone is, rows stay where their server stays, and what is lost is told.

use infra_tests::environment::TestEnv;
use infra_tests::servers::{execute, psql, rows, server, servers_of};
use serde_json::Value;

use crate::support::{PRIMARY, REPLICA_2, apply, expect_no_changes, replicated};

const FILE: &str = "back.plan";

/// Returns the number of the last change.
fn last_change(env: &mut TestEnv) -> String {
    let log = json(env, &["state", "log", "local", "--json"]);
    let last = log["entries"].as_array().and_then(|entries| entries.last());
    last.expect("a change")["serial"].to_string()
}

fn json(env: &mut TestEnv, arguments: &[&str]) -> Value {
    let run = env.run(arguments).expect(0);
    serde_json::from_str(&run.stdout).expect("JSON")
}

/// Saves the way back and returns what was said of it.
fn save(env: &mut TestEnv, to: &str) -> String {
    let save = ["rollback", "local", "--to", to, "--out", FILE];
    // Notes are wrapped at the width of a page; names in them are not.
    let said = env.run(&save).expect(0).stdout;
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn expect_nothing_to_go_back(env: &mut TestEnv, to: &str) {
    let plan = json(env, &["rollback", "local", "--to", to, "--json"]);
    assert_eq!(plan["empty"], true, "{plan}");
}

/// Returns what was set of each resource after a change.
fn inputs(env: &mut TestEnv, change: &str) -> Vec<(Value, Value)> {
    let past = json(env, &["state", "at", "local", change, "--json"]);
    let records = past["records"].as_array().expect("records");
    let of = |record: &Value| (record["key"].clone(), record["inputs"].clone());
    records.iter().map(of).collect()
}

#[test]
fn parameters_and_replicas_go_back_and_the_rows_stay() {
    let Some(mut env) = replicated("parameters_and_replicas_go_back") else {
        return;
    };
    let url = env.output("postgres.main.url");
    execute(&url, "create table t as select n from generate_series(1, 1000) n");
    let then = last_change(&mut env);
    let files = std::fs::read_to_string(env.folder().join("stack.hcl")).expect("the stack");
    env.edit("stack.hcl", "\"8MB\"", "\"9MB\"");
    env.edit("stack.hcl", "max_connections = 150", "max_connections = 160");
    env.edit("stack.hcl", "default     = 2", "default     = 1");
    apply(&mut env);

    let before = server(&env, PRIMARY);
    let said = save(&mut env, &then);
    assert!(
        said.contains("1 to create, 2 to update") && said.contains("DISRUPTIVE"),
        "{said}"
    );
    assert!(!said.contains("come back without their data"), "{said}");
    assert_eq!(
        server(&env, PRIMARY),
        before,
        "a rollback applies nothing by itself"
    );
    assert_eq!(rows(&url, "show work_mem"), "9MB");

    let _ = env.run(&["apply", FILE]).expect(0);
    assert_eq!(rows(&url, "show work_mem"), "8MB");
    assert_eq!(rows(&url, "show max_connections"), "150");
    assert_eq!(rows(&url, "select count(*) from t"), "1000");
    assert!(servers_of(&env).contains_key(REPLICA_2));
    let now = last_change(&mut env);
    assert_eq!(inputs(&mut env, &now), inputs(&mut env, &then));
    expect_nothing_to_go_back(&mut env, &then);
    env.write("stack.hcl", &files);
    expect_no_changes(&mut env);
    let _ = env.run(&["audit", "verify", "local"]).expect(0);
}

#[test]
fn a_deleted_database_comes_back_empty_and_that_is_told_before() {
    let Some(mut env) = replicated("a_deleted_database_comes_back") else {
        return;
    };
    let url = env.output("postgres.main.url");
    execute(&url, "create table t as select 1 as n");
    let then = last_change(&mut env);
    let files = ["stack.hcl", "env/local.hcl"].map(|name| (name, without_database(&env, name)));
    apply(&mut env);
    assert!(psql(&url, "select 1").is_err(), "it is gone");

    let said = save(&mut env, &then);
    let (_, note) = said
        .split_once("Note: Objects come back without their data: ")
        .expect("a note");
    let (names, _) = note.split_once("they are made again").expect("its end");
    assert!(
        names.contains(&format!("`{PRIMARY}` (deleted by change ")),
        "{said}"
    );
    assert!(
        !names.contains("replica"),
        "a replica has the data of its primary: {said}"
    );
    let lost = "Note: Secrets of then are gone: `postgres.main/local.vault.secret.app`";
    assert!(said.contains(lost), "{said}");

    let _ = env.run(&["apply", FILE]).expect(0);
    expect_nothing_to_go_back(&mut env, &then);
    for (name, text) in files {
        env.write(name, &text);
    }
    let again = env.output("postgres.main.url");
    assert_ne!(again, url, "its password was made anew");
    let missing = psql(&again, "select count(*) from t").unwrap_err();
    assert!(missing.contains("does not exist"), "{missing}");
    expect_no_changes(&mut env);
}

/// Takes the database, which stands last, out of a file; returns the file as it was.
fn without_database(env: &TestEnv, name: &str) -> String {
    let file = std::fs::read_to_string(env.folder().join(name)).expect("a file of the stack");
    let (before, _) = file.split_once("postgres \"main\"").expect("a database");
    env.write(name, before);
    file
}
