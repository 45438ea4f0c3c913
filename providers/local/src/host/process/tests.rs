//! Processes are known by more than their number, and stopped only when they are still the same.

use std::process::{Child, Command};

use rustix::process::Signal;

use super::find::{outermost, owned_by, owned_under, working_under};
use super::stop::{Request, StopError, Stopped, signal, stop, wait_for_end};
use super::*;
use std::time::Duration;

/// A process that ends with the test.
struct Sleeper(Child);

impl Sleeper {
    fn start(owner: &str, directory: &Path) -> Self {
        let mut command = Command::new("sleep");
        command
            .arg("1000")
            .env("INFRA_OWNER", owner)
            .current_dir(directory);
        let sleeper = Self(command.spawn().unwrap());
        // The kernel lets the parent go on a moment before the child's environment can be read.
        let environment = format!("/proc/{}/environ", sleeper.0.id());
        while std::fs::read(&environment).unwrap().is_empty() {
            std::thread::yield_now();
        }
        sleeper
    }

    fn identity(&self) -> Identity {
        identify(self.0.id()).unwrap().unwrap()
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A tag that no other test and no earlier run uses.
fn tag(folder: &Path) -> String {
    format!("test:{}:server", folder.display())
}

#[test]
fn a_running_process_is_alive_and_another_start_of_its_number_is_not() {
    let sleeper = Sleeper::start("test", Path::new("/"));
    let identity = sleeper.identity();
    assert!(is_alive(&identity).unwrap());
    assert!(identity.executable.is_absolute());
    assert!(
        !is_alive(&Identity {
            start_ticks: identity.start_ticks + 1,
            ..identity.clone()
        })
        .unwrap()
    );
    assert!(
        !is_alive(&Identity {
            boot_id: "another".to_owned(),
            ..identity
        })
        .unwrap()
    );
}

#[test]
fn a_dead_process_that_nobody_reaped_is_not_alive() {
    let mut sleeper = Sleeper::start("test", Path::new("/"));
    let identity = sleeper.identity();
    sleeper.0.kill().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert!(
        runtime
            .block_on(wait_for_end(&identity, Duration::from_secs(10)))
            .unwrap()
    );
    assert!(
        proc_path(identity.pid, "stat").exists(),
        "the zombie is still listed"
    );
    assert!(!is_alive(&identity).unwrap());
    assert_eq!(identify(identity.pid).unwrap(), None);
}

#[test]
fn a_name_with_spaces_and_parentheses_does_not_mislead() {
    let text = "7 (a) b (c) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 4711 0 0";
    assert_eq!(
        parse_status(text),
        Some((
            'S',
            Status {
                parent: 1,
                start_ticks: 4711
            }
        ))
    );
    assert_eq!(parse_status("7 (short) S 1"), None);
}

#[test]
fn processes_are_found_by_their_tag_and_by_its_prefix() {
    let folder = tempfile::tempdir().unwrap();
    let tag = tag(folder.path());
    let sleeper = Sleeper::start(&tag, Path::new("/"));
    let found = owned_by(&tag).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].identity, sleeper.identity());
    assert_eq!(owned_under(tag.strip_suffix("server").unwrap()).unwrap(), found);
    assert_eq!(owned_by(&format!("{tag}-other")).unwrap(), []);
}

#[test]
fn a_process_is_found_while_it_replaces_its_program() {
    let folder = tempfile::tempdir().unwrap();
    let tag = tag(folder.path());
    let script = folder.path().join("again");
    std::fs::write(&script, "exec sh \"$0\"\n").unwrap();
    let mut command = Command::new("sh");
    command.arg(&script).env("INFRA_OWNER", &tag);
    let mut restless = Sleeper(command.spawn().unwrap());
    for _ in 0..200 {
        assert_eq!(owned_by(&tag).unwrap().len(), 1);
    }
    assert!(restless.0.try_wait().unwrap().is_none(), "it still runs");
}

