//! Programs run to their end, with their input, their time limit and what they said.

use std::ffi::OsString;

use super::*;

fn shell(script: &str) -> RunRequest {
    let launch = Launch {
        arguments: ["-c", script].map(OsString::from).to_vec(),
        ..Launch::new(Programs::default().require("sh").unwrap())
    };
    RunRequest {
        launch,
        input: Vec::new(),
        within: Duration::from_secs(10),
    }
}

#[tokio::test]
async fn a_tool_reads_its_input_and_returns_its_output() {
    let mut request = shell("cat; echo done >&2");
    request.input = b"words".to_vec();
    let output = run(request, &Programs::default()).await.unwrap();
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("words", "done\n")
    );
}

#[tokio::test]
async fn a_failure_carries_what_the_tool_said() {
    let error = run(shell("echo reason >&2; exit 3"), &Programs::default())
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "`/usr/bin/sh` failed (exit status: 3): reason");
}

#[tokio::test]
async fn a_full_disk_is_told_apart() {
    let error = run(
        shell("echo write: No space left on device >&2; exit 1"),
        &Programs::default(),
    )
    .await;
    assert!(matches!(error, Err(RunError::DiskFull { .. })));
}

#[tokio::test]
async fn a_tool_that_takes_too_long_is_killed() {
    let mut request = shell("while :; do :; done");
    request.within = Duration::from_millis(50);
    assert!(matches!(
        run(request, &Programs::default()).await,
        Err(RunError::Late { .. })
    ));
}

#[tokio::test]
async fn a_tool_that_does_not_read_is_not_an_error() {
    let mut request = shell("exec 0<&-; true");
    request.input = vec![b'x'; 1 << 20];
    run(request, &Programs::default()).await.unwrap();
}

#[tokio::test]
async fn the_environment_of_the_caller_stays_outside() {
    let output = run(shell("echo ${HOME-none}"), &Programs::default())
        .await
        .unwrap();
    assert_eq!(output.stdout, "none\n");
}

#[test]
fn secrets_stay_out_of_the_debug_output() {
    let mut request = shell("true");
    request
        .launch
        .variables
        .insert("PGPASSWORD".to_owned(), "hunter2".into());
    request.input = b"hunter2".to_vec();
    let text = format!("{request:?}");
    assert!(text.contains("PGPASSWORD"));
    assert!(!text.contains("hunter2"));
}
