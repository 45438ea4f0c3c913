//! Redis on a real server: made, changed, killed, repaired and removed, with its data.

use infra_tests::environment::TestEnv;
use infra_tests::machine::{self, wait_until};
use infra_tests::redis::{Client, client};
use infra_tests::secrets::files_with;
use infra_tests::servers::{
    Process, files_below, kill, namespace, namespaces_of, processes_of, reaches, server, servers_of,
};

use crate::secrets::shown_by_processes;
use crate::support::{apply, decisions, expect_no_changes, plan};

const SERVER: &str = "redis.cache/local.redis.server.server";

const STACK: &str = r#"
stack {
  name = "shop"
}

redis "cache" {
  memory_mb   = 32
  eviction    = "noeviction"
  persistence = "append_only"
}
"#;

pub(crate) const IN_SEGMENTS: &str = r#"
stack {
  name = "shop"
}

network "main" {
  cidr = "10.50.0.0/16"
  segment "edge" { public = true }
  segment "app" {}
  segment "data" {}

  allow {
    from  = "app"
    to    = "data"
    ports = [6379]
  }
}

redis "cache" {
  segment = network.main.segment.data
}
"#;

/// Returns a stack, applied, and a client of its server, if this machine has Redis.
fn applied(test: &str, stack: &str) -> Option<(TestEnv, Client)> {
    let _ = client(test)?;
    let mut env = TestEnv::stack(stack);
    apply(&mut env);
    let client = Client::of(&env.output("redis.cache.url"));
    Some((env, client))
}

/// Writes keys, and waits until the log of writes, which is synced every second, has them for certain.
fn write(client: &Client) {
    assert_eq!(client.answer(&["SET", "kept", "yes"]), "OK");
    wait_until("the log is synced", || {
        let info = client.answer(&["INFO", "persistence"]);
        info.contains("aof_pending_bio_fsync:0") && info.contains("aof_buffer_length:0")
    });
}

