//! Where a stack says that the state of an environment is kept.

use std::fmt;

use crate::sealing::Secret;

/// What a stack says of its store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreDeclaration {
    /// Where the state is.
    pub choice: StoreChoice,
    /// Where it was before, if the stack says so.
    pub previous: Option<StoreChoice>,
}

/// A store and how it is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum StoreChoice {
    /// A folder beside the stack, on this machine.
    #[default]
    Embedded,
    /// A bucket, a container or a directory.
    Object(ObjectChoice),
    /// A database of PostgreSQL.
    Postgres {
        /// Its URL, which may hold a password.
        url: Secret,
    },
}

/// An object store and how it is reached. Credentials come from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectChoice {
    /// `s3://bucket/prefix`, `az://container/prefix` or `file:///folder`.
    pub url: String,
    /// The region of the bucket.
    pub region: Option<String>,
    /// Whom to ask instead of the cloud's own address.
    pub endpoint: Option<String>,
    /// The storage account of the container.
    pub account: Option<String>,
}

impl StoreChoice {
    /// Returns the word that a stack chooses it with.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            StoreChoice::Embedded => "embedded",
            StoreChoice::Object(_) => "object",
            StoreChoice::Postgres { .. } => "postgres",
        }
    }
}

/// Names the place for people, without anything secret: `embedded`, `s3://bucket/prefix`, `postgres`.
impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreChoice::Object(object) => f.write_str(&object.url),
            StoreChoice::Embedded | StoreChoice::Postgres { .. } => f.write_str(self.kind()),
        }
    }
}
