//! A killed server is drift: the plan shows it alone, apply repairs it, and its data is as it was.

use infra_tests::environment::TestEnv;
use infra_tests::machine::wait_until;
use infra_tests::servers::{execute, kill, psql, rows, server};

use crate::support::{POOLER, PRIMARY, REPLICA_1, apply, decisions, expect_no_changes, plan, replicated};

#[test]
fn a_killed_server_alone_is_repaired_with_its_rows() {
    let Some(mut env) = replicated("a_killed_server_alone") else {
        return;
    };
    let url = env.output("postgres.main.url");
    execute(&url, "create table t as select n from generate_series(1, 1000) n");
    for address in [PRIMARY, REPLICA_1, POOLER] {
        kill(&server(&env, address));
        let _ = plan(&mut env).expect(2);
        assert_eq!(decisions(&mut env), [format!("{address}: update safe")]);
        apply(&mut env);
        expect_no_changes(&mut env);
        assert_eq!(
            rows(&url, "select count(*) from t"),
            "1000",
            "after the end of {address}"
        );
    }
    execute(&url, "insert into t values (0)");
    everybody_has(&mut env, "1001");
}

#[test]
fn a_primary_whose_number_passed_to_a_stranger_starts_again() {
    let Some(mut env) = replicated("a_primary_whose_number") else {
        return;
    };
    kill(&server(&env, PRIMARY));
    let mut stranger = std::process::Command::new("sleep")
        .arg("600")
        .spawn()
        .expect("`sleep` runs");
    let file = env
        .folder()
        .join(".infra/local/postgres/main/data/postmaster.pid");
    let text = std::fs::read_to_string(&file).expect("a killed server leaves its file");
    let (_, rest) = text.split_once('\n').expect("lines");
    std::fs::write(&file, format!("{}\n{rest}", stranger.id())).expect("its file");
    let run = env.run(&["apply", "local", "--yes"]);
    let untouched = stranger.try_wait().expect("its end").is_none();
    stranger.kill().expect("it is killed");
    stranger.wait().expect("it ends");
    let _ = run.expect(0);
    assert!(untouched, "a process that is not ours was ended");
    expect_no_changes(&mut env);
}

#[test]
fn all_servers_killed_at_once_come_back_together() {
    let Some(mut env) = replicated("all_servers_killed") else {
        return;
    };
    execute(
        &env.output("postgres.main.url"),
        "create table t as select 1 as n",
    );
    for servers in infra_tests::servers::servers_of(&env).values() {
        kill(&servers[0]);
    }
    let _ = plan(&mut env).expect(2);
    apply(&mut env);
    expect_no_changes(&mut env);
    everybody_has(&mut env, "1");
}

fn everybody_has(env: &mut TestEnv, count: &str) {
    let mut urls: Vec<String> =
        serde_json::from_str(&env.output("postgres.main.replica_urls")).expect("a list of URLs");
    urls.push(env.output("postgres.main.pooler_url"));
    for url in urls {
        wait_until("a server has all rows", || {
            psql(&url, "select count(*) from t").as_deref() == Ok(count)
        });
    }
}
