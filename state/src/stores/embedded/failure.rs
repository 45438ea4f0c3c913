//! What can go wrong inside, in a form that can be told to every caller of a batch that failed as one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use infra_model::clock::Timestamp;

use crate::contract::StoreError;

/// A refusal or failure of the database or its files.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Another process has the database.
    Held { holder: String, until: Timestamp },
    /// A newer engine made the folder.
    Newer { found: u32 },
    /// Something is not what was written.
    Damaged { path: PathBuf, what: String },
    /// The disk is full.
    Full { path: PathBuf },
    /// The system refused.
    Io { attempt: &'static str, message: String },
}

impl Failure {
    /// Returns the failure of damage in a folder or file.
    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Failure::Damaged {
            path: path.to_owned(),
            what: what.into(),
        }
    }

    /// Sorts an error of the file system: a full disk is not like any other.
    pub(super) fn io(attempt: &'static str, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Failure::Full {
                path: path.to_owned(),
            },
            _ => Failure::Io {
                attempt,
                message: format!("{error}: {}", path.display()),
            },
        }
    }

    /// Returns a function that sorts errors of one attempt on one path.
    pub(super) fn on<'a>(attempt: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Failure + 'a {
        move |error| Failure::io(attempt, path, &error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Held { holder, until } => StoreError::Held { holder, until },
            Failure::Newer { found } => StoreError::Newer { found },
            Failure::Damaged { path, what } => StoreError::Damaged {
                what: format!("{what}, in `{}`", path.display()),
            },
            Failure::Full { path } => StoreError::Full {
                path: path.display().to_string(),
            },
            Failure::Io { attempt, message } => StoreError::Io {
                attempt,
                source: Box::new(Cause(message)),
            },
        }
    }
}

/// The system's message, kept as text because one error goes to many callers.
#[derive(Debug)]
struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}