#[test]
fn a_killed_server_alone_is_repaired_with_its_keys() {
    let Some((mut env, client)) = applied("a_killed_redis", STACK) else {
        return;
    };
    expect_no_changes(&mut env);
    write(&client);
    kill(&server(&env, SERVER));
    let _ = plan(&mut env).expect(2);
    assert_eq!(decisions(&mut env), [format!("{SERVER}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(client.answer(&["GET", "kept"]), "yes");
}

#[test]
fn what_keeps_data_changes_in_place_and_loses_none() {
    let Some((mut env, client)) = applied("what_keeps_data_changes", STACK) else {
        return;
    };
    write(&client);
    let before = server(&env, SERVER);
    let ways = [
        ("append_only", "snapshot"),
        ("snapshot", "append_only"),
        ("append_only", "snapshot"),
    ];
    for (from, to) in ways {
        env.edit("stack.hcl", from, to);
        assert_eq!(decisions(&mut env), [format!("{SERVER}: update safe")]);
        apply(&mut env);
        expect_no_changes(&mut env);
        assert_eq!(server(&env, SERVER).pid, before.pid, "it was not started again");
    }
    // What was there when the way changed is there after a kill, in both.
    kill(&server(&env, SERVER));
    apply(&mut env);
    assert_eq!(client.answer(&["GET", "kept"]), "yes");
    env.edit("stack.hcl", "snapshot", "none");
    apply(&mut env);
    kill(&server(&env, SERVER));
    apply(&mut env);
    assert_eq!(
        client.answer(&["GET", "kept"]),
        "",
        "nothing survives where nothing is kept"
    );
}

#[test]
fn memory_and_eviction_change_in_place_and_a_port_with_a_restart() {
    let Some((mut env, client)) = applied("memory_and_eviction", STACK) else {
        return;
    };
    write(&client);
    let before = server(&env, SERVER);
    env.edit("stack.hcl", "= 32", "= 48");
    env.edit("stack.hcl", "noeviction", "allkeys-lfu");
    assert_eq!(decisions(&mut env), [format!("{SERVER}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(server(&env, SERVER).pid, before.pid);
    let info = client.answer(&["INFO", "memory"]);
    assert!(info.contains(&format!("maxmemory:{}", 48 << 20)), "{info}");
    assert!(info.contains("maxmemory_policy:allkeys-lfu"), "{info}");

    let port = free_port();
    env.edit(
        "stack.hcl",
        "  memory_mb",
        &format!("  local {{ port = {port} }}\n  memory_mb"),
    );
    assert_eq!(decisions(&mut env), [format!("{SERVER}: update disruptive")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    let url = env.output("redis.cache.url");
    assert!(url.contains(&format!(":{port}/")), "{url}");
    assert_eq!(Client::of(&url).answer(&["GET", "kept"]), "yes");
}

#[test]
fn a_port_that_somebody_has_is_told_and_waited_for_by_nobody() {
    let test = "a_redis_port_that_somebody_has";
    let Some(_) = client(test) else { return };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let block = format!("redis \"cache\" {{\n  local {{ port = {port} }}\n");
    let mut env = TestEnv::stack(&STACK.replace("redis \"cache\" {\n", &block));
    let run = env.run(&["apply", "local", "--yes"]).expect(3);
    let said = format!("Port {port} of the Redis server is already in use by ");
    assert!(run.stderr.contains(&said), "{run}");
    drop(taken);
    apply(&mut env);
    expect_no_changes(&mut env);
}

#[test]
fn clients_need_the_password_and_may_not_administer() {
    let Some((mut env, client)) = applied("clients_need_the_password", STACK) else {
        return;
    };
    let refused = client
        .anonymous()
        .ask(&["GET", "kept"])
        .expect_err("it is refused");
    assert!(refused.contains("NOAUTH"), "{refused}");
    let refused = client
        .with_password("guessed")
        .ask(&["GET", "kept"])
        .expect_err("it is refused");
    assert!(refused.contains("WRONGPASS"), "{refused}");
    let administration: [&[&str]; 4] = [
        &["CONFIG", "SET", "maxmemory", "0"],
        &["ACL", "SETUSER", "default", "nopass"],
        &["SHUTDOWN", "NOSAVE"],
        &["REPLICAOF", "NO", "ONE"],
    ];
    for words in administration {
        let refused = client.ask(words).expect_err("it is refused");
        assert!(refused.contains("NOPERM"), "{words:?}: {refused}");
    }
    expect_no_changes(&mut env);
}

#[test]
fn a_rotated_password_replaces_the_old_one_at_once() {
    let Some((mut env, client)) = applied("a_rotated_redis_password", STACK) else {
        return;
    };
    write(&client);
    let before = server(&env, SERVER);
    let _ = env.run(&["rotate", "local", "redis.cache", "--yes"]).expect(0);
    expect_no_changes(&mut env);
    let refused = client.ask(&["GET", "kept"]).expect_err("the old one is refused");
    assert!(refused.contains("WRONGPASS"), "{refused}");
    let client = Client::of(&env.output("redis.cache.url"));
    assert_eq!(client.answer(&["GET", "kept"]), "yes");
    assert_eq!(server(&env, SERVER).pid, before.pid);
    kill(&server(&env, SERVER));
    apply(&mut env);
    assert_eq!(
        client.answer(&["GET", "kept"]),
        "yes",
        "it is the one after a start, too"
    );
}

#[test]
fn no_password_of_redis_is_on_disk_or_shown_by_a_process() {
    let Some((mut env, client)) = applied("no_password_of_redis", STACK) else {
        return;
    };
    let mut known = vec![env.output("redis.cache.password")];
    write(&client);
    kill(&server(&env, SERVER));
    let _ = env.run(&["plan", "local", "--out", "repair.plan"]).expect(0);
    apply(&mut env);
    let _ = env.run(&["rotate", "local", "redis.cache", "--yes"]).expect(0);
    let _ = env.run(&["state", "show", "local", SERVER]).expect(0);
    known.push(env.output("redis.cache.password"));
    assert_ne!(known[0], known[1]);
    for secret in &known {
        assert!(
            !env.transcript().contains(secret),
            "said at the terminal: {secret}"
        );
        assert_eq!(files_with(secret, env.root()), "");
        assert_eq!(shown_by_processes(secret), Vec::<String>::new());
    }
}

#[test]
fn a_segment_reaches_redis_only_if_a_rule_allows_it() {
    let test = "a_segment_reaches_redis";
    if !machine::has_namespaces(test) {
        return;
    }
    let Some((mut env, client)) = applied(test, IN_SEGMENTS) else {
        return;
    };
    expect_no_changes(&mut env);
    let host = env.output("redis.cache.host");
    assert!(reaches(&namespace(&env, "app"), &host, 6379));
    assert!(!reaches(&namespace(&env, "edge"), &host, 6379));
    assert_eq!(client.answer(&["PING"]), "PONG", "from the host, over the socket");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(namespaces_of(&env), Vec::<String>::new());
}

#[test]
fn a_server_that_somebody_started_with_other_files_is_drift() {
    let Some((mut env, client)) = applied("somebody_started_redis", STACK) else {
        return;
    };
    let running = server(&env, SERVER);
    let environment = std::fs::read(format!("/proc/{}/environ", running.pid)).expect("its environment");
    kill(&running);
    let folder = env.folder().join(".infra/local/redis/cache");
    for (file, from, to) in [
        ("redis.conf", "maxmemory 33554432", "maxmemory 44000000"),
        (
            "users.acl",
            "user default",
            "user intruder on nopass ~* &* +@all\nuser default",
        ),
    ] {
        let text = std::fs::read_to_string(folder.join(file)).expect("a file of the server");
        assert!(text.contains(from), "{text}");
        std::fs::write(folder.join(file), text.replace(from, to)).expect("the file");
    }
    let mut stranger = by_hand(&folder, &environment);
    wait_until("it answers", || client.ask(&["PING"]).is_ok());
    let run = plan(&mut env).expect(2);
    assert!(
        run.stdout
            .contains(r#"login     : "changed by somebody else" -> "password"  # drifted"#),
        "{run}"
    );
    assert!(
        run.stdout.contains(r#"memory_mb : "44000000 bytes" -> 32"#),
        "{run}"
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    let intruder = client
        .with_password("")
        .ask(&["PING"])
        .expect_err("it is refused");
    assert!(intruder.contains("NOAUTH"), "{intruder}");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    stranger.wait().expect("it ended");
}

/// Starts a server as a person would who has its files.
pub(crate) fn by_hand(folder: &std::path::Path, environment: &[u8]) -> std::process::Child {
    let servers = machine::servers();
    let owner = environment
        .split(|byte| *byte == 0)
        .find(|one| one.starts_with(b"INFRA_OWNER="));
    let owner = String::from_utf8_lossy(owner.expect("its owner")).into_owned();
    let log = std::fs::File::create(folder.join("by-hand.log")).expect("a log");
    std::process::Command::new(servers.join("redis/bin/redis-server"))
        .arg(folder.join("redis.conf"))
        .env("LD_LIBRARY_PATH", servers.join("redis/lib"))
        .env("INFRA_OWNER", owner.trim_start_matches("INFRA_OWNER="))
        .current_dir(folder)
        .stdout(log)
        .spawn()
        .expect("redis-server runs")
}

#[test]
fn destroy_leaves_no_process_socket_or_file_of_redis() {
    let Some((mut env, client)) = applied("destroy_leaves_nothing_of_redis", STACK) else {
        return;
    };
    write(&client);
    assert_eq!(servers_of(&env).keys().collect::<Vec<_>>(), [SERVER]);
    let run = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert!(
        run.stdout.contains(&format!("delete  {SERVER}  (DESTROYS DATA)")),
        "{run}"
    );
    expect_nothing(&env);
}

#[test]
fn an_apply_or_destroy_that_is_killed_is_finished_by_the_next() {
    let Some(_) = client("an_apply_of_redis_is_killed") else {
        return;
    };
    let mut env = TestEnv::stack(STACK);
    let clock = std::time::Instant::now();
    apply(&mut env);
    let duration = clock.elapsed();
    for part in 0..8_u32 {
        for arguments in [["destroy", "local", "--yes"], ["apply", "local", "--yes"]] {
            killed_after(&mut env, &arguments, duration.mul_f64(f64::from(part) / 8.0));
        }
        apply(&mut env);
        expect_no_changes(&mut env);
        let servers: Vec<Process> = servers_of(&env).into_values().flatten().collect();
        assert_eq!(servers.len(), 1, "{servers:?}");
        let client = Client::of(&env.output("redis.cache.url"));
        assert_eq!(client.answer(&["PING"]), "PONG");
    }
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    expect_nothing(&env);
}

pub(crate) fn killed_after(env: &mut TestEnv, arguments: &[&str], after: std::time::Duration) {
    let clock = std::time::Instant::now();
    let mut command = env.command(arguments);
    command
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let mut run = command.spawn().expect("the binary starts");
    wait_until("the moment has come", || {
        clock.elapsed() >= after || run.try_wait().expect("its end").is_some()
    });
    run.kill().expect("it is killed");
    run.wait().expect("it ends");
}

pub(crate) fn expect_nothing(env: &TestEnv) {
    wait_until("no process is left", || processes_of(env).is_empty());
    let environment = env.folder().join(".infra/local");
    let left = std::fs::read_dir(&environment)
        .expect("the state stays")
        .flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["state"], "{:?}", files_below(&environment));
}

#[test]
fn without_redis_the_plan_says_what_is_missing() {
    let mut env = TestEnv::stack(STACK).variable("INFRA_SERVERS", "/nonexistent");
    let mut command = env.command(&["plan", "local"]);
    let output = command
        .env("PATH", "/nonexistent")
        .output()
        .expect("the binary starts");
    let said = String::from_utf8(output.stderr).expect("text");
    if !said.contains("Redis is not installed") {
        // The system has one of its own.
        assert!(output.status.success(), "{said}");
        machine::skip(
            "without_redis_the_plan_says",
            "this system has a Redis of its own",
        );
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("`redis.cache` needs Redis 7: this machine has neither Redis nor Valkey"),
        "{said}"
    );
    assert!(said.contains("scripts/install-servers"), "{said}");
}

pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
