//! An account of AWS for a test: moto with what `tests/moto` adds to it, seen from outside with `boto3`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use crate::environment::TestEnv;
use crate::machine;
use crate::moto::Moto;
use crate::warm;

/// The account of the stacks' environments: an example of AWS's own.
pub const STAGING: &str = "111122223333";
/// The account of the stacks' production environments: an example of AWS's own.
pub const PRODUCTION: &str = "444455556666";
/// The region of the stacks' environments.
pub const REGION: &str = "eu-west-1";

/// What a script of `boto3` starts with: `client(service)` makes a client, `show(value)` prints it as JSON.
const PRELUDE: &str = "
import functools, json, os, sys, boto3
from botocore.config import Config

@functools.cache
def client(service, region=None):
    return boto3.client(service, region_name=region or os.environ['AWS_REGION'], config=Config(retries={'max_attempts': 0}))

def show(value):
    print(json.dumps(value, default=str))
";

/// What lists everything in an account.
const INVENTORY: &str = include_str!("aws/inventory.py");

/// An account in a server of this test.
#[derive(Debug)]
pub struct Cloud {
    moto: Moto,
    account: String,
}

impl Cloud {
    /// Starts a server whose requests without a role belong to this account; none when it is not installed, and then the test is
    /// noted as skipped.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(test: &str, account: &str) -> Option<Self> {
        Cloud::start_with(test, account, &[])
    }

    /// The same with variables of the server's environment, which `tests/moto/README.md` lists.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start_with(test: &str, account: &str, variables: &[(&str, &str)]) -> Option<Self> {
        let variables: Vec<_> = [("MOTO_ACCOUNT_ID", account)]
            .into_iter()
            .chain(variables.iter().copied())
            .collect();
        Some(Cloud {
            moto: Moto::start_with(test, &[extension()], &variables)?,
            account: account.to_owned(),
        })
    }

    /// Returns the URL at which it answers for all services.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.moto.endpoint()
    }

    /// Returns the account.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Forgets all objects.
    ///
    /// # Panics
    /// When the server does not answer.
    pub fn reset(&self) {
        let _ = self.boto(
            "
from urllib.request import Request, urlopen
urlopen(Request(os.environ['AWS_ENDPOINT_URL'] + '/moto-api/reset', method='POST'))
",
        );
    }

    /// Gives an environment the endpoint and what it needs to sign its requests.
    #[must_use]
    pub fn known_to(&self, env: TestEnv) -> TestEnv {
        self.variables()
            .into_iter()
            .fold(env, |env, (name, value)| env.variable(name, value))
    }

    /// Returns the variables by which every tool of AWS finds the server.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "tests"),
            ("AWS_SECRET_ACCESS_KEY", "tests"),
        ]
    }

    /// Runs a script of `boto3` and returns what it last showed: `client(service)` makes a client, `show(value)` shows a value.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn boto(&self, script: &str) -> serde_json::Value {
        let said = warm::run(&format!("{PRELUDE}{script}"), &[], &self.variables())
            .unwrap_or_else(|failed| panic!("{script}\n{failed}"));
        let last = said.lines().last().unwrap_or("null");
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {said}"))
    }

    /// Returns what the account has, by type of resource and by the identity that the engine records, as `boto3` sees it.
    ///
    /// # Panics
    /// When it cannot be asked.
    #[must_use]
    pub fn inventory(&self) -> BTreeMap<String, BTreeMap<String, serde_json::Value>> {
        let seen = self.boto(&format!("{INVENTORY}\nshow(inventory())"));
        serde_json::from_value(seen).expect("objects by type and identity")
    }

    /// Returns how many objects of each type the account has.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.inventory()
            .into_iter()
            .map(|(of_type, objects)| (of_type, objects.len()))
            .collect()
    }

    /// Runs the command line of AWS and returns what it answered; none when it is not installed, and then the test is noted as
    /// skipped.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn cli(&self, test: &str, arguments: &[&str]) -> Option<String> {
        let program = machine::servers().join("aws/bin/aws");
        if !program.is_file() {
            machine::skip(
                test,
                "the command line of AWS is not installed; run: scripts/install-servers --for-tests",
            );
            return None;
        }
        let output = Command::new(program)
            .args(arguments)
            .envs(self.variables())
            .env("AWS_DEFAULT_REGION", REGION)
            .output()
            .expect("`aws` runs");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// Returns an environment with this stack and one environment `staging` on AWS.
#[must_use]
pub fn staging(stack: &str) -> TestEnv {
    let environment = format!(
        "environment \"staging\" {{\n  data = \"mock\"\n\n  provider \"aws\" {{\n    region  = \"{REGION}\"\n    account = \"{STAGING}\"\n  }}\n}}\n"
    );
    TestEnv::empty()
        .file("stack.hcl", stack)
        .file("env/staging.hcl", &environment)
}

/// Returns the folder with what is added to moto.
fn extension() -> PathBuf {
    machine::project().join("tests/moto")
}
