//! A Redis cluster on real servers: its size changes under a client that writes, a dead primary is replaced and comes
//! back, and what was cut short is finished. No key that was acknowledged is ever lost.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use infra_tests::environment::TestEnv;
use infra_tests::machine::{self, wait_until};
use infra_tests::redis::{Client, client};
use infra_tests::secrets::files_with;
use infra_tests::servers::{kill, namespace, processes_of, reaches};

use crate::redis::{IN_SEGMENTS, expect_nothing, killed_after};
use crate::support::{apply, decisions, expect_no_changes, plan};

pub(crate) const CLUSTER: &str = "redis.cache/local.redis.cluster.cluster";

pub(crate) const STACK: &str = r#"
stack {
  name = "shop"
}

redis "cache" {
  mode      = "cluster"
  shards    = 3
  replicas  = 1
  memory_mb = 32
}
"#;

/// Returns a cluster of three shards with a replica each, if this machine has Redis.
fn applied(test: &str) -> Option<TestEnv> {
    let _ = client(test)?;
    let mut env = TestEnv::stack(STACK);
    apply(&mut env);
    expect_no_changes(&mut env);
    Some(env)
}

fn reached(env: &mut TestEnv) -> Client {
    Client::of(&env.output("redis.cache.url"))
}

/// Returns the addresses of all nodes, primaries first.
pub(crate) fn nodes(env: &mut TestEnv) -> Vec<String> {
    serde_json::from_str(&env.output("redis.cache.nodes")).expect("a list of addresses")
}

/// How many keys a client writes before it looks whether all were taken.
pub(crate) const BATCH: usize = 200;

pub(crate) fn write(client: &Client, range: std::ops::Range<usize>) {
    let mut commands = String::new();
    for number in range.clone() {
        let _ = writeln!(commands, "SET key-{number} value-{number}");
    }
    let answers = client.answers(&commands);
    assert_eq!(answers.len(), range.len());
    assert!(answers.iter().all(|answer| answer == "OK"), "{answers:?}");
}

pub(crate) fn expect_keys(client: &Client, count: usize) {
    let mut commands = String::new();
    for number in 0..count {
        let _ = writeln!(commands, "GET key-{number}");
    }
    let wanted: Vec<String> = (0..count).map(|number| format!("value-{number}")).collect();
    assert_eq!(client.answers(&commands), wanted);
}

/// A client that writes one batch of keys after the other until it is told to stop, and then says how many.
pub(crate) struct Writer {
    stop: Arc<AtomicBool>,
    writing: JoinHandle<usize>,
}

impl Writer {
    pub(crate) fn start(client: &Client, from: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, client) = (stop.clone(), client.clone());
        let writing = std::thread::spawn(move || {
            let mut next = from;
            while !told.load(Ordering::Relaxed) {
                write(&client, next..next + BATCH);
                next += BATCH;
            }
            next
        });
        Writer { stop, writing }
    }

    pub(crate) fn stop(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.writing.join().expect("no write was refused")
    }
}

#[test]
fn no_key_is_lost_while_a_cluster_grows_and_shrinks_under_a_writer() {
    let Some(mut env) = applied("no_key_is_lost") else {
        return;
    };
    let client = reached(&mut env);
    write(&client, 0..BATCH);
    let mut written = BATCH;
    for (from, to, count) in [("= 3", "= 5", 10), ("= 5", "= 3", 6)] {
        env.edit(
            "stack.hcl",
            &format!("shards    {from}"),
            &format!("shards    {to}"),
        );
        assert_eq!(decisions(&mut env), [format!("{CLUSTER}: update safe")]);
        let writer = Writer::start(&client, written);
        apply(&mut env);
        let total = writer.stop();
        assert!(total > written, "it wrote meanwhile");
        written = total;
        expect_no_changes(&mut env);
        assert_eq!(nodes(&mut env).len(), count);
        assert_eq!(processes_of(&env).len(), count);
        expect_keys(&client, written);
    }
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    expect_nothing(&env);
}

