//! What happened, line by line: printed when a seed fails, and compared to show that a seed replays.

use std::fmt::Arguments;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// What happened so far. Clones share it.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: Instant,
    lines: Mutex<Vec<String>>,
}

impl Trace {
    /// Returns an empty trace that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Trace(Arc::new(Inner {
            began: Instant::now(),
            lines: Mutex::default(),
        }))
    }

    /// Adds a line, with the virtual time before it.
    pub fn say(&self, line: Arguments<'_>) {
        let seconds = self.0.began.elapsed().as_secs_f64();
        let line = format!("{seconds:9.3} {line}");
        self.lines().push(line);
    }

    /// Returns all lines.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.lines().clone()
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
