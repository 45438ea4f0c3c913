//! Redis over TLS on real servers: clients verify them by the authority of the environment, nobody connects otherwise,
//! and a certificate is replaced while its server runs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use infra_tests::environment::TestEnv;
use infra_tests::machine::wait_until;
use infra_tests::redis::{Client, client};
use infra_tests::secrets::files_with;
use infra_tests::servers::{Process, kill, processes_of, server, servers_of};

use crate::redis::{by_hand, expect_nothing, free_port};
use crate::redis_cluster::{self, BATCH, CLUSTER, Writer, expect_keys, nodes};
use crate::support::{apply, decisions, expect_no_changes, plan};

const SERVER: &str = "redis.cache/local.redis.server.server";
const REPLICA: &str = "redis.cache/local.redis.replica.replica-1";

const STACK: &str = r#"
stack {
  name = "shop"
}

redis "cache" {
  memory_mb   = 32
  persistence = "append_only"
  replicas    = 1
  tls         = true
}

settings "api" {
  setting "REDIS_URL" {
    type  = "url"
    value = redis.cache.url
  }
  setting "REDIS_CA" { value = redis.cache.ca_file }
  setting "REDIS_CA_TEXT" { value = redis.cache.ca_certificate }
}
"#;

/// Connects as its settings say, in the strictest way that Python has: chain, end and address are verified. Then without
/// the authority.
const PROGRAM: &str = r#"
import os, socket, ssl
from urllib.parse import urlsplit

url = urlsplit(os.environ["REDIS_URL"])

def ask(context):
    with socket.create_connection((url.hostname, url.port), 5) as plain:
        with context.wrap_socket(plain, server_hostname=url.hostname) as secure:
            secure.sendall(f"AUTH {url.username} {url.password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\n") < 2:
                answer += secure.recv(64)
            return answer.decode().split()

print(url.scheme)
print(ask(ssl.create_default_context(cafile=os.environ["REDIS_CA"])))
print(ask(ssl.create_default_context(cadata=os.environ["REDIS_CA_TEXT"])))
try:
    print(ask(ssl.create_default_context()))
except ssl.SSLCertVerificationError:
    print("refused")
"#;

/// Returns a stack, applied, and a client of its server that verifies it, if this machine has Redis.
fn applied(test: &str, stack: &str) -> Option<(TestEnv, Client)> {
    let _ = client(test)?;
    let mut env = TestEnv::stack(stack);
    apply(&mut env);
    expect_no_changes(&mut env);
    let client = verifying(&mut env);
    Some((env, client))
}

fn verifying(env: &mut TestEnv) -> Client {
    let authority = env.output("redis.cache.ca_file");
    Client::of(&env.output("redis.cache.url")).trusting(&authority)
}

/// Returns the certificates of a server.
fn certificates(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("tls")).expect("its certificates");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "crt"));
    files
}

fn of(env: &TestEnv, server: &str) -> PathBuf {
    env.folder().join(".infra/local/redis").join(server)
}

/// Returns another environment, whose authority vouches for none of the servers under test, and the file of it.
fn stranger() -> (TestEnv, String) {
    let mut env = TestEnv::stack(STACK.replace("  replicas    = 1\n", "").as_str());
    apply(&mut env);
    let authority = env.output("redis.cache.ca_file");
    (env, authority)
}

fn expect_refused(client: &Client, stranger: &str) {
    assert!(client.in_clear().ask(&["PING"]).is_err(), "{client:?}");
    let said = client.trusting(stranger).ask(&["PING"]);
    let said = said.expect_err("nobody vouches for it");
    assert!(said.contains("certificate verify failed"), "{said}");
}

/// Returns the ports on which a process takes connections, as the kernel tells them.
fn ports(process: &Process) -> Vec<u16> {
    let folder = PathBuf::from(format!("/proc/{}", process.pid));
    let sockets = std::fs::read_dir(folder.join("fd")).expect("its files");
    let sockets: Vec<String> = sockets
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            Some(
                link.to_str()?
                    .strip_prefix("socket:[")?
                    .trim_end_matches(']')
                    .to_owned(),
            )
        })
        .collect();
    let table = std::fs::read_to_string(folder.join("net/tcp")).expect("its network");
    let rows = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let listens =
        |row: &Vec<&str>| row.len() > 9 && row[3] == "0A" && sockets.iter().any(|one| one == row[9]);
    let port = |row: Vec<&str>| u16::from_str_radix(row[1].split(':').nth(1)?, 16).ok();
    rows.filter(listens).filter_map(port).collect()
}

