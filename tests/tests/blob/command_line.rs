//! The stock command line `aws`, as `scripts/install-servers --for-tests` installs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::blob::{BUCKET, BlobServer, Client, KEY};
use infra_tests::machine;

#[test]
fn the_stock_command_line_copies_syncs_and_signs() {
    let test = "the_stock_command_line";
    if !program().is_file() {
        machine::skip(
            test,
            "`aws` is not installed; run: scripts/install-servers --for-tests",
        );
        return;
    }
    let server = BlobServer::start();
    let client = server.client(KEY, BUCKET);
    let folder = tempfile::tempdir_in(machine::scratch()).expect("a scratch folder");
    let (out, back) = (folder.path().join("out"), folder.path().join("back"));
    std::fs::create_dir_all(out.join("deep")).expect("a folder");
    // Above eight megabytes the command line sends a file in parts.
    let files = [("small", 10), ("deep/big", 9 << 20), ("deep/ü &.txt", 1000)];
    for (name, size) in files {
        std::fs::write(out.join(name), contents(name, size)).expect("a file");
    }

    let _ = aws(&client, folder.path(), &["s3", "sync", "out", "s3://data/tree"]);
    assert_eq!(
        aws(&client, folder.path(), &["s3", "sync", "out", "s3://data/tree"]),
        "",
        "it is all there"
    );
    let _ = aws(
        &client,
        folder.path(),
        &["s3", "cp", "s3://data/tree", "s3://data/copy", "--recursive"],
    );
    let _ = aws(&client, folder.path(), &["s3", "sync", "s3://data/copy", "back"]);
    for (name, size) in files {
        assert_eq!(
            std::fs::read(back.join(name)).expect(name),
            contents(name, size),
            "{name}"
        );
    }

    let signed = aws(&client, folder.path(), &["s3", "presign", "s3://data/tree/small"]);
    let fetch = format!("import urllib.request; print(urllib.request.urlopen('{signed}').read().hex())");
    let fetched = Command::new("python3")
        .args(["-c", &fetch])
        .output()
        .expect("`python3` runs");
    let expected: String = contents("small", 10)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(String::from_utf8_lossy(&fetched.stdout).trim(), expected);

    let _ = aws(
        &client,
        folder.path(),
        &["s3", "rm", "s3://data/tree", "--recursive"],
    );
    let left = aws(&client, folder.path(), &["s3", "ls", "s3://data/"]);
    assert_eq!(left.split_whitespace().collect::<Vec<_>>(), ["PRE", "copy/"]);
}

fn contents(name: &str, size: usize) -> Vec<u8> {
    name.bytes().cycle().take(size).collect()
}

fn program() -> PathBuf {
    machine::servers().join("aws/bin/aws")
}

/// Runs the command line to its end and returns what it printed.
fn aws(client: &Client, folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program());
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("AWS_ENDPOINT_URL", &client.endpoint)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_ACCESS_KEY_ID", &client.key)
        .env("AWS_SECRET_ACCESS_KEY", &client.secret);
    let output = command.output().expect("`aws` runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
