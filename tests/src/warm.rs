//! Python that is warm: a process imports moto and boto3 once for all tests of a run, and every program runs in a fork of it.
//! It ends with the run.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::process::Command;

use crate::machine;

/// Runs the file in the first argument with the others, as `python3 FILE …` does.
const FILE: &str = "
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
";

/// A server that is a file of Python, and which serves as long as its standard input is open.
#[derive(Debug)]
pub struct Server {
    connection: BufReader<UnixStream>,
}

impl Server {
    /// Starts it.
    ///
    /// # Panics
    /// When Python cannot be started.
    #[must_use]
    pub fn start(file: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let file = file.to_str().expect("a path of the tests");
        let arguments: Vec<_> = [file].into_iter().chain(arguments.iter().copied()).collect();
        Server {
            connection: BufReader::new(ask(FILE, &arguments, variables)),
        }
    }

    /// Returns the next line that it says; none when it has ended.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.connection.read_line(&mut line).unwrap_or_default();
        (length > 0).then(|| line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.connection.get_ref().shutdown(Shutdown::Write);
        let _ = self.connection.read_to_end(&mut Vec::new());
    }
}

/// Runs a program and returns what it printed.
///
/// # Errors
/// The traceback of the exception that ended it.
///
/// # Panics
/// When Python cannot be started.
pub fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<String, String> {
    let mut said = String::new();
    ask(program, arguments, variables)
        .read_to_string(&mut said)
        .expect("text");
    let (printed, failed) = said.trim_end().rsplit_once('\n').expect("a last line");
    match serde_json::from_str(failed).expect("why it failed, or null") {
        Some(traceback) => Err(traceback),
        None => Ok(printed.to_owned()),
    }
}

/// Asks for a fork that runs a program, whose standard input and output the connection is.
fn ask(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> UnixStream {
    let variables: serde_json::Map<_, _> = variables
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.into()))
        .collect();
    let request = serde_json::json!({ "program": program, "arguments": arguments, "variables": variables });
    let mut connection = connect();
    writeln!(connection, "{request}").expect("it listens");
    connection
}

fn connect() -> UnixStream {
    let (name, owner) = owner();
    let address = SocketAddr::from_abstract_name(&name).expect("a short name");
    let mut connection = UnixStream::connect_addr(&address).ok();
    if connection.is_none() {
        start(&name, owner);
        machine::wait_until("Python listens", || {
            connection = UnixStream::connect_addr(&address).ok();
            connection.is_some()
        });
    }
    connection.expect("waited for")
}

/// Returns the name of this run's process, and the process with which it ends: the runner, or where there is none this test.
fn owner() -> (String, u32) {
    match machine::variable("NEXTEST_RUN_ID") {
        Some(run) => (
            format!("infra-tests-{}", run.display()),
            std::os::unix::process::parent_id(),
        ),
        None => (format!("infra-tests-{}", std::process::id()), std::process::id()),
    }
}

fn start(name: &str, owner: u32) {
    let started = Command::new("python3")
        .arg(machine::project().join("tests/src/warm/server.py"))
        .args([name, &owner.to_string()])
        .env("PYTHONPATH", machine::servers().join("moto/lib"))
        .output()
        .expect("`python3` runs");
    let errors = String::from_utf8_lossy(&started.stderr);
    assert!(started.status.success(), "{errors}");
}
