//! moto: AWS in memory, an independent judge, gone with the test. Seen from outside with `boto3`.

use std::path::{Path, PathBuf};

use crate::environment::TestEnv;
use crate::machine;
use crate::warm::{self, Server};

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
    _server: Server,
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
        let folders: Vec<_> = extensions.iter().filter_map(|folder| folder.to_str()).collect();
        // Nobody starts machines from an image, and two thousand of them are made in every region.
        let variables = [&[("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")], variables].concat();
        let mut server = Server::start(&program, &folders, &variables);
        let said = server.line().unwrap_or_default();
        assert!(said.starts_with("http://"), "{said}\n{:?}", server.line());
        Some(Moto {
            _server: server,
            endpoint: said,
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
        let arguments: Vec<_> = [Some(self.endpoint.as_str()), folder.and_then(Path::to_str)]
            .into_iter()
            .flatten()
            .collect();
        warm::run(&format!("{CLIENT}{script}"), &arguments, &[])
            .unwrap_or_else(|failed| panic!("{script}\n{failed}"))
    }
}
