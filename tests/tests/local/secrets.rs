//! No generated password is found in clear, wherever one looks.

use infra_tests::environment::TestEnv;
use infra_tests::secrets::{files_with, secrets};
use infra_tests::servers::{execute, kill, refusal, server};

use crate::support::{PRIMARY, applied, apply};

#[test]
fn no_secret_is_on_disk_or_in_anything_that_was_said() {
    let Some(mut env) = applied("no_secret_is_on_disk", "stacks/event-api") else {
        return;
    };
    let mut known = secrets(&mut env);
    assert!(known.len() >= 3, "passwords of two roles and a key");
    use_it(&mut env);
    known.extend(secrets(&mut env));
    let _ = env.run(&["plan", "local", "--out", "saved.plan"]).expect(0);
    let _ = env.run(&["show", "local"]).expect(0);
    let _ = env.run(&["show", "local", "--json"]).expect(0);
    let _ = env.run(&["show", "saved.plan", "--json"]);
    let _ = env.run(&["state", "show", "local", PRIMARY]);
    let _ = env.run(&["state", "log", "local"]).expect(0);
    let _ = env.run(&["state", "pull", "local"]).expect(0);
    let _ = env.run(&["output", "local"]).expect(0);
    apply(&mut env);

    for secret in &known {
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

pub(crate) fn shown_by_processes(secret: &str) -> Vec<String> {
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