#[test]
fn clients_verify_servers_by_the_authority_and_nobody_connects_otherwise() {
    let Some((mut env, client)) = applied("clients_verify_redis", STACK) else {
        return;
    };
    assert_eq!(client.answer(&["SET", "kept", "yes"]), "OK");
    let urls: Vec<String> =
        serde_json::from_str(&env.output("redis.cache.replica_urls")).expect("a list of URLs");
    assert!(urls[0].starts_with("rediss://"), "{}", urls[0]);
    let replica = Client::of(&urls[0]).trusting(&env.output("redis.cache.ca_file"));
    let info = replica.answer(&["INFO", "replication"]);
    assert!(info.contains("master_link_status:up"), "{info}");
    let (_other, authority) = stranger();
    for one in [&client, &replica] {
        expect_refused(one, &authority);
    }
    let nodes: Vec<String> =
        serde_json::from_str(&env.output("redis.cache.nodes")).expect("a list of addresses");
    for (address, node) in [SERVER, REPLICA].iter().zip(nodes) {
        let open = ports(&server(&env, address));
        assert_eq!(open.len(), 1, "{open:?}");
        assert!(node.ends_with(&format!(":{}", open[0])), "{node}: {open:?}");
    }
    let unknown = Client::of(&urls[0])
        .ask(&["PING"])
        .expect_err("nobody vouches for it");
    assert!(unknown.contains("certificate verify failed"), "{unknown}");
    let mut command: Command = env.command(&["run", "local", "--", "python3", "-c", PROGRAM]);
    let output = command.output().expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let wanted = "rediss\n['+OK', '+PONG']\n['+OK', '+PONG']\nrefused\n";
    assert_eq!(said, wanted, "{}", String::from_utf8_lossy(&output.stderr));
    // The authority's key is nowhere in clear, and those of servers in their own folders alone.
    let keys = files_with("PRIVATE KEY", env.root());
    let keys: Vec<&str> = keys.lines().collect();
    assert!(
        keys.iter()
            .all(|line| line.contains("/tls/") && line.contains(".key")),
        "{keys:?}"
    );
    assert_eq!(keys.len(), 2, "{keys:?}");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    expect_nothing(&env);
}

