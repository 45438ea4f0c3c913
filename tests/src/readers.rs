//! Readers of files that are written for other tools, as `scripts/install-servers --for-tests` installs them: schemas of
//! Kubernetes and of the External Secrets Operator, and two parsers of `.env`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::machine;

/// The readers; none when they are not installed, and then the test is noted as skipped.
#[must_use]
pub fn readers(test: &str) -> Option<Readers> {
    let folder = machine::servers().join("readers");
    if folder.join("lib").is_dir() && folder.join("node_modules").is_dir() {
        return Some(Readers { folder });
    }
    machine::skip(
        test,
        "Readers of manifests are not installed; run: scripts/install-servers --for-tests",
    );
    None
}

/// The readers.
#[derive(Debug)]
pub struct Readers {
    folder: PathBuf,
}

impl Readers {
    /// Runs Python with what it may import, and returns what it printed.
    ///
    /// # Errors
    /// What it said when it failed.
    pub fn python(&self, script: &str, input: &str) -> Result<String, String> {
        let mut python = Command::new("python3");
        python
            .args(["-c", script])
            .env("PYTHONPATH", self.folder.join("lib"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        answer(python, input)
    }

    /// Runs a module of JavaScript with what it may import, and returns what it printed.
    ///
    /// # Errors
    /// What it said when it failed.
    pub fn node(&self, script: &str, input: &str) -> Result<String, String> {
        let mut node = Command::new("node");
        node.args(["--input-type=module", "--eval", script])
            .current_dir(&self.folder);
        answer(node, input)
    }
}

fn answer(mut command: Command, input: &str) -> Result<String, String> {
    let pipes = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = pipes.spawn().map_err(|error| error.to_string())?;
    let mut pipe = child.stdin.take().expect("piped");
    pipe.write_all(input.as_bytes())
        .map_err(|error| error.to_string())?;
    drop(pipe);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
