//! What can go wrong on the way to the server and back, in a form that can be told to every caller of a transaction
//! that failed as one, and whether another try may go better.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::contract::StoreError;
use crate::stores::postgres::address::Address;

/// Why a transaction was not carried out.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Nothing was written, and the reason may pass: the server restarts, the connection broke, a lock was held.
    Passing { attempt: &'static str, cause: Cause },
    /// Nothing was written, because another writer has the lock for longer than any change takes.
    Blocked { cause: Cause },
    /// It will fail again.
    Lasting { attempt: &'static str, cause: Cause },
    /// A newer engine made the tables.
    Newer { found: u32 },
    /// Something is not what was written.
    Damaged { what: String },
    /// The server's disk is full.
    Full { path: String },
}

/// Why, as one sentence without secrets; text, because one error goes to many callers.
#[derive(Clone, Debug)]
pub(super) struct Cause(String);

impl Cause {
    pub(super) fn new(text: String) -> Self {
        Cause(text)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Cause {}

/// What the server does while it starts, stops, breaks off an idle or a blocking transaction, or has no room.
const PASSING: &[&SqlState] = &[
    &SqlState::ADMIN_SHUTDOWN,
    &SqlState::CRASH_SHUTDOWN,
    &SqlState::CANNOT_CONNECT_NOW,
    &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    &SqlState::IDLE_SESSION_TIMEOUT,
    &SqlState::T_R_DEADLOCK_DETECTED,
    &SqlState::T_R_SERIALIZATION_FAILURE,
    &SqlState::TOO_MANY_CONNECTIONS,
    // Said of statements that were sent together with one that failed; another try tells why.
    &SqlState::IN_FAILED_SQL_TRANSACTION,
];

const CONNECTION_CLASS: &str = "08";

impl Failure {
    /// Returns the failure of damage in a database.
    pub(super) fn damaged(address: &Address, what: impl fmt::Display) -> Self {
        Failure::Damaged {
            what: format!("{what}, in `{}`", address.name),
        }
    }

    /// Returns the failure of something that will not pass by itself.
    pub(super) fn lasting(attempt: &'static str, address: &Address, why: impl fmt::Display) -> Self {
        Failure::Lasting {
            attempt,
            cause: Cause(format!("`{}`: {why}", address.name)),
        }
    }

    /// Returns the failure of a server that says nothing.
    pub(super) fn silent(attempt: &'static str, address: &Address, within: Duration) -> Self {
        Failure::Passing {
            attempt,
            cause: Cause(format!(
                "`{}`: no answer within {} s",
                address.name,
                within.as_secs()
            )),
        }
    }

    /// Sorts an error of the driver.
    pub(super) fn of(attempt: &'static str, address: &Address, error: &tokio_postgres::Error) -> Self {
        let cause = Cause(format!("`{}`: {}", address.name, describe(error)));
        match error.code() {
            Some(code) if *code == SqlState::DISK_FULL => Failure::Full {
                path: address.name.clone(),
            },
            Some(code) if *code == SqlState::LOCK_NOT_AVAILABLE => Failure::Blocked { cause },
            Some(code) if PASSING.contains(&code) || code.code().starts_with(CONNECTION_CLASS) => {
                Failure::Passing { attempt, cause }
            }
            None if is_of_connection(error) => Failure::Passing { attempt, cause },
            _ => Failure::Lasting { attempt, cause },
        }
    }

    /// Returns a function that sorts errors of one attempt.
    pub(super) fn on<'a>(
        attempt: &'static str,
        address: &'a Address,
    ) -> impl Fn(tokio_postgres::Error) -> Failure + Copy + 'a {
        move |error| Failure::of(attempt, address, &error)
    }

    /// Returns it as one after which another try is made, whatever it is.
    pub(super) fn passing(self) -> Self {
        match self {
            Failure::Lasting { attempt, cause } => Failure::Passing { attempt, cause },
            other => other,
        }
    }

    /// Returns it as what it becomes when nobody can find out any more whether a change was made.
    pub(super) fn in_doubt(self) -> Self {
        match self {
            Failure::Passing { cause, .. } | Failure::Lasting { cause, .. } | Failure::Blocked { cause } => {
                Failure::Lasting {
                    attempt: "written",
                    cause: Cause(format!(
                        "the connection broke while a change was committed, and it could not be found out whether \
                         it was: {cause}"
                    )),
                }
            }
            other => other,
        }
    }
}

/// A connection that closed or was too late has no cause; one that broke has the system's. A certificate that is not
/// believed and a message that is not understood are errors of the system too, but of invalid data.
fn is_of_connection(error: &tokio_postgres::Error) -> bool {
    let Some(source) = error.source() else {
        return true;
    };
    let invalid = [io::ErrorKind::InvalidData, io::ErrorKind::InvalidInput];
    source
        .downcast_ref::<io::Error>()
        .is_some_and(|error| !invalid.contains(&error.kind()))
}

/// The driver's own message says little; what the server or the system said is behind it.
fn describe(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), error.source()) {
        (Some(answer), _) => answer.message().to_owned(),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.to_string(),
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Passing { attempt, cause } | Failure::Lasting { attempt, cause } => StoreError::Io {
                attempt,
                source: Box::new(cause),
            },
            Failure::Blocked { cause } => StoreError::Io {
                attempt: "written",
                source: Box::new(cause),
            },
            Failure::Newer { found } => StoreError::Newer { found },
            Failure::Damaged { what } => StoreError::Damaged { what },
            Failure::Full { path } => StoreError::Full { path },
        }
    }
}
