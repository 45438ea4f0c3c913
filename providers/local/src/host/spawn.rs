//! Starts a server that outlives us: in a session of its own, so that neither the end of the engine nor an
//! interrupt typed at its terminal reaches it. No supervisor stays; what becomes of the server is seen when
//! the next plan looks.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Child;

use super::disk::DiskError;
use super::launch::{Launch, command};
use super::process::{Identity, ProcessError, executable, has_begun, identify};
use super::programs::{MissingProgram, Programs};

/// How often we look whether the wrappers have given way to the program: they need a few milliseconds.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long the wrappers may take on a machine that is busy.
pub const REACHED_WITHIN: Duration = Duration::from_secs(10);
/// How much of a log is quoted in an error.
const LOG_TAIL_BYTES: u64 = 4096;
/// Lets only the owner read what the program writes, and closes descriptors that whoever called us left
/// open: a server that holds a pipe of `make` would keep `make` waiting for as long as it runs. It needs
/// `bash`: other shells cannot name a descriptor above nine.
const FIRST_STEP: &str = r#"umask 077
for open in /proc/self/fd/*; do
  open=${open##*/}
  if [ "$open" -gt 2 ]; then eval "exec $open>&-"; fi
done
exec "$@""#;

/// A server to start.
#[derive(Debug, Clone)]
pub struct SpawnRequest {
    /// What to execute; its owner is how the server is found again after a crash.
    pub launch: Launch,
    /// The file to which its output is appended.
    pub log: PathBuf,
    /// How long until the program itself, and not a wrapper, must run.
    pub reached_within: Duration,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The program or one of the wrappers is not there.
    #[error("Cannot start `{}`", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A wrapper is not installed.
    #[error("A program needed to start servers is missing")]
    Missing(#[from] MissingProgram),
    /// It ended before it could be called started.
    #[error("`{}` ended at once ({status}): {log_tail}", program.display())]
    Ended {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log, of this start only.
        log_tail: String,
    },
    /// The wrappers did not give way to the program in time.
    #[error("`{}` did not start within {waited:?}", program.display())]
    Late {
        /// The program.
        program: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// Its log cannot be written.
    #[error("Cannot write the log")]
    Log(#[from] DiskError),
    /// The process cannot be looked at.
    #[error("Cannot look at the process started")]
    Process(#[from] ProcessError),
}

/// Starts a server and returns who it is, once the program itself runs.
///
/// Whether it is ready to serve is for the caller to ask in its own protocol.
///
/// # Errors
/// [`SpawnError`] when it cannot be started or ends at once; nothing is left running then.
pub async fn spawn(request: &SpawnRequest, programs: &Programs) -> Result<Identity, SpawnError> {
    let program = request.launch.program.clone();
    let started = |source| SpawnError::Start {
        program: program.clone(),
        source,
    };
    let wanted = program.canonicalize().map_err(started)?;
    let (log, offset) = open_log(&request.log)?;
    let log_again = log
        .try_clone()
        .map_err(|source| DiskError::from_io("open", &request.log, source))?;
    let child = command(&request.launch, wrapper(programs)?, programs)?
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(log_again)
        .spawn()
        .map_err(started)?;
    let reached = reach(child, &wanted, request.reached_within).await?;
    match reached {
        Reached::Program(identity) => Ok(identity),
        Reached::End(status) => Err(SpawnError::Ended {
            program,
            status,
            log_tail: log_tail(&request.log, offset),
        }),
        Reached::Deadline => Err(SpawnError::Late {
            program,
            waited: request.reached_within,
        }),
    }
}

/// Returns the last lines that a log received after `offset`; empty when it cannot be read.
#[must_use]
pub fn log_tail(path: &Path, offset: u64) -> String {
    read_tail(path, offset).unwrap_or_default()
}

/// Returns the length of a log, to quote later only what came after it.
#[must_use]
pub fn log_length(path: &Path) -> u64 {
    path.metadata().map_or(0, |found| found.len())
}

enum Reached {
    Program(Identity),
    End(ExitStatus),
    Deadline,
}

async fn reach(mut child: Child, wanted: &Path, within: Duration) -> Result<Reached, ProcessError> {
    let Some(pid) = child.id() else {
        return Ok(Reached::Deadline);
    };
    let look = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            if let Ok(Some(status)) = child.try_wait() {
                return Ok(Reached::End(status));
            }
            if executable(pid)?.is_some_and(|found| found == wanted)
                && has_begun(pid)?
                && let Some(identity) = identify(pid)?
            {
                return Ok(Reached::Program(identity));
            }
        }
    };
    let outcome = tokio::time::timeout(within, look)
        .await
        .unwrap_or(Ok(Reached::Deadline));
    if !matches!(outcome, Ok(Reached::Program(_) | Reached::End(_))) {
        // It is our own child and not yet reaped, so the number cannot be another's.
        let _ = child.kill().await;
    }
    outcome
}

/// `setsid` would fork in the leader of a process group; the child of a running program never is one.
fn wrapper(programs: &Programs) -> Result<Vec<OsString>, MissingProgram> {
    let setsid = programs.require("setsid")?.into();
    let shell = programs.require("bash")?.into();
    Ok(vec![
        setsid,
        shell,
        "-c".into(),
        FIRST_STEP.into(),
        "infra-spawn".into(),
    ])
}

fn open_log(path: &Path) -> Result<(File, u64), DiskError> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| DiskError::from_io("open", path, source))?;
    Ok((file, log_length(path)))
}

fn read_tail(path: &Path, offset: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(offset.max(length.saturating_sub(LOG_TAIL_BYTES))))?;
    let mut bytes = Vec::new();
    file.take(LOG_TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

#[cfg(test)]
mod tests;