#[test]
fn a_killed_primary_is_replaced_and_comes_back_as_a_replica() {
    let Some(mut env) = applied("a_killed_primary_of_redis") else {
        return;
    };
    let client = reached(&mut env);
    write(&client, 0..1000);
    let all = nodes(&mut env);
    wait_for_replicas(&client, &all);
    let (dead, alive) = (&all[1], &all[0]);
    kill_node(&env, &client.at(dead));
    let run = plan(&mut env).expect(2);
    assert!(
        run.stdout.contains(r#"status : "running" -> "node 2 stopped""#),
        "{run}"
    );
    assert_eq!(decisions(&mut env), [format!("{CLUSTER}: update safe")]);
    wait_until("a replica has taken over", || {
        let nodes = client.at(alive).answer(&["CLUSTER", "NODES"]);
        let dead = nodes
            .lines()
            .find(|line| line.contains(dead))
            .expect("it is known");
        dead.contains("fail") && !dead.contains("5462-10922")
    });
    apply(&mut env);
    expect_no_changes(&mut env);
    expect_keys(&client.at(alive), 1000);
    let back = client.at(dead).answer(&["INFO", "replication"]);
    assert!(
        back.contains("role:slave") && back.contains("master_link_status:up"),
        "{back}"
    );
    assert!(!nodes(&mut env)[..3].contains(dead));
}

#[test]
fn an_apply_right_after_a_kill_does_not_bring_an_empty_primary_back() {
    let Some(mut env) = applied("an_apply_right_after_a_kill") else {
        return;
    };
    let client = reached(&mut env);
    write(&client, 0..1000);
    let all = nodes(&mut env);
    wait_for_replicas(&client, &all);
    kill_node(&env, &client.at(&all[2]));
    apply(&mut env);
    expect_no_changes(&mut env);
    expect_keys(&client.at(&all[0]), 1000);
}

#[test]
fn a_migration_that_was_cut_short_is_finished_by_the_next_apply() {
    let Some(mut env) = applied("a_migration_cut_short") else {
        return;
    };
    let client = reached(&mut env);
    write(&client, 0..2000);
    env.edit("stack.hcl", "shards    = 3", "shards    = 4");
    let clock = Instant::now();
    let mut run = env
        .command(&["apply", "local", "--yes"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the binary starts");
    let moved = || {
        let table = client.answer(&["CLUSTER", "NODES"]);
        let with_slots = |line: &&str| line.split(' ').count() > 8;
        table.lines().filter(with_slots).count() > 3
    };
    wait_until("slots move", moved);
    run.kill().expect("it is killed");
    run.wait().expect("it ends");
    assert!(clock.elapsed() < Duration::from_secs(60));
    let run = plan(&mut env).expect(2);
    assert!(run.stdout.contains(CLUSTER), "{run}");
    apply(&mut env);
    expect_no_changes(&mut env);
    expect_keys(&client, 2000);
    assert_eq!(nodes(&mut env).len(), 8);
}

#[test]
fn an_apply_or_destroy_of_a_cluster_that_is_killed_is_finished_by_the_next() {
    let Some(_) = client("an_apply_of_a_cluster_is_killed") else {
        return;
    };
    let mut env = TestEnv::stack(STACK);
    for after in [50, 300, 900] {
        let after = Duration::from_millis(after);
        killed_after(&mut env, &["apply", "local", "--yes"], after);
    }
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(processes_of(&env).len(), 6);
    killed_after(
        &mut env,
        &["destroy", "local", "--yes"],
        Duration::from_millis(150),
    );
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    expect_nothing(&env);
}

#[test]
fn settings_and_password_change_on_every_node_while_it_runs() {
    let Some(mut env) = applied("settings_of_a_cluster") else {
        return;
    };
    let client = reached(&mut env);
    write(&client, 0..100);
    let before: BTreeSet<u32> = processes_of(&env)
        .into_iter()
        .map(|process| process.pid)
        .collect();
    let old = env.output("redis.cache.password");
    env.edit(
        "stack.hcl",
        "memory_mb = 32",
        "memory_mb = 40\n  persistence = \"append_only\"",
    );
    apply(&mut env);
    let _ = env.run(&["rotate", "local", "redis.cache", "--yes"]).expect(0);
    expect_no_changes(&mut env);
    let client = reached(&mut env);
    for address in nodes(&mut env) {
        let info = client.at(&address).answer(&["INFO"]);
        assert!(info.contains(&format!("maxmemory:{}", 40 << 20)), "{info}");
        assert!(info.contains("aof_enabled:1"), "{info}");
        let refused = client.at(&address).with_password(&old).ask(&["PING"]);
        assert!(refused.expect_err("it is refused").contains("WRONGPASS"));
    }
    expect_keys(&client, 100);
    let after: BTreeSet<u32> = processes_of(&env)
        .into_iter()
        .map(|process| process.pid)
        .collect();
    assert_eq!(after, before, "no node was started again");
    for secret in [old, env.output("redis.cache.password")] {
        assert_eq!(files_with(&secret, env.root()), "");
    }
}

#[test]
fn a_cluster_in_a_segment_is_reached_only_if_a_rule_allows_it() {
    let test = "a_cluster_in_a_segment";
    if !machine::has_namespaces(test) {
        return;
    }
    let Some(_) = client(test) else { return };
    let mode = "redis \"cache\" {\n  mode = \"cluster\"\n";
    let mut env = TestEnv::stack(&IN_SEGMENTS.replace("redis \"cache\" {\n", mode));
    apply(&mut env);
    expect_no_changes(&mut env);
    let (app, edge) = (namespace(&env, "app"), namespace(&env, "edge"));
    let all = nodes(&mut env);
    assert_eq!(all.len(), 3);
    for address in all {
        let host = address.strip_suffix(":6379").expect("the usual port");
        assert!(reaches(&app, host, 6379), "{host}");
        assert!(!reaches(&edge, host, 6379), "{host}");
    }
}

/// Replication is not waited for by writes: a test that kills a primary waits until its replica has them.
fn wait_for_replicas(client: &Client, nodes: &[String]) {
    for address in &nodes[..3] {
        let node = client.at(address);
        wait_until("a replica has everything", || {
            let info = node.answer(&["INFO", "replication"]);
            let value = |name: &str| {
                let line = info.lines().find_map(|line| line.split_once(name))?;
                line.1.trim().split(',').next()?.parse::<u64>().ok()
            };
            value("master_repl_offset:").is_some() && value(",offset=") == value("master_repl_offset:")
        });
    }
}

fn kill_node(env: &TestEnv, node: &Client) {
    let info = node.answer(&["INFO", "server"]);
    let pid = info.lines().find_map(|line| line.strip_prefix("process_id:"));
    let pid: u32 = pid.expect("its process").trim().parse().expect("a number");
    let process = processes_of(env).into_iter().find(|process| process.pid == pid);
    kill(&process.expect("a process of the environment"));
}

#[test]
fn a_cluster_that_is_stopped_and_started_has_all_its_keys() {
    if client("a_cluster_that_is_stopped").is_none() {
        return;
    }
    let kept = "memory_mb = 32\n  persistence = \"append_only\"";
    let mut env = TestEnv::stack(&STACK.replace("memory_mb = 32", kept));
    apply(&mut env);
    write(&reached(&mut env), 0..BATCH);
    let _ = env.run(&["stop", "local"]).expect(0);
    assert_eq!(processes_of(&env), []);
    let _ = env.run(&["start", "local"]).expect(0);
    expect_no_changes(&mut env);
    expect_keys(&reached(&mut env), BATCH);
}
