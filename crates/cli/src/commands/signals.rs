//! The signals that ask this process to end. From the first that is listened for none is lost, whoever looks for them
//! next: the apply of a plan, the program that runs in what was applied, the destroy after it.

use std::io;
use std::sync::{Arc, OnceLock};

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A reader of what came; each copy reads on its own from where it was copied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signals {
    received: Arc<OnceLock<watch::Receiver<Vec<Signal>>>>,
    seen: usize,
}

/// A Ctrl-C, a termination, a terminal that is closed, a Ctrl-\.
const ASKING: [Signal; 4] = [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT];

impl Signals {
    /// Listens from now on, instead of being ended by a signal. What this process was started to ignore, as `nohup`
    /// does, stays ignored.
    pub(crate) fn listen(&self) -> io::Result<()> {
        if self.received.get().is_some() {
            return Ok(());
        }
        let (sender, receiver) = watch::channel(Vec::new());
        let sender = Arc::new(sender);
        let ignored = ignored();
        for asking in ASKING.into_iter().filter(|one| !is_in(ignored, *one)) {
            let mut stream = signal(SignalKind::from_raw(asking.as_raw()))?;
            let sender = Arc::clone(&sender);
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    sender.send_modify(|all| all.push(asking));
                }
            });
        }
        // All that listen are on one task at a time, so nobody else was faster.
        let _ = self.received.set(receiver);
        Ok(())
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        let seen = self.seen;
        if let Some(received) = self.received.get() {
            let mut received = received.clone();
            let came = received.wait_for(|all| all.len() > seen).await;
            if let Some(signal) = came.ok().and_then(|all| all.get(seen).copied()) {
                self.seen += 1;
                return signal;
            }
        }
        std::future::pending().await
    }

    /// Returns the first signal that came and was not looked at.
    pub(crate) fn came(&self) -> Option<Signal> {
        self.received.get()?.borrow().get(self.seen).copied()
    }

    /// Takes all that came as looked at.
    pub(crate) fn forget(&mut self) {
        self.seen = self.received.get().map_or(0, |received| received.borrow().len());
    }
}

/// Returns the set of signals that this process was started to ignore, as the kernel writes it; none where it does not.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_in(&status)
}

fn ignored_in(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok())
        .unwrap_or_default()
}

fn is_in(set: u64, signal: Signal) -> bool {
    set & (1 << (signal.as_raw() - 1)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_ignored_signals_is_read_as_the_kernel_writes_it() {
        let set = ignored_in("Name:\tinfra\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000004002\n");
        assert!(is_in(set, Signal::HUP), "`nohup` ignores the first");
        assert!(!is_in(set, Signal::INT));
        assert_eq!(ignored_in(""), 0);
    }
}
