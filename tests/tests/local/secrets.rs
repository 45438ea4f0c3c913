//! No generated password is found in clear, wherever one looks.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use infra_tests::environment::TestEnv;
use infra_tests::servers::{execute, kill, refusal, server};
use serde_json::Value;

use crate::support::{PRIMARY, applied, apply};

#[test]
fn no_secret_is_on_disk_or_in_anything_that_was_said() {
    let Some(mut env) = applied("no_secret_is_on_disk", "stacks/event-api") else {
        return;
    };
    let mut secrets = secrets(&mut env);
    assert!(secrets.len() >= 3, "passwords of two roles and a key");
    use_it(&mut env);
    secrets.extend(self::secrets(&mut env));
    let _ = env.run(&["plan", "local", "--out", "saved.plan"]).expect(0);
    let _ = env.run(&["show", "local"]).expect(0);
    let _ = env.run(&["show", "local", "--json"]).expect(0);
    let _ = env.run(&["show", "saved.plan", "--json"]);
    let _ = env.run(&["state", "show", "local", PRIMARY]);
    let _ = env.run(&["state", "log", "local"]).expect(0);
    let _ = env.run(&["state", "pull", "local"]).expect(0);
    let _ = env.run(&["output", "local"]).expect(0);
    apply(&mut env);

    for secret in &secrets {
        assert!(
            !env.transcript().contains(secret),
            "said at the terminal: {secret}"
        );
        assert_eq!(files_with(secret, env.root()), "");
        assert_eq!(shown_by_processes(secret), Vec::<String>::new());
    }
}

/// Everything in which a secret passes: drift and repair, rotation, clients that are let in and refused.
fn use_it(env: &mut TestEnv) {
    let url = env.output("postgres.main.url");
    execute(&url, "create table t as select 1 as n");
    let _ = refusal(&url, "this is no SQL");
    let _ = refusal(&url.replacen('@', "wrong@", 1), "select 1");
    kill(&server(env, PRIMARY));
    let _ = env.run(&["plan", "local", "--out", "repair.plan"]).expect(0);
    apply(env);
    let _ = env
        .run(&["rotate", "local", "postgres.main", "key_vault.app", "--yes"])
        .expect(0);
}

/// Returns the secrets that are not made of others.
fn secrets(env: &mut TestEnv) -> BTreeSet<String> {
    let mut command = env.command(&["output", "local", "--show-secrets", "--json"]);
    let output = command.output().expect("the binary starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let outputs = document["outputs"].as_object().expect("outputs");
    let secret = outputs.values().filter(|output| output["secret"] == true);
    let values = secret.filter_map(|output| output["value"].as_str().map(str::to_owned));
    values.filter(|value| !value.contains("://")).collect()
}

fn files_with(secret: &str, folder: &Path) -> String {
    let mut grep = Command::new("grep");
    grep.args([
        "--recursive",
        "--files-with-matches",
        "--text",
        "--fixed-strings",
        "-e",
        secret,
    ]);
    let output = grep.arg(folder).output().expect("`grep` runs");
    // It found nothing, or a file vanished while it looked.
    assert_ne!(output.status.code(), None);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn shown_by_processes(secret: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")
        .expect("the process file system")
        .flatten()
    {
        for file in ["cmdline", "environ"] {
            let path = entry.path().join(file);
            if std::fs::read(&path).is_ok_and(|text| String::from_utf8_lossy(&text).contains(secret)) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