#[test]
fn a_certificate_is_replaced_while_its_server_runs() {
    let Some((mut env, client)) = applied("a_certificate_of_redis_is_replaced", STACK) else {
        return;
    };
    assert_eq!(client.answer(&["SET", "kept", "yes"]), "OK");
    let before = servers_of(&env);
    for (address, name) in [(SERVER, "cache"), (REPLICA, "cache-replica-1")] {
        let folder = of(&env, name);
        let old = certificates(&folder);
        std::fs::remove_file(&old[0]).expect("it is removed");
        let run = plan(&mut env).expect(2);
        assert!(
            run.stdout.contains(r#"certificate : "missing" -> "valid""#),
            "{run}"
        );
        assert_eq!(decisions(&mut env), [format!("{address}: update safe")]);
        apply(&mut env);
        expect_no_changes(&mut env);
        let new = certificates(&folder);
        assert_eq!(new.len(), 1);
        assert_ne!(new, old);
    }
    // What clients verify by is written again, and no certificate is another one.
    let file = env.output("redis.cache.ca_file");
    let text = std::fs::read_to_string(&file).expect("the authority");
    let all = |env: &TestEnv| ["cache", "cache-replica-1"].map(|name| certificates(&of(env, name)));
    let kept = all(&env);
    std::fs::remove_file(&file).expect("it is removed");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(std::fs::read_to_string(&file).expect("the authority"), text);
    assert_eq!(all(&env), kept);
    // Without its authority no certificate counts any more: one apply gives all of them new ones, also to a server with a
    // fault of its own, which stays the same when another one gets the new authority first.
    std::fs::remove_file(&certificates(&of(&env, "cache-replica-1"))[0]).expect("it is removed");
    std::fs::remove_file(Path::new(&file).with_file_name("authority.json")).expect("it is removed");
    assert_eq!(
        decisions(&mut env),
        [
            format!("{REPLICA}: update safe"),
            format!("{SERVER}: update safe")
        ]
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_ne!(std::fs::read_to_string(&file).expect("the authority"), text);
    assert_eq!(servers_of(&env), before, "nothing was started again");
    assert_eq!(verifying(&mut env).answer(&["GET", "kept"]), "yes");
}

#[test]
fn tls_is_switched_on_and_off_with_a_restart_that_loses_nothing() {
    let plain = STACK
        .replace("  tls         = true\n", "")
        .split("settings")
        .next()
        .unwrap_or("")
        .to_owned();
    let _ = match client("tls_of_redis_is_switched") {
        Some(client) => client,
        None => return,
    };
    let mut env = TestEnv::stack(&plain);
    apply(&mut env);
    let client = Client::of(&env.output("redis.cache.url"));
    assert_eq!(client.answer(&["SET", "kept", "yes"]), "OK");
    let (port, nodes) = (env.output("redis.cache.port"), env.output("redis.cache.nodes"));
    env.edit("stack.hcl", "replicas    = 1", "replicas    = 1\n  tls = true");
    assert_eq!(
        decisions(&mut env),
        [
            format!("{REPLICA}: update disruptive"),
            format!("{SERVER}: update disruptive")
        ]
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    assert!(client.ask(&["PING"]).is_err(), "the plain port is closed");
    assert_eq!(
        (env.output("redis.cache.port"), env.output("redis.cache.nodes")),
        (port.clone(), nodes),
        "all keep their ports"
    );
    assert_eq!(
        ports(&server(&env, SERVER)),
        [port.parse::<u16>().expect("a port")]
    );
    let secure = verifying(&mut env);
    assert_eq!(secure.answer(&["GET", "kept"]), "yes");
    env.edit("stack.hcl", "tls = true", "tls = false");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(client.answer(&["GET", "kept"]), "yes");
    assert!(secure.ask(&["PING"]).is_err());
    assert!(!env.folder().join(".infra/local/tls").exists());
    assert!(!of(&env, "cache").join("tls").exists());
    assert_eq!(
        ports(&server(&env, SERVER)),
        [port.parse::<u16>().expect("a port")]
    );
}

#[test]
fn a_setting_that_comes_to_null_is_left_out_where_the_program_does_without_it() {
    let stack = STACK.replace("  tls         = true\n", "");
    let Some(_) = client("a_setting_that_comes_to_null") else {
        return;
    };
    let mut env = TestEnv::stack(
        stack
            .replace(
                "\"REDIS_CA\" { value",
                "\"REDIS_CA\" {\n    required = false\n    value",
            )
            .replace("ca_file }", "ca_file\n  }")
            .as_str(),
    );
    apply(&mut env);
    let run = env.run(&["env", "local", "--format", "json"]).expect(1);
    let said = format!("{run}");
    assert!(
        said.contains("The setting `REDIS_CA_TEXT` of `api` has no value")
            && said.contains("required = false"),
        "{said}"
    );
    env.edit(
        "stack.hcl",
        "\"REDIS_CA_TEXT\" { value = redis.cache.ca_certificate }",
        "\"REDIS_CA_TEXT\" {\n    required = false\n    value = redis.cache.ca_certificate\n  }",
    );
    let output = env.command(&["env", "local", "--format", "json"]).output();
    let document = output.expect("the binary starts").stdout;
    let document: serde_json::Value = serde_json::from_slice(&document).expect("JSON");
    let names: Vec<&String> = document.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["REDIS_URL"]);
}

/// Starts a server by hand, from its own file with other words in it.
fn start_otherwise(env: &TestEnv, process: &Process, folder: &Path, (from, to): (&str, &str)) -> Child {
    let environment = std::fs::read(format!("/proc/{}/environ", process.pid)).expect("its environment");
    kill(process);
    let file = folder.join("redis.conf");
    let text = std::fs::read_to_string(&file).expect("its file");
    assert!(text.contains(from), "{text}");
    std::fs::write(&file, text.replace(from, to)).expect("its file");
    let child = by_hand(folder, &environment);
    let running = |one: &Process| one.pid == child.id();
    wait_until("it listens", || {
        processes_of(env)
            .iter()
            .any(|one| running(one) && !ports(one).is_empty())
    });
    child
}

#[test]
fn a_server_that_is_reached_otherwise_is_drift_and_keeps_its_data() {
    let Some((mut env, client)) = applied("redis_is_reached_otherwise", STACK) else {
        return;
    };
    assert_eq!(client.answer(&["SET", "kept", "yes"]), "OK");
    let (process, folder) = (server(&env, SERVER), of(&env, "cache"));
    let open = format!("port {}\n", free_port());
    let mut stranger = start_otherwise(&env, &process, &folder, ("port 0\n", &open));
    let run = plan(&mut env).expect(2);
    assert!(
        run.stdout
            .contains(r#"status : "reachable without TLS" -> "running""#),
        "{run}"
    );
    apply(&mut env);
    stranger.wait().expect("it ended");
    expect_no_changes(&mut env);
    assert_eq!(ports(&server(&env, SERVER)).len(), 1);
    assert_eq!(client.answer(&["GET", "kept"]), "yes");
}

#[test]
fn a_node_that_is_reached_otherwise_is_drift_of_its_cluster_and_destroys_nothing() {
    // It keeps what it has until it is started by hand: otherwise its replica would be as empty as it is.
    let more = "tls       = true\n  persistence = \"append_only\"\n  memory_mb";
    let stack = redis_cluster::STACK.replace("memory_mb", more);
    let Some((mut env, client)) = applied("a_redis_node_is_reached_otherwise", &stack) else {
        return;
    };
    redis_cluster::write(&client, 0..BATCH);
    let folder = of(&env, "cache/nodes/2");
    let works_there = |one: &Process| {
        std::fs::read_link(format!("/proc/{}/cwd", one.pid)).is_ok_and(|cwd| cwd.starts_with(&folder))
    };
    let process = processes_of(&env).into_iter().find(works_there).expect("node 2");
    let open = format!("port {}\n", free_port());
    let mut stranger = start_otherwise(&env, &process, &folder, ("port 0\n", &open));
    let run = plan(&mut env).expect(2);
    assert!(run.stdout.contains("node 2 reachable without TLS"), "{run}");
    assert!(!run.stdout.contains("DESTROYS DATA"), "{run}");
    assert_eq!(decisions(&mut env), [format!("{CLUSTER}: update safe")]);
    apply(&mut env);
    stranger.wait().expect("it ended");
    expect_no_changes(&mut env);
    expect_keys(&client, BATCH);
}

#[test]
fn a_cluster_over_tls_grows_under_a_writer() {
    let stack = redis_cluster::STACK.replace("memory_mb", "tls       = true\n  memory_mb");
    let Some((mut env, client)) = applied("a_cluster_over_tls", &stack) else {
        return;
    };
    redis_cluster::write(&client, 0..BATCH);
    env.edit("stack.hcl", "shards    = 3", "shards    = 4");
    assert_eq!(decisions(&mut env), [format!("{CLUSTER}: update safe")]);
    let writer = Writer::start(&client, BATCH);
    apply(&mut env);
    let written = writer.stop();
    assert!(written > BATCH, "it wrote meanwhile");
    expect_no_changes(&mut env);
    expect_keys(&client, written);
    let all = nodes(&mut env);
    assert_eq!(all.len(), 8);
    let (_other, authority) = stranger();
    for address in &all {
        let node = client.at(address);
        assert_eq!(node.answer(&["PING"]), "PONG");
        expect_refused(&node, &authority);
    }
    let before = processes_of(&env);
    let lost = certificates(&of(&env, "cache/nodes/2"));
    std::fs::remove_file(&lost[0]).expect("it is removed");
    assert_eq!(decisions(&mut env), [format!("{CLUSTER}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(processes_of(&env), before, "no node was started again");
    expect_keys(&client, written);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    expect_nothing(&env);
}
