//! The systems that must run on the engine, all on one machine at once: each comes up, wants no more, is used by a
//! program, and leaves nothing.

use std::process::Command;

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::servers::{namespaces_of, processes_of};

/// The stacks, and the environment of each that this machine provides.
const STACKS: [(&str, &str); 6] = [
    ("celery-platform", "local"),
    ("event-api", "local"),
    ("experimentation", "local"),
    ("gitops-apps", "development"),
    ("saas-platform", "ci"),
    ("saas-platform", "local"),
];

/// What a program does with the settings that it is given: it writes to all three and reads back.
const PROGRAM: &str = r#"
import os, socket, urllib.parse, boto3
url = urllib.parse.urlsplit(os.environ["REDIS_URL"])
server = socket.socket(socket.AF_UNIX if url.scheme == "unix" else socket.AF_INET)
server.connect(url.path if url.scheme == "unix" else (url.hostname, url.port))
for command in [["AUTH", url.username, url.password], ["SET", "k", "v"], ["GET", "k"]]:
    server.sendall(("*%d\r\n" % len(command) + "".join("$%d\r\n%s\r\n" % (len(w), w) for w in command)).encode())
    answer = server.recv(1000)
assert answer == b"$1\r\nv\r\n", answer
s3 = boto3.client("s3", endpoint_url=os.environ["ASSET_ENDPOINT"], region_name="eu-west-1")
s3.put_object(Bucket=os.environ["ASSET_BUCKET"], Key="k", Body=b"v")
assert s3.get_object(Bucket=os.environ["ASSET_BUCKET"], Key="k")["Body"].read() == b"v"
import subprocess
sql = "create table t as select 'v' as v; select v from t"
said = subprocess.run([os.environ["PSQL"], "-XqAt", os.environ["DATABASE_URL"], "-c", sql], capture_output=True, check=True)
assert said.stdout == b"v\n", said
print("used all three")
"#;

struct Up {
    env: TestEnv,
    environment: &'static str,
}

impl Up {
    fn run(&mut self, command: &[&str], code: i32) {
        let _ = self.env.run(command).expect(code);
    }

    fn is_gone(&self) {
        machine::wait_until("no process is left", || processes_of(&self.env).is_empty());
        assert_eq!(namespaces_of(&self.env), Vec::<String>::new());
        let left = std::fs::read_dir(self.env.folder().join(".infra").join(self.environment));
        let left: Vec<_> = left
            .expect("the state stays")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(left, ["state"]);
    }
}

#[test]
fn all_systems_come_up_side_by_side_and_leave_nothing() {
    let test = "all_systems_come_up_side_by_side";
    if !machine::has_servers(test) {
        return;
    }
    let mut all: Vec<Up> = STACKS
        .into_iter()
        .map(|(stack, environment)| Up {
            env: TestEnv::copy_of(&format!("stacks/{stack}")),
            environment,
        })
        .collect();
    for up in &mut all {
        up.run(&["apply", up.environment, "--yes"], 0);
    }
    for up in &mut all {
        up.run(&["plan", up.environment, "--detailed-exitcode"], 0);
    }
    for up in &mut all {
        up.run(&["stop", up.environment], 0);
        assert_eq!(processes_of(&up.env), []);
    }
    for up in &mut all {
        up.run(&["start", up.environment], 0);
        up.run(&["plan", up.environment, "--detailed-exitcode"], 0);
    }
    uses_everything(test, all.last_mut().expect("a stack"));
    for up in &mut all {
        up.run(&["destroy", up.environment, "--yes"], 0);
        up.is_gone();
    }
}

/// Runs a program of the stack that has everything, with the settings of all its consumers.
fn uses_everything(test: &str, up: &mut Up) {
    let boto3 = machine::servers().join("moto/lib");
    if !boto3.is_dir() {
        machine::skip(
            test,
            "boto3 is not installed; run: scripts/install-servers --for-tests",
        );
        return;
    }
    let psql = machine::servers().join("postgresql-16/bin/psql");
    let mut command: Command = up
        .env
        .command(&["run", up.environment, "--", "python3", "-c", PROGRAM]);
    let output = command.env("PYTHONPATH", boto3).env("PSQL", psql).output();
    let output = output.expect("the binary starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "used all three\n");
}
