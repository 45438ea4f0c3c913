//! What can go wrong inside, in a form that can be told to every caller of a batch that failed as one.

use std::error::Error;
use std::io;

use crate::contract::StoreError;
use crate::stores::object::cause::Cause;

/// A refusal or failure of the object storage, or of what is in it.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// A newer engine wrote an object.
    Newer { found: u32 },
    /// Something is not what was written.
    Damaged { what: String },
    /// The value cannot be written.
    Unwritable { what: String },
    /// The disk of the folder is full.
    Full { path: String },
    /// The storage cannot be reached or refuses.
    Io { attempt: &'static str, cause: Cause },
}

impl Failure {
    /// Returns the failure of an object that is not what it should be.
    pub(super) fn damaged(name: &str, what: &str) -> Self {
        Failure::Damaged {
            what: format!("the object `{name}` {what}"),
        }
    }

    /// Sorts an error of the storage: a full disk is not like any other.
    pub(super) fn sort(attempt: &'static str, path: &str, error: &object_store::Error) -> Self {
        if is_full(error) {
            return Failure::Full {
                path: path.to_owned(),
            };
        }
        Failure::Io {
            attempt,
            cause: Cause::of(path, error),
        }
    }

    /// Says where a damaged object is.
    pub(super) fn within(self, place: &str) -> Self {
        match self {
            Failure::Damaged { what } => Failure::Damaged {
                what: format!("{what}, in `{place}`"),
            },
            other => other,
        }
    }
}

/// Tells whether the disk below is full.
pub(super) fn is_full(error: &object_store::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(
            kind,
            Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        ) {
            return true;
        }
        cause = error.source();
    }
    false
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Newer { found } => StoreError::Newer { found },
            Failure::Damaged { what } => StoreError::Damaged { what },
            Failure::Unwritable { what } => StoreError::Unwritable { what },
            Failure::Full { path } => StoreError::Full { path },
            Failure::Io { attempt, cause } => StoreError::Io {
                attempt,
                source: Box::new(cause),
            },
        }
    }
}
