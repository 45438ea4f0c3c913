//! After `destroy` nothing is left of an environment but its state.

use infra_tests::servers::{files_below, namespaces_of, processes_of};
use serde_json::Value;

use crate::support::{addresses, replicated};

#[test]
fn destroy_leaves_no_process_namespace_port_or_file() {
    let Some(mut env) = replicated("destroy_leaves_nothing") else {
        return;
    };
    let before = processes_of(&env);
    assert!(before.len() > 10, "{before:?}");
    let ports = listening(&before.iter().map(|process| process.pid).collect::<Vec<_>>());
    assert!(!ports.is_empty());
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(processes_of(&env), []);
    assert_eq!(namespaces_of(&env), Vec::<String>::new());
    assert_eq!(addresses(&mut env), "");
    let environment = env.folder().join(".infra/local");
    let left = std::fs::read_dir(&environment)
        .expect("the state stays")
        .flatten();
    let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["state"], "{:?}", files_below(&environment));
    // Sockets may have a shorter place than the stack's folder.
    let sockets = std::fs::read_to_string("/proc/net/unix").expect("the kernel's table");
    let root = env.root().to_string_lossy().into_owned();
    assert!(!sockets.contains(&root), "a socket is left");
}

#[test]
fn what_was_destroyed_comes_back_new() {
    let Some(mut env) = replicated("what_was_destroyed") else {
        return;
    };
    let before = env.output("postgres.main.password");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    let again = env.run(&["destroy", "local", "--yes", "--json"]).expect(0);
    let document: Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(document["done"].as_array().map_or(0, Vec::len), 0, "{again}");
    crate::support::apply(&mut env);
    assert_ne!(env.output("postgres.main.password"), before);
}

/// Returns the lines of the kernel's tables for sockets that listen in the networks of these processes.
fn listening(pids: &[u32]) -> Vec<String> {
    let tables = pids
        .iter()
        .filter_map(|pid| std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).ok());
    let lines = tables.flat_map(|table| table.lines().map(str::to_owned).collect::<Vec<_>>());
    lines
        .filter(|line| line.split_whitespace().nth(3) == Some("0A"))
        .collect()
}
