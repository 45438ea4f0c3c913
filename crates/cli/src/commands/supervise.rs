//! Runs a program to its end, with the signals that ask us to end passed on to it.

use std::fs::File;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpgrp, kill_process, kill_process_group, test_kill_process_group};

use crate::commands::signals::Signals;

/// How long what a program left running may take to end when asked to.
const ENDS_WITHIN: Duration = Duration::from_secs(5);
/// How often to look whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A program that was started.
#[derive(Debug)]
pub(crate) struct Program {
    child: Option<Child>,
    pid: Option<Pid>,
    /// Whether it leads a group of processes of its own. At a terminal it stays in ours, which the terminal's keys reach.
    leads: bool,
}

impl Program {
    /// Starts a program.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let leads = !is_in_foreground();
        if leads {
            command.process_group(0);
        }
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Program {
            child: Some(child),
            pid,
            leads,
        })
    }

    /// Waits for its end, and passes on what comes meanwhile.
    pub(crate) async fn end(&mut self, signals: &mut Signals) -> io::Result<ExitStatus> {
        let mut child = self.child.take().ok_or(io::ErrorKind::InvalidInput)?;
        let mut ended = tokio::task::spawn_blocking(move || child.wait());
        loop {
            tokio::select! {
                status = &mut ended => return status.map_err(io::Error::other)?,
                signal = signals.next() => self.pass_on(signal),
            }
        }
    }

    /// One that has ended just now needs no signal.
    fn pass_on(&self, signal: Signal) {
        let Some(pid) = self.pid else { return };
        if self.leads {
            let _ = kill_process_group(pid, signal);
        } else if signal == Signal::TERM || !is_in_foreground() {
            // All others are a terminal's, which sends them to the program too.
            let _ = kill_process(pid, signal);
        }
    }

    /// Ends what the program left running in its group; tells whether there was anything.
    pub(crate) async fn end_rest(&self) -> bool {
        let Some(group) = self
            .pid
            .filter(|group| self.leads && test_kill_process_group(*group).is_ok())
        else {
            return false;
        };
        let _ = kill_process_group(group, Signal::TERM);
        let deadline = Instant::now() + ENDS_WITHIN;
        let mut pace = tokio::time::interval(LOOK_EVERY);
        while test_kill_process_group(group).is_ok() {
            if Instant::now() > deadline {
                let _ = kill_process_group(group, Signal::KILL);
                break;
            }
            pace.tick().await;
        }
        true
    }
}

/// Returns the exit code that a shell would: that of the program, or 128 and the number of the signal that ended it.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Returns the exit code of a process that a signal ended.
pub(crate) fn ended_by(signal: Signal) -> ExitCode {
    ExitCode::from(u8::try_from(128 + signal.as_raw()).unwrap_or(1))
}

/// Tells whether a terminal's keys reach this process.
fn is_in_foreground() -> bool {
    let terminal = File::open("/dev/tty");
    terminal.is_ok_and(|terminal| rustix::termios::tcgetpgrp(terminal).is_ok_and(|group| group == getpgrp()))
}
