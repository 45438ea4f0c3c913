//! What the machine has: the binary, the servers, the right to make namespaces. What is missing skips a test with a line.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

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
