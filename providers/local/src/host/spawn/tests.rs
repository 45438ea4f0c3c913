//! Servers outlive whoever starts them, and say why when they do not start.

use std::path::PathBuf;

use rustix::process::Signal;

use super::super::launch::{Account, Place};
use super::super::process::find::owned_by;
use super::super::process::stop::{Request, stop, wait_for_end};
use super::super::process::{is_alive, proc_path};
use super::*;

fn request(program: &str, arguments: &[&str], folder: &Path) -> SpawnRequest {
    let program = Programs::default().require(program).unwrap();
    let launch = Launch {
        arguments: arguments.iter().map(OsString::from).collect(),
        working_directory: folder.to_owned(),
        owner: Some(format!("test:{}", folder.display())),
        ..Launch::new(program)
    };
    SpawnRequest {
        launch,
        log: folder.join("log"),
        reached_within: REACHED_WITHIN,
    }
}

async fn end(identity: &Identity) {
    let asked = Request {
        signal: Signal::TERM,
        wait: Duration::from_secs(10),
    };
    stop(identity, &[asked]).await.unwrap();
}

fn proc_text(pid: u32, file: &str) -> String {
    String::from_utf8_lossy(&std::fs::read(proc_path(pid, file)).unwrap()).into_owned()
}

#[tokio::test]
async fn a_server_runs_detached_with_its_own_environment() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("sleep", &["1000"], folder.path());
    request
        .launch
        .variables
        .insert("GREETING".to_owned(), "hello".into());
    let identity = spawn(&request, &Programs::default()).await.unwrap();
    let stat = proc_text(identity.pid, "stat");
    let environment = proc_text(identity.pid, "environ");
    let found = owned_by(request.launch.owner.as_ref().unwrap()).unwrap();
    let input = std::fs::read_link(proc_path(identity.pid, "fd/0")).unwrap();
    end(&identity).await;
    let session = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_ascii_whitespace()
        .nth(3)
        .unwrap()
        .to_owned();
    assert_eq!(session, identity.pid.to_string(), "leads a session of its own");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].identity, identity);
    assert_eq!(input, PathBuf::from("/dev/null"));
    let names: Vec<&str> = environment
        .split_terminator('\0')
        .filter_map(|it| it.split('=').next())
        .collect();
    assert!(
        !names.contains(&"CARGO_PKG_NAME") && !names.contains(&"HOME"),
        "{names:?}"
    );
    assert!(names.contains(&"GREETING"));
}

#[tokio::test]
async fn a_server_that_ends_at_once_is_quoted_from_this_start_only() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), "an old line\n").unwrap();
    let request = request("ls", &["/nowhere/at/all"], folder.path());
    let error = spawn(&request, &Programs::default()).await;
    // `ls` may be seen as reached before it ends; then it is dead at the next look.
    match error {
        Err(SpawnError::Ended { log_tail, .. }) => {
            assert!(log_tail.contains("/nowhere/at/all"), "{log_tail}");
            assert!(!log_tail.contains("an old line"), "{log_tail}");
        }
        Ok(identity) => assert!(wait_for_end(&identity, Duration::from_secs(10)).await.unwrap()),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_wrapper_that_fails_is_reported_with_what_it_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("sleep", &["1000"], folder.path());
    request.launch.place = Place::Namespace {
        file: PathBuf::from("/run/netns/never-made"),
    };
    let error = spawn(&request, &Programs::default()).await.unwrap_err();
    let SpawnError::Ended { log_tail, .. } = &error else {
        panic!("{error}")
    };
    assert!(log_tail.contains("/run/netns/never-made"), "{log_tail}");
    assert_eq!(owned_by(request.launch.owner.as_ref().unwrap()).unwrap(), []);
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("sleep", &[], folder.path());
    request.launch.program = PathBuf::from("/opt/none/postgres");
    let error = spawn(&request, &Programs::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "Cannot start `/opt/none/postgres`");
}

#[tokio::test]
async fn a_program_that_never_appears_is_killed_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    // A script runs as its interpreter, so its own path is never reached.
    let script = folder.path().join("script");
    super::super::folder::write_atomically(&script, b"#!/bin/sh\nwhile :; do :; done\n", 0o700).unwrap();
    let mut request = request("sleep", &[], folder.path());
    request.launch.program = script;
    request.reached_within = Duration::from_millis(50);
    let error = spawn(&request, &Programs::default()).await.unwrap_err();
    assert!(matches!(error, SpawnError::Late { .. }), "{error}");
    for left in owned_by(request.launch.owner.as_ref().unwrap()).unwrap() {
        end(&left.identity).await;
    }
}

#[tokio::test]
async fn a_server_does_not_hold_what_its_starter_had_open() {
    let folder = tempfile::tempdir().unwrap();
    let request = request("sleep", &["1000"], folder.path());
    let identity = spawn(&request, &Programs::default()).await.unwrap();
    let open: Vec<_> = std::fs::read_dir(proc_path(identity.pid, "fd"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    end(&identity).await;
    assert_eq!(open.len(), 3, "{open:?}");
}

#[tokio::test]
async fn a_server_that_must_not_be_root_is_not_but_its_files_are_ours() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request("sleep", &["1000"], folder.path());
    request.launch.account = Account::NotRoot;
    let identity = match spawn(&request, &Programs::default()).await {
        Ok(identity) => identity,
        Err(error) => {
            eprintln!("skipped: no user namespace here: {error}");
            return;
        }
    };
    let map = proc_text(identity.pid, "uid_map");
    let owner = std::os::unix::fs::MetadataExt::uid(&proc_path(identity.pid, "").metadata().unwrap());
    assert!(is_alive(&identity).unwrap());
    end(&identity).await;
    let own = rustix::process::geteuid().as_raw();
    assert_eq!(owner, own);
    if own == 0 {
        assert_eq!(
            map.split_ascii_whitespace().collect::<Vec<_>>(),
            ["65534", "0", "1"]
        );
    }
}
