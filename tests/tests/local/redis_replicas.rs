//! Replicas of a single Redis on real servers: their number changes beside a primary that is not touched, they take
//! reads and no writes, and whoever is killed is repaired alone.

use infra_tests::environment::TestEnv;
use infra_tests::machine::{self, wait_until};
use infra_tests::redis::{Client, client};
use infra_tests::secrets::files_with;
use infra_tests::servers::{kill, namespace, reaches, server, servers_of};

use crate::redis::{IN_SEGMENTS, expect_nothing, free_port};
use crate::support::{apply, decisions, expect_no_changes, plan};

const SERVER: &str = "redis.cache/local.redis.server.server";
const REPLICA_1: &str = "redis.cache/local.redis.replica.replica-1";
const REPLICA_2: &str = "redis.cache/local.redis.replica.replica-2";

const STACK: &str = r#"
stack {
  name = "shop"
}

redis "cache" {
  memory_mb   = 32
  persistence = "append_only"
  replicas    = 2
}
"#;

/// Returns a stack, applied, and a client of its primary, if this machine has Redis.
fn applied(test: &str, stack: &str) -> Option<(TestEnv, Client)> {
    let _ = client(test)?;
    let mut env = TestEnv::stack(stack);
    apply(&mut env);
    expect_no_changes(&mut env);
    let client = Client::of(&env.output("redis.cache.url"));
    Some((env, client))
}

/// Returns the clients of all replicas.
fn readers(env: &mut TestEnv) -> Vec<Client> {
    let urls: Vec<String> =
        serde_json::from_str(&env.output("redis.cache.replica_urls")).expect("a list of URLs");
    urls.iter().map(|url| Client::of(url)).collect()
}

/// Writes through the primary, and waits until every replica has it.
fn write(client: &Client, readers: &[Client], value: &str) {
    assert_eq!(client.answer(&["SET", "kept", value]), "OK");
    for reader in readers {
        wait_until("a replica has the write", || {
            reader.answer(&["GET", "kept"]) == value
        });
    }
}

