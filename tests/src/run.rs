//! What a run of the binary said and how it ended.

use std::path::Path;
use std::process::Output;

/// A finished run.
#[must_use = "look at how it ended"]
#[derive(Debug)]
pub struct Run {
    /// The exit code; 255 for a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    command: String,
}

impl Run {
    pub(crate) fn new(arguments: &[&str], output: &Output, root: &Path) -> Self {
        let clean =
            |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&root.display().to_string(), "[ROOT]");
        Run {
            code: output.status.code().unwrap_or(255),
            stdout: clean(&output.stdout),
            stderr: clean(&output.stderr),
            command: format!("infra {}", arguments.join(" ")),
        }
    }

    /// Fails the test unless the run ended with this code; shows all that it said.
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Run {
            code,
            stdout,
            stderr,
            command,
        } = self;
        write!(
            f,
            "$ {command}\n--- exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}"
        )
    }
}
