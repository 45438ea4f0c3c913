//! The folder of an environment is copied or moved: the copy is refused, and what was moved works on.

use std::process::Command;

use infra_tests::servers::{execute, namespaces_of, rows, servers_of};

use crate::support::{applied, expect_no_changes, replicated};

#[test]
fn a_copied_folder_does_not_touch_the_original() {
    let Some(mut env) = replicated("a_copied_folder") else {
        return;
    };
    let (servers, namespaces) = (servers_of(&env), namespaces_of(&env));
    let copy = env.root().join("copy");
    let copied = Command::new("cp").arg("-a").arg(env.folder()).arg(&copy).status();
    assert!(copied.expect("`cp` runs").success());
    for arguments in [
        &["destroy", "local", "--yes"][..],
        &["apply", "local", "--yes"],
        &["plan", "local"],
    ] {
        let run = env.run_in(&copy, arguments);
        assert_ne!(run.code, 0, "{run}");
        assert!(run.stderr.contains("is a copy of"), "{run}");
        assert!(run.stderr.contains("rm -r "), "{run}");
    }
    assert_eq!(servers_of(&env), servers);
    assert_eq!(namespaces_of(&env), namespaces);
    expect_no_changes(&mut env);

    // What the hint says makes an environment of its own of it.
    std::fs::remove_dir_all(copy.join(".infra/local")).expect("the copy's environment");
    let run = env.run_in(&copy, &["plan", "local"]).expect(0);
    assert!(run.stdout.contains("create"), "{run}");
}

#[test]
fn a_moved_folder_works_on_with_its_data() {
    let Some(mut env) = applied("a_moved_folder", "examples/minimal") else {
        return;
    };
    execute(
        &env.output("postgres.main.url"),
        "create table t as select 42 as n",
    );
    let (old, new) = (env.folder(), env.root().join("moved"));
    std::fs::rename(&old, &new).expect("the folder moves");
    let _ = env.run_in(&new, &["apply", "local", "--yes"]).expect(0);
    let _ = env
        .run_in(&new, &["plan", "local", "--detailed-exitcode"])
        .expect(0);
    let url = env
        .run_in(&new, &["output", "local", "postgres.main.url"])
        .expect(0);
    let url = url.stdout.replace("[ROOT]", &env.root().to_string_lossy());
    assert_eq!(rows(url.trim_end(), "select n from t"), "42");

    std::fs::rename(&new, &old).expect("the folder moves back");
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(servers_of(&env).len(), 0);
}