#[test]
fn replicas_take_reads_and_come_and_go_beside_an_untouched_primary() {
    let Some((mut env, client)) = applied("redis_replicas_come_and_go", STACK) else {
        return;
    };
    let primary = server(&env, SERVER);
    let readers_of_two = readers(&mut env);
    assert_eq!(readers_of_two.len(), 2);
    write(&client, &readers_of_two, "one");
    for reader in &readers_of_two {
        let refused = reader
            .ask(&["SET", "kept", "no"])
            .expect_err("a replica takes no writes");
        assert!(refused.contains("READONLY"), "{refused}");
        let refused = reader.anonymous().ask(&["GET", "kept"]);
        assert!(refused.expect_err("it is refused").contains("NOAUTH"));
    }
    env.edit("stack.hcl", "= 2", "= 3");
    let third = "redis.cache/local.redis.replica.replica-3";
    assert_eq!(decisions(&mut env), [format!("{third}: create ")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    let all = readers(&mut env);
    assert_eq!(all.len(), 3);
    // What was written before it was there is there, too.
    assert_eq!(all[2].answer(&["GET", "kept"]), "one");
    env.edit("stack.hcl", "= 3", "= 1");
    let run = plan(&mut env).expect(2);
    assert!(!run.stdout.contains("DESTROYS DATA"), "{run}");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(servers_of(&env).keys().collect::<Vec<_>>(), [REPLICA_1, SERVER]);
    write(&client, &readers(&mut env), "two");
    assert_eq!(server(&env, SERVER), primary);
    let nodes: Vec<String> =
        serde_json::from_str(&env.output("redis.cache.nodes")).expect("a list of addresses");
    assert_eq!(nodes.len(), 2);
    assert!(nodes[0].ends_with(&env.output("redis.cache.port")), "{nodes:?}");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    expect_nothing(&env);
}

#[test]
fn a_killed_replica_shows_alone_and_is_repaired_alone() {
    let Some((mut env, client)) = applied("a_killed_redis_replica", STACK) else {
        return;
    };
    let (primary, other) = (server(&env, SERVER), server(&env, REPLICA_1));
    kill(&server(&env, REPLICA_2));
    let run = plan(&mut env).expect(2);
    assert!(run.stdout.contains(r#"status : "stopped" -> "running""#), "{run}");
    assert_eq!(decisions(&mut env), [format!("{REPLICA_2}: update safe")]);
    assert_eq!(client.answer(&["SET", "kept", "meanwhile"]), "OK");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(readers(&mut env)[1].answer(&["GET", "kept"]), "meanwhile");
    assert_eq!((server(&env, SERVER), server(&env, REPLICA_1)), (primary, other));
}

#[test]
fn a_killed_primary_comes_back_with_its_data_and_its_replicas_follow_again() {
    let Some((mut env, client)) = applied("a_killed_redis_primary", STACK) else {
        return;
    };
    let readers = readers(&mut env);
    write(&client, &readers, "one");
    wait_until("the log is synced", || {
        let info = client.answer(&["INFO", "persistence"]);
        info.contains("aof_pending_bio_fsync:0") && info.contains("aof_buffer_length:0")
    });
    let replicas = (server(&env, REPLICA_1), server(&env, REPLICA_2));
    kill(&server(&env, SERVER));
    // Reads go on meanwhile, and nobody takes the place of the primary.
    for reader in &readers {
        assert_eq!(reader.answer(&["GET", "kept"]), "one");
        assert!(reader.ask(&["SET", "kept", "no"]).is_err());
    }
    assert_eq!(decisions(&mut env), [format!("{SERVER}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(client.answer(&["GET", "kept"]), "one");
    write(&client, &readers, "two");
    assert_eq!((server(&env, REPLICA_1), server(&env, REPLICA_2)), replicas);
}

#[test]
fn a_primary_that_keeps_nothing_comes_back_empty_and_so_do_its_replicas() {
    let stack = STACK.replace("append_only", "none");
    let Some((mut env, client)) = applied("a_redis_primary_that_keeps_nothing", &stack) else {
        return;
    };
    let readers = readers(&mut env);
    write(&client, &readers, "one");
    kill(&server(&env, SERVER));
    assert_eq!(
        readers[0].answer(&["GET", "kept"]),
        "one",
        "as long as it is down"
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(client.answer(&["GET", "kept"]), "");
    for reader in &readers {
        assert_eq!(
            reader.answer(&["GET", "kept"]),
            "",
            "a replica is as its primary is"
        );
    }
}

#[test]
fn a_replica_that_follows_nobody_is_drift_and_follows_again() {
    let Some((mut env, client)) = applied("a_redis_replica_follows_nobody", STACK) else {
        return;
    };
    let replica = server(&env, REPLICA_1);
    let folder = env.folder().join(".infra/local/redis/cache-replica-1");
    let environment = std::fs::read(format!("/proc/{}/environ", replica.pid)).expect("its environment");
    kill(&replica);
    let file = folder.join("redis.conf");
    let text = std::fs::read_to_string(&file).expect("its file");
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("replicaof"))
        .collect();
    assert!(lines.len() < text.lines().count(), "{text}");
    std::fs::write(&file, lines.join("\n") + "\n").expect("its file");
    let mut stranger = crate::redis::by_hand(&folder, &environment);
    let reader = readers(&mut env).remove(0);
    wait_until("it answers", || reader.ask(&["PING"]).is_ok());
    let run = plan(&mut env).expect(2);
    assert!(
        run.stdout
            .contains(r#""promoted, and loses its own writes when it follows again" -> "running""#),
        "{run}"
    );
    assert_eq!(decisions(&mut env), [format!("{REPLICA_1}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    write(&client, &[reader], "again");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    stranger.wait().expect("it ended");
}

#[test]
fn replicas_follow_a_primary_that_is_made_anew_in_the_same_apply() {
    let Some((mut env, _)) = applied("a_redis_primary_that_disappeared", STACK) else {
        return;
    };
    kill(&server(&env, SERVER));
    std::fs::remove_dir_all(env.folder().join(".infra/local/redis/cache")).expect("it is removed");
    let run = plan(&mut env).expect(2);
    assert!(
        run.stdout.contains(r#""not following its primary" -> "running""#),
        "{run}"
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    let client = Client::of(&env.output("redis.cache.url"));
    let readers = readers(&mut env);
    write(&client, &readers, "anew");
}

#[test]
fn a_primary_that_follows_somebody_is_drift_and_leads_again() {
    let Some((mut env, client)) = applied("a_redis_primary_that_follows", STACK) else {
        return;
    };
    write(&client, &readers(&mut env), "one");
    let (process, folder) = (
        server(&env, SERVER),
        env.folder().join(".infra/local/redis/cache"),
    );
    let environment = std::fs::read(format!("/proc/{}/environ", process.pid)).expect("its environment");
    kill(&process);
    let file = folder.join("redis.conf");
    let text = std::fs::read_to_string(&file).expect("its file");
    // Nobody is there, so that it keeps what it has.
    let nobody = format!("\nreplicaof 127.0.0.1 {}\n", free_port());
    std::fs::write(&file, text + &nobody).expect("its file");
    let mut stranger = crate::redis::by_hand(&folder, &environment);
    wait_until("it answers", || client.ask(&["GET", "kept"]).is_ok());
    let run = plan(&mut env).expect(2);
    assert!(
        run.stdout.contains(r#""following another server" -> "running""#),
        "{run}"
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    let readers = readers(&mut env);
    write(&client, &readers, "two");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    stranger.wait().expect("it ended");
}

#[test]
fn replicas_follow_a_primary_that_moves_and_a_password_that_changes() {
    let Some((mut env, client)) = applied("redis_replicas_follow_a_move", STACK) else {
        return;
    };
    write(&client, &readers(&mut env), "one");
    let port = free_port();
    env.edit(
        "stack.hcl",
        "  memory_mb",
        &format!("  local {{ port = {port} }}\n  memory_mb"),
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    let old = env.output("redis.cache.password");
    let _ = env.run(&["rotate", "local", "redis.cache", "--yes"]).expect(0);
    expect_no_changes(&mut env);
    let client = Client::of(&env.output("redis.cache.url"));
    let readers = readers(&mut env);
    write(&client, &readers, "two");
    let refused = readers[0].with_password(&old).ask(&["PING"]);
    assert!(refused.expect_err("it is refused").contains("WRONGPASS"));
    for secret in [old, env.output("redis.cache.password")] {
        assert_eq!(files_with(&secret, env.root()), "");
    }
}

#[test]
fn replicas_live_in_the_segment_of_their_primary() {
    let test = "redis_replicas_in_a_segment";
    if !machine::has_namespaces(test) {
        return;
    }
    let stack = IN_SEGMENTS.replace("redis \"cache\" {\n", "redis \"cache\" {\n  replicas = 1\n");
    let Some((mut env, client)) = applied(test, &stack) else {
        return;
    };
    let (app, edge) = (namespace(&env, "app"), namespace(&env, "edge"));
    let nodes: Vec<String> =
        serde_json::from_str(&env.output("redis.cache.nodes")).expect("a list of addresses");
    assert_eq!(nodes.len(), 2);
    for address in nodes {
        let host = address.strip_suffix(":6379").expect("the usual port");
        assert!(reaches(&app, host, 6379), "{host}");
        assert!(!reaches(&edge, host, 6379), "{host}");
    }
    write(&client, &readers(&mut env), "from the host, over sockets");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    expect_nothing(&env);
}
