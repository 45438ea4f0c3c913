//! S3 as an application sees it: `boto3`, which comes with moto, against a blob server of ours.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::machine;

/// A bucket whose old versions are not kept.
pub const BUCKET: &str = "data";
/// A bucket whose old versions are kept.
pub const KEPT: &str = "kept";
/// The key that opens both.
pub const KEY: (&str, &str) = ("AKIDBOTH", "secret-of-both-4f1c");
/// A key that opens the second alone.
pub const KEPT_KEY: (&str, &str) = ("AKIDKEPT", "secret-of-kept-9a2d");

/// What every script begins with: a client of boto3 that does not try again, and a way to see errors.
const PRELUDE: &str = r#"
import hashlib, io, multiprocessing, os, sys, time
import boto3, botocore
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError
URL, KEY, SECRET, BUCKET = sys.argv[1:5]
def client(key=KEY, secret=SECRET, **config):
    config = Config(retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'}, **config)
    return boto3.client('s3', endpoint_url=URL, region_name='us-east-1', config=config,
                        aws_access_key_id=key, aws_secret_access_key=secret)
def code(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ClientError as error:
        return error.response['Error']['Code']
    return 'none'
s3 = client()
"#;

/// Whoever asks: where, with which key, for which bucket.
#[derive(Clone, Debug)]
pub struct Client {
    /// Where the server is.
    pub endpoint: String,
    /// The key's public half.
    pub key: String,
    /// The key's secret half.
    pub secret: String,
    /// The bucket.
    pub bucket: String,
}

/// Says whether `boto3` is there, or notes that the test is skipped.
#[must_use]
pub fn has_boto3(test: &str) -> bool {
    let found = machine::servers().join("moto/lib/boto3").is_dir();
    if !found {
        machine::skip(
            test,
            "boto3 is not installed; run: scripts/install-servers --for-tests",
        );
    }
    found
}

impl Client {
    /// Runs Python with a client `s3` to its end and returns what it printed.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn run(&self, script: &str) -> String {
        let output = self.python(script).output().expect("`python3` runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Returns Python with a client `s3`, not started yet.
    #[must_use]
    pub fn python(&self, script: &str) -> Command {
        let mut python = Command::new("python3");
        python
            .args(["-c", &format!("{PRELUDE}{script}")])
            .args([&self.endpoint, &self.key, &self.secret, &self.bucket])
            .env("PYTHONPATH", machine::servers().join("moto/lib"));
        python
    }
}

/// A blob server of this test, in a process of its own.
#[derive(Debug)]
pub struct BlobServer {
    folder: TempDir,
    child: Child,
    endpoint: String,
}

impl BlobServer {
    /// Starts a server with the buckets and keys above.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("b")
            .tempdir_in(machine::scratch())
            .expect("a scratch folder");
        let (child, endpoint) = start(&folder, "127.0.0.1:0");
        BlobServer {
            folder,
            child,
            endpoint,
        }
    }

    /// Kills the server without a warning.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process of ours");
        self.child.wait().expect("a process of ours");
    }

    /// Starts the server again on its data, where it was.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_again(&mut self) {
        let address = self.endpoint.strip_prefix("http://").expect("a URL").to_owned();
        (self.child, _) = start(&self.folder, &address);
    }

    /// Asks the server to end, and returns its exit code.
    ///
    /// # Panics
    /// When it was ended by a signal.
    #[must_use]
    pub fn terminate(&mut self) -> i32 {
        let pid = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(asked.expect("`kill` runs").success());
        let status = self.child.wait().expect("a process of ours");
        status.code().expect("an exit code")
    }

    /// Returns the id of the server's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns whoever opens a bucket with a key.
    #[must_use]
    pub fn client(&self, key: (&str, &str), bucket: &str) -> Client {
        Client {
            endpoint: self.endpoint.clone(),
            key: key.0.to_owned(),
            secret: key.1.to_owned(),
            bucket: bucket.to_owned(),
        }
    }

    /// Returns the files in the server's folder.
    ///
    /// # Panics
    /// When a folder cannot be read.
    #[must_use]
    pub fn files(&self) -> Vec<std::path::PathBuf> {
        let mut found = vec![self.folder.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = found.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => found.push(path),
                    false => files.push(path),
                }
            }
        }
        files
    }
}

impl Drop for BlobServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(folder: &TempDir, listen: &str) -> (Child, String) {
    let control = folder.path().join("control");
    let settings =
        serde_json::json!({ "data": folder.path().join("data"), "listen": listen, "control": control });
    let file = folder.path().join("server.json");
    std::fs::write(&file, settings.to_string()).expect("its settings");
    let mut child = Command::new(machine::binary())
        .args(["internal", "blob-server", "--config"])
        .arg(&file)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut said = BufReader::new(child.stdout.take().expect("piped"));
    let mut endpoint = String::new();
    said.read_line(&mut endpoint).expect("an address");
    let tenancy = serde_json::json!({ "serve": {
        "buckets": [
            { "name": BUCKET, "versioning": false, "expire_days": 30, "expire_noncurrent_days": null },
            { "name": KEPT, "versioning": true, "expire_days": null, "expire_noncurrent_days": null },
        ],
        "keys": [
            { "id": KEY.0, "secret": KEY.1, "buckets": [BUCKET, KEPT] },
            { "id": KEPT_KEY.0, "secret": KEPT_KEY.1, "buckets": [KEPT] },
        ],
    }});
    let mut stream = UnixStream::connect(&control).expect("its control socket");
    writeln!(stream, "{tenancy}").expect("a question");
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).expect("an answer");
    assert!(answer.starts_with(r#"{"status""#), "{answer}");
    (child, endpoint.trim_end().to_owned())
}
