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
    /// Returns a file as it is understood, with the variables of another in place.
    ///
    /// # Panics
    /// When the file is refused.
    #[must_use]
    pub fn parsed(&self, file: &Path, variables: &Path) -> Json {
        let output = self.read(file, Some(variables));
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {error}", file.display());
        assert!(error.is_empty(), "{}: {error}", file.display());
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Returns what is said of a file that is refused for want of a variable.
    ///
    /// # Panics
    /// When it is accepted.
    #[must_use]
    pub fn refusal(&self, file: &Path) -> String {
        let output = self.read(file, None);
        assert!(!output.status.success(), "{}", file.display());
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn read(&self, file: &Path, variables: Option<&Path>) -> Output {
        let mut command = Command::new(&self.program);
        // Without a file of its own it would take the `.env` that lies beside.
        let variables = variables.unwrap_or(Path::new("/dev/null"));
        command.arg("--env-file").arg(variables).arg("--file").arg(file);
        // A stranger's variables decide nothing here.
        command.env_clear().args(["config", "--format", "json"]);
        command.output().expect("Docker Compose runs")
    }
}
