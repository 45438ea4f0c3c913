//! An environment is stopped and started again: with all its data, without a process in between, and whatever happens half-way.

use std::process::Stdio;

use infra_tests::environment::TestEnv;
use infra_tests::machine::wait_until;
use infra_tests::servers::{execute, kill, namespaces_of, processes_of, psql, rows, server, servers_of};

use crate::support::{POOLER, REPLICA_1, applied, apply, decisions, expect_no_changes, plan, replicated};

fn stop(env: &mut TestEnv) {
    let _ = env.run(&["stop", "local"]).expect(0);
    assert_eq!(processes_of(env), []);
    assert_eq!(namespaces_of(env), Vec::<String>::new());
}

fn start(env: &mut TestEnv) {
    let _ = env.run(&["start", "local"]).expect(0);
}

fn is_marked(env: &TestEnv) -> bool {
    env.folder().join(".infra/local/stopped.json").exists()
}

#[test]
fn a_stopped_environment_has_no_process_and_starts_with_all_its_rows() {
    let Some(mut env) = replicated("a_stopped_environment_has_no_process") else {
        return;
    };
    let (url, pooled) = (
        env.output("postgres.main.url"),
        env.output("postgres.main.pooler_url"),
    );
    execute(&url, "create table t as select n from generate_series(1, 1000) n");
    let before: Vec<String> = servers_of(&env).into_keys().collect();
    stop(&mut env);
    let stopped = plan(&mut env).expect(0);
    assert!(
        stopped.stdout.contains("Note: Stopped on purpose: `"),
        "{stopped}"
    );
    assert!(
        stopped.stdout.contains("Start it with: infra start local"),
        "{stopped}"
    );
    assert!(!stopped.stdout.contains("rifted"), "{stopped}");
    let refused = env.run(&["refresh", "local"]).expect(1);
    assert!(refused.stderr.contains("was stopped by `"), "{refused}");
    stop(&mut env);

    start(&mut env);
    let after: Vec<String> = servers_of(&env).into_keys().collect();
    assert_eq!(after, before);
    let started = plan(&mut env).expect(0);
    assert!(!started.stdout.contains("Stopped"), "{started}");
    assert_eq!(rows(&url, "select count(*) from t"), "1000");
    execute(&pooled, "insert into t values (0)");
    let replicas: Vec<String> =
        serde_json::from_str(&env.output("postgres.main.replica_urls")).expect("a list of URLs");
    for replica in replicas {
        wait_until("a replica follows", || {
            psql(&replica, "select count(*) from t").as_deref() == Ok("1001")
        });
    }
    start(&mut env);
    expect_no_changes(&mut env);
}

#[test]
fn an_apply_starts_what_was_stopped_and_says_so() {
    let Some(mut env) = applied("an_apply_starts_what_was_stopped", "examples/minimal") else {
        return;
    };
    stop(&mut env);
    let run = env.run(&["apply", "local", "--yes"]).expect(0);
    assert!(
        run.stderr.contains("starting the environment first, which `"),
        "{run}"
    );
    expect_no_changes(&mut env);

    stop(&mut env);
    env.edit(
        "stack.hcl",
        "database \"app\" {}",
        "database \"app\" {}\n  database \"more\" {}",
    );
    start(&mut env);
    let waiting: Vec<String> = decisions(&mut env);
    let made = waiting.iter().filter(|one| one.contains(".more: create")).count();
    assert_eq!(
        (waiting.len(), made),
        (3, 3),
        "a start makes nothing: {waiting:?}"
    );

    stop(&mut env);
    assert_eq!(decisions(&mut env), waiting, "the records say the same");
    let run = env.run(&["plan", "local", "--out", "local.plan"]).expect(0);
    assert!(run.stdout.contains("Stopped on purpose"), "{run}");
    let run = env.run(&["apply", "local.plan"]).expect(0);
    assert!(run.stderr.contains("starting the environment first"), "{run}");
    expect_no_changes(&mut env);
    assert_eq!(
        rows(&env.output("postgres.main.database.more.url"), "select 1"),
        "1"
    );
}

#[test]
fn a_stop_that_is_killed_half_way_is_finished_by_the_next_one() {
    let Some(mut env) = replicated("a_stop_that_is_killed_half_way") else {
        return;
    };
    killed(&mut env, "stop", is_marked);
    let stopped = plan(&mut env).expect(0);
    assert!(stopped.stdout.contains("Stopped on purpose"), "{stopped}");
    stop(&mut env);

    killed(&mut env, "start", |env| !processes_of(env).is_empty());
    assert!(is_marked(&env), "it is not done before the last one runs");
    start(&mut env);
    assert!(!is_marked(&env));
    expect_no_changes(&mut env);

    killed(&mut env, "stop", is_marked);
    apply(&mut env);
    assert!(!is_marked(&env));
    expect_no_changes(&mut env);
}

/// Runs a command and kills it as soon as something is to be seen of it.
fn killed(env: &mut TestEnv, word: &str, shows: impl Fn(&TestEnv) -> bool) {
    let mut command = env.command(&[word, "local"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut run = command.spawn().expect("the binary starts");
    let own = run.id();
    let seen = |env: &TestEnv| shows(env) || processes_of(env).iter().all(|one| one.pid == own);
    wait_until("something is to be seen", || seen(env));
    run.kill().expect("it is killed");
    run.wait().expect("it ends");
}

#[test]
fn a_start_takes_up_what_somebody_killed() {
    let Some(mut env) = replicated("a_start_takes_up") else {
        return;
    };
    for address in [REPLICA_1, POOLER] {
        kill(&server(&env, address));
    }
    let _ = plan(&mut env).expect(2);
    start(&mut env);
    expect_no_changes(&mut env);
}

#[test]
fn a_stopped_environment_is_destroyed_without_a_trace() {
    let Some(mut env) = applied("a_stopped_environment_is_destroyed", "stacks/saas-platform") else {
        return;
    };
    stop(&mut env);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(processes_of(&env), []);
    let left = std::fs::read_dir(env.folder().join(".infra/local")).expect("the state stays");
    let left: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["state"]);
    // A mark would say of the next servers that they were stopped.
    for word in ["stop", "start"] {
        let run = env.run(&[word, "local"]).expect(1);
        assert!(run.stderr.contains("has nothing that could be stopped"), "{run}");
    }
    assert!(!is_marked(&env));
}

#[test]
fn what_is_not_on_this_machine_is_not_stopped() {
    let overlay = "environment \"staging\" {\n  provider \"azure\" {\n    location = \"westeurope\"\n    \
                   subscription = \"00000000-0000-0000-0000-000000000000\"\n  }\n}\n";
    let mut env = TestEnv::stack("stack { name = \"shop\" }\n").file("env/staging.hcl", overlay);
    for word in ["stop", "start"] {
        let run = env.run(&[word, "staging"]).expect(1);
        assert!(
            run.stderr.contains("Environment `staging` is on `azure`"),
            "{run}"
        );
        let run = env.run(&[word, "local"]).expect(1);
        assert!(
            run.stderr.contains("Environment `local` has never been applied"),
            "{run}"
        );
    }
}
