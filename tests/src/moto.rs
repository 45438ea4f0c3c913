//! moto: AWS in memory, an independent judge, gone with the test. Seen from outside with `boto3`.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::environment::TestEnv;
use crate::machine;

/// The bucket that there is.
pub const BUCKET: &str = "states";

/// What requests are signed with: long and rare enough to be looked for.
pub const SECRET_KEY: &str = "moto-takes-any-secret-key-7b20e5";

/// What makes a client of boto3 for the server at the address in the first argument.
const CLIENT: &str = "
import os, sys, boto3
s3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='eu-central-1',
                  aws_access_key_id='tests', aws_secret_access_key='tests')
";

/// A server of this test.
#[derive(Debug)]
pub struct Moto {
    child: Child,
    /// The server ends when this is closed, even if the test is killed.
    _alive: ChildStdin,
    endpoint: String,
}

impl Moto {
    /// Starts a server with one empty bucket; none when it is not installed, and then the test is noted as skipped.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let moto = Moto::start_with(test, &[], &[])?;
        moto.ask(&format!("s3.create_bucket(Bucket='{BUCKET}', CreateBucketConfiguration={{'LocationConstraint': 'eu-central-1'}})"), None);
        Some(moto)
    }

    /// Starts an empty server with folders of extensions and variables of its environment; none when it is not installed, and
    /// then the test is noted as skipped.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_with(test: &str, extensions: &[PathBuf], variables: &[(&str, &str)]) -> Option<Self> {
        let program = machine::servers().join("moto/bin/moto-server");
        if !program.is_file() {
            machine::skip(
                test,
                "moto is not installed; run: scripts/install-servers --for-tests",
            );
            return None;
        }
        let mut child = Command::new(program)
            .args(extensions)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("moto starts");
        let alive = child.stdin.take().expect("piped");
        let said = BufReader::new(child.stdout.take().expect("piped"));
        let endpoint = said
            .lines()
            .map_while(Result::ok)
            .find(|line| line.starts_with("http://"));
        Some(Moto {
            child,
            _alive: alive,
            endpoint: endpoint.expect("moto says where it listens"),
        })
    }

    /// Returns the URL at which it answers for all services.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Returns a block `store` for a prefix in the bucket.
    #[must_use]
    pub fn store(&self, prefix: &str) -> String {
        format!(
            "store \"object\" {{\n  url      = \"s3://{BUCKET}/{prefix}\"\n  region   = \"eu-central-1\"\n  endpoint = \"{}\"\n}}\n",
            self.endpoint
        )
    }

    /// Gives an environment what it needs to sign its requests.
    #[must_use]
    pub fn known_to(env: TestEnv) -> TestEnv {
        env.variable("AWS_ACCESS_KEY_ID", "tests")
            .variable("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    }

    /// Writes every object of the bucket to a file below a folder, and returns the names.
    ///
    /// # Panics
    /// When the server does not answer.
    #[must_use]
    pub fn download(&self, folder: &Path) -> Vec<String> {
        let script = format!(
            "
for page in s3.get_paginator('list_objects_v2').paginate(Bucket='{BUCKET}'):
    for found in page.get('Contents', []):
        path = os.path.join(sys.argv[2], found['Key'])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        s3.download_file('{BUCKET}', found['Key'], path)
        print(found['Key'])
"
        );
        self.ask(&script, Some(folder))
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Runs Python with a client `s3`, and returns what it printed.
    fn ask(&self, script: &str, folder: Option<&Path>) -> String {
        let mut python = Command::new("python3");
        python
            .args(["-c", &format!("{CLIENT}{script}"), &self.endpoint])
            .args(folder)
            .env("PYTHONPATH", machine::servers().join("moto/lib"));
        let output = python.output().expect("`python3` runs");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
