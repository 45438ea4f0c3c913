//! What the machine has: the binary, the servers, the right to make namespaces. What is missing skips a test with a line.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Returns a variable of the test runner's environment.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by their runner where things are"
)]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns the project's folder.
#[must_use]
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the project")
        .to_owned()
}

/// Returns the binary under test: `INFRA_BIN`, or the one built beside this test.
#[must_use]
pub fn binary() -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().expect("the test's own path");
        test.ancestors().nth(2).expect("target/<profile>").join("infra")
    };
    let binary = variable("INFRA_BIN").map_or_else(beside, PathBuf::from);
    assert!(
        binary.is_file(),
        "{} is not built; run: make e2e",
        binary.display()
    );
    binary
}

/// Returns the folder where scratch folders are made: below the target folder, never a temporary one that a machine
/// may sweep while servers run in it.
#[must_use]
pub fn scratch() -> PathBuf {
    let folder = binary().ancestors().nth(2).expect("a target folder").join("e2e");
    std::fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

/// Returns the folder of installed servers.
#[must_use]
pub fn servers() -> PathBuf {
    let data = || {
        let home = || PathBuf::from(variable("HOME").unwrap_or_default()).join(".local/share");
        variable("XDG_DATA_HOME")
            .map_or_else(home, PathBuf::from)
            .join("infra/servers")
    };
    variable("INFRA_SERVERS").map_or_else(data, PathBuf::from)
}

/// Returns a program of the installed PostgreSQL, or notes that the test is skipped.
#[must_use]
pub fn postgres_program(test: &str, name: &str) -> Option<PathBuf> {
    let program = servers().join("postgresql-16/bin").join(name);
    if program.is_file() {
        return Some(program);
    }
    skip(
        test,
        "no PostgreSQL 16 is installed; run: scripts/install-servers",
    );
    None
}

/// Says whether the servers of the local provider are installed, or notes that the test is skipped.
#[must_use]
pub fn has_servers(test: &str) -> bool {
    let pooler = || servers().join("pgbouncer/bin/pgbouncer").is_file();
    if postgres_program(test, "psql").is_none() {
        return false;
    }
    let found = pooler();
    if !found {
        skip(test, "no PgBouncer is installed; run: scripts/install-servers");
    }
    found
}

/// Says whether this process is root.
#[must_use]
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Says whether segments are namespaces of the host that a test can enter, or notes that the test is skipped.
#[must_use]
pub fn has_namespaces(test: &str) -> bool {
    let quiet = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = is_root() && quiet("ip", &["netns", "list"]) && quiet("nft", &["list", "tables"]);
    if !found {
        skip(test, "namespaces of the host need root, `ip` and `nft`");
    }
    found
}

/// Waits until a condition holds.
///
/// # Panics
/// When it does not within half a minute, which is long even for a machine that does much else.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Notes that a test is skipped and why, where `make test` collects it.
pub fn skip(test: &str, reason: &str) {
    let line = format!("{test}: {reason}\n");
    let noted = variable("INFRA_TEST_SKIPS").and_then(|path| {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .ok()?;
        file.write_all(line.as_bytes()).ok()
    });
    if noted.is_none() {
        let _ = std::io::stderr().write_all(format!("skipped {line}").as_bytes());
    }
}
