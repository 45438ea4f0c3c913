//! What the owner of a server is told of failures that a client can do nothing about. Whoever runs the server decides where
//! it goes; clients are not told paths of the machine.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Takes lines.
#[derive(Clone)]
pub struct Log(Arc<dyn Fn(&str) + Send + Sync>);

impl Log {
    /// Returns a log whose lines are written like this.
    #[must_use]
    pub fn new(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(write))
    }

    /// Writes what was done when something failed, and all that is known of why.
    pub fn failure(&self, doing: &str, error: &(dyn Error + 'static)) {
        (self.0)(&format!("{doing}: {}", chain(error)));
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Log")
    }
}

/// Returns an error with all its causes in one line; one that says no more than the one before it is left out.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error: &&(dyn Error + 'static)| (**error).source());
    let mut texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}
