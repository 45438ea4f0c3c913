//! The local key vault: one encrypted file per secret, with all its versions.
//!
//! No server runs. A file holds the sealed versions of a secret and, in clear, what made them, so that the planner
//! sees drift without a key.

pub mod file;
pub mod kind;