#[test]
fn the_outermost_process_is_told_from_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let tag = tag(folder.path());
    let mut shell = Command::new("sh")
        .args(["-c", "sleep 1000 & echo $!; wait"])
        .env("INFRA_OWNER", &tag)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(shell.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    let child: u32 = line.trim().parse().unwrap();
    // Until the child runs its own program it may show no environment.
    let found = loop {
        let found = owned_by(&tag).unwrap();
        if found.len() == 2 {
            break found;
        }
    };
    let outer = outermost(found);
    Command::new("kill")
        .args(["-KILL", &child.to_string()])
        .status()
        .unwrap();
    shell.kill().unwrap();
    shell.wait().unwrap();
    assert_eq!(
        outer
            .iter()
            .map(|process| process.identity.pid)
            .collect::<Vec<_>>(),
        [shell.id()]
    );
}

#[test]
fn processes_are_found_by_the_folder_they_work_in() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("data");
    fs::create_dir(&inner).unwrap();
    let sleeper = Sleeper::start("test", &inner);
    assert_eq!(
        working_under(&folder.path().canonicalize().unwrap()).unwrap(),
        [sleeper.identity()]
    );
}

#[tokio::test]
async fn a_process_stops_at_the_first_signal_it_heeds() {
    let sleeper = Sleeper::start("test", Path::new("/"));
    let wait = Duration::from_secs(10);
    let stopped = stop(
        &sleeper.identity(),
        &[Request {
            signal: Signal::INT,
            wait,
        }],
    )
    .await
    .unwrap();
    assert_eq!(stopped, Stopped::By(Signal::INT));
}

#[tokio::test]
async fn a_process_that_ignores_signals_is_killed() {
    let mut shell = Command::new("sh")
        .args(["-c", "trap '' TERM; echo ready; read answer"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(
        &mut std::io::BufReader::new(shell.stdout.take().unwrap()),
        &mut line,
    )
    .unwrap();
    let identity = identify(shell.id()).unwrap().unwrap();
    let asked = Request {
        signal: Signal::TERM,
        wait: Duration::from_millis(50),
    };
    assert_eq!(
        stop(&identity, &[asked]).await.unwrap(),
        Stopped::By(Signal::KILL)
    );
    assert_eq!(stop(&identity, &[asked]).await.unwrap(), Stopped::AlreadyGone);
    shell.wait().unwrap();
}

#[tokio::test]
async fn a_process_that_runs_another_program_is_left_alone() {
    let sleeper = Sleeper::start("test", Path::new("/"));
    let identity = Identity {
        executable: PathBuf::from("/bin/other"),
        ..sleeper.identity()
    };
    assert!(matches!(
        stop(&identity, &[]).await,
        Err(StopError::Foreign { .. })
    ));
    assert!(is_alive(&sleeper.identity()).unwrap());
}

/// Between its last instruction and its end a process has no program any more, for as long as its memory takes to free.
#[tokio::test]
async fn a_process_that_is_just_ending_is_not_taken_for_another() {
    for _ in 0..300 {
        let mut sleeper = Sleeper::start("test", Path::new("/"));
        let identity = sleeper.identity();
        sleeper.0.kill().unwrap();
        while is_alive(&identity).unwrap() {
            stop(&identity, &[]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_process_that_is_gone_takes_no_signal() {
    let mut sleeper = Sleeper::start("test", Path::new("/"));
    let identity = sleeper.identity();
    assert!(signal(&identity, Signal::CONT).unwrap());
    sleeper.0.kill().unwrap();
    sleeper.0.wait().unwrap();
    assert!(!signal(&identity, Signal::CONT).unwrap());
}

#[test]
fn a_process_is_in_the_namespace_that_its_file_names() {
    let sleeper = Sleeper::start("test", Path::new("/"));
    let own = network_namespace_at(Path::new("/proc/self/ns/net")).unwrap();
    assert_eq!(network_namespace(sleeper.identity().pid).unwrap(), own);
    assert_eq!(
        network_namespace_at(Path::new("/run/netns/never-made")).unwrap(),
        None
    );
}
