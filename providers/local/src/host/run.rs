//! Runs a short-lived tool to its end and returns what it printed. Used for the tools that make and change
//! databases and networks; a server is started with `spawn`.

use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::disk::says_disk_full;
use super::launch::{Launch, command};
use super::programs::{MissingProgram, Programs};

/// A tool to run.
pub struct RunRequest {
    /// What to execute.
    pub launch: Launch,
    /// What it reads from its standard input, which may be secret.
    pub input: Vec<u8>,
    /// How long it may take.
    pub within: Duration,
}

impl std::fmt::Debug for RunRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("RunRequest")
            .field("launch", &self.launch)
            .field("input_bytes", &self.input.len())
            .field("within", &self.within)
            .finish()
    }
}

/// What a tool printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Why a tool did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It cannot be started.
    #[error("Cannot start `{}`", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A wrapper is not installed.
    #[error("A program needed to run tools is missing")]
    Missing(#[from] MissingProgram),
    /// It reports failure.
    #[error("`{}` failed ({status}): {stderr}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        stderr: String,
    },
    /// It found the disk full.
    #[error("The disk is full: {stderr}")]
    DiskFull {
        /// What it said.
        stderr: String,
    },
    /// It took too long and was killed.
    #[error("`{}` did not end within {waited:?}", program.display())]
    Late {
        /// The program.
        program: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// Its input or output broke.
    #[error("Cannot talk to `{}`", program.display())]
    Talk {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Runs a tool that must succeed and returns what it printed.
///
/// # Errors
/// [`RunError`] when it cannot run, reports failure or takes too long.
pub async fn run(request: RunRequest, programs: &Programs) -> Result<Output, RunError> {
    let program = request.launch.program.clone();
    let output = run_any(request, programs).await?;
    if output.status.success() {
        return Ok(output);
    }
    let stderr = output.stderr.trim().to_owned();
    if says_disk_full(&stderr) {
        return Err(RunError::DiskFull { stderr });
    }
    Err(RunError::Failed {
        program,
        status: output.status,
        stderr,
    })
}

/// Runs a tool and returns what it printed, also when it reports failure.
///
/// Dropping the future kills the tool. It is in a process group of its own, so that an interrupt typed at
/// the terminal lets it finish.
///
/// # Errors
/// [`RunError`] when it cannot run or takes too long.
pub async fn run_any(request: RunRequest, programs: &Programs) -> Result<Output, RunError> {
    let program = request.launch.program.clone();
    let talk = |source| RunError::Talk {
        program: program.clone(),
        source,
    };
    let mut child = command(&request.launch, Vec::new(), programs)?
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| RunError::Start {
            program: program.clone(),
            source,
        })?;
    let stdin = child.stdin.take();
    let input = request.input;
    let feed = async move {
        match stdin {
            Some(mut stdin) => stdin.write_all(&input).await,
            None => Ok(()),
        }
    };
    let both = async { tokio::join!(feed, child.wait_with_output()) };
    let Ok((fed, output)) = tokio::time::timeout(request.within, both).await else {
        return Err(RunError::Late {
            program: program.clone(),
            waited: request.within,
        });
    };
    let output = output.map_err(talk)?;
    match fed {
        // A tool may end without reading all; how it ended says whether that was right.
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => return Err(talk(source)),
        _ => {}
    }
    Ok(Output {
        status: output.status,
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

#[cfg(test)]
mod tests;
