//! Seeds through the binary: what the plan says of them, and that a run which dies in the middle has them run once.

use std::process::Stdio;

use infra_tests::environment::TestEnv;
use infra_tests::machine::{self, wait_until};
use infra_tests::servers::{execute, psql, rows};

use crate::support::{apply, as_engine, decisions, expect_no_changes};

const SEED: &str = "postgres.main/local.postgres.seed.app-people";
/// Every run of it shows, as a seed's should not.
const ONCE_MORE: &str = "create table if not exists runs (n int);\ninsert into runs values (1);\n";
const RUNS: &str = "select count(*) from runs";

/// Returns `examples/minimal` with a seed, not applied yet, if this machine has the servers for it.
fn seeded(test: &str) -> Option<TestEnv> {
    if !machine::has_servers(test) {
        return None;
    }
    let overlay = "environment \"local\" {\n  data = \"mock\"\n  provider \"local\" {}\n}\n\n\
                   postgres \"main\" {\n  database \"app\" {\n    \
                   seed \"people\" { files = [\"seed/people.sql\"] }\n  }\n}\n";
    let env = TestEnv::copy_of("examples/minimal");
    env.write("env/local.hcl", overlay);
    env.write("seed/people.sql", ONCE_MORE);
    Some(env)
}

#[test]
fn a_seed_runs_when_its_content_changes_and_only_then() {
    let Some(mut env) = seeded("a_seed_runs_when_its_content_changes") else {
        return;
    };
    apply(&mut env);
    let url = env.output("postgres.main.url");
    assert_eq!(rows(&url, RUNS), "1");
    expect_no_changes(&mut env);
    apply(&mut env);
    assert_eq!(rows(&url, RUNS), "1");

    env.write("seed/people.sql", &format!("{ONCE_MORE}-- once more\n"));
    assert_eq!(decisions(&mut env), [format!("{SEED}: update safe")]);
    let plan = env.run(&["plan", "local"]).expect(0);
    assert!(plan.stdout.contains("+ \"-- once more\""), "{plan}");
    apply(&mut env);
    assert_eq!(rows(&url, RUNS), "2");
    expect_no_changes(&mut env);

    // A database that is made anew knows nothing of what was in the old one.
    execute(&as_engine(&mut env), "drop database app with (force)");
    apply(&mut env);
    assert_eq!(rows(&url, RUNS), "1");
    expect_no_changes(&mut env);
}

#[test]
fn a_seed_that_fails_is_told_with_its_place_and_the_next_apply_goes_on() {
    let Some(mut env) = seeded("a_seed_that_fails") else {
        return;
    };
    env.write(
        "seed/people.sql",
        &format!("{ONCE_MORE}insert into nowhere values (1);\n"),
    );
    let run = env.run(&["apply", "local", "--yes"]).expect(1);
    let told = "seed/people.sql:3: relation \"nowhere\" does not exist";
    assert!(run.stderr.contains(told), "{run}");
    let url = env.output("postgres.main.url");
    assert!(psql(&url, RUNS).is_err(), "nothing of it is there");
    env.write("seed/people.sql", ONCE_MORE);
    apply(&mut env);
    assert_eq!(rows(&url, RUNS), "1");
}

#[test]
fn a_seed_that_is_no_longer_declared_leaves_its_rows_and_the_plan_says_so() {
    let Some(mut env) = seeded("a_seed_that_is_no_longer_declared") else {
        return;
    };
    apply(&mut env);
    env.edit(
        "env/local.hcl",
        "seed \"people\" { files = [\"seed/people.sql\"] }",
        "",
    );
    let plan = env.run(&["plan", "local"]).expect(0);
    let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = format!("Of `{SEED}`, what it brought in stays as long as the database does");
    assert!(words.contains(&told), "{plan}");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(rows(&env.output("postgres.main.url"), RUNS), "1");
}

#[test]
fn an_engine_that_is_killed_while_a_seed_is_recorded_has_it_run_once() {
    let Some(mut env) = seeded("an_engine_that_is_killed_while_a_seed") else {
        return;
    };
    apply(&mut env);
    let url = env.output("postgres.main.url");
    env.write("seed/people.sql", &format!("{ONCE_MORE}-- once more\n"));
    let engine = as_engine(&mut env).replace("/postgres?", "/app?");
    let holder = {
        let shut = "begin; lock table infra_seeds.applied in share mode; select pg_sleep(600)";
        let engine = engine.clone();
        std::thread::spawn(move || psql(&engine, shut))
    };
    let waits = |query: &str| {
        let count = format!("select count(*) from pg_stat_activity where {query}");
        psql(&engine, &count).is_ok_and(|count| count != "0")
    };
    wait_until("the record is shut", || {
        waits("query ~ '^begin; lock table' and wait_event = 'PgSleep'")
    });
    let start = |env: &mut TestEnv| {
        let mut command = env.command(&["apply", "local", "--yes"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the binary starts")
    };
    let mut first = start(&mut env);
    let recording = "query ~ '^insert into infra_seeds' and wait_event_type = 'Lock'";
    wait_until("the files have run and their record waits", || waits(recording));
    first.kill().expect("it is killed");
    first.wait().expect("it ends");
    assert_eq!(rows(&url, RUNS), "1", "without a record nothing is there");

    let mut second = start(&mut env);
    wait_until("the next one waits for what is still at work", || {
        waits("query ~ '^begin; ' and wait_event = 'advisory'")
    });
    assert!(waits(recording), "the transaction of the first is not over");
    execute(
        &engine,
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'",
    );
    assert!(holder.join().expect("its end").is_err(), "the session was ended");
    assert!(second.wait().expect("it ends").success());
    assert_eq!(rows(&url, RUNS), "2");
    expect_no_changes(&mut env);
}
