//! Docker Compose as a judge: it reads a file as it would to start it, and needs no Docker for that.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::machine;

/// The program; none when it is not installed, and then the test is noted as skipped.
#[must_use]
pub fn judge(test: &str) -> Option<Judge> {
    let program = machine::servers().join("compose/bin/docker-compose");
    if program.is_file() {
        return Some(Judge { program });
    }
    machine::skip(
        test,
        "Docker Compose is not installed; run: scripts/install-servers --for-tests",
    );
    None
}

/// Docker Compose.
#[derive(Debug)]
pub struct Judge {
    program: std::path::PathBuf,
}

impl Judge {
    /// Returns files as they are understood together, with the variables of another in place.
    ///
    /// # Panics
    /// When they are refused, or something is said about them.
    #[must_use]
    pub fn parsed(&self, files: &[&Path], variables: &Path) -> Json {
        let output = self.read(files, variables);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{files:?}: {error}");
        assert!(error.is_empty(), "{files:?}: {error}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Returns what is said of a file that is refused for want of a variable.
    ///
    /// # Panics
    /// When it is accepted.
    #[must_use]
    pub fn refusal(&self, file: &Path) -> String {
        // Without a file of its own it would take the `.env` that lies beside.
        let output = self.read(&[file], Path::new("/dev/null"));
        assert!(!output.status.success(), "{}", file.display());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn read(&self, files: &[&Path], variables: &Path) -> Output {
        let mut command = Command::new(&self.program);
        // A stranger's variables decide nothing here.
        command.env_clear().arg("--env-file").arg(variables);
        for file in files {
            command.arg("--file").arg(file);
        }
        command.args(["config", "--format", "json"]);
        command.output().expect("Docker Compose runs")
    }
}
