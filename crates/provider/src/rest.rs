//! Environments that were stopped on purpose: what a provider remembers of it, so that nobody takes them for broken.

use std::fmt;

use infra_model::clock::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::ProviderError;

/// Says that an environment was stopped on purpose, or is being stopped or started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resting {
    /// When it was stopped first.
    pub since: Timestamp,
    /// Who stopped it.
    pub by: String,
}

/// Remembers that an environment was stopped.
///
/// It is written before the first server ends and removed after the last one runs again: whoever is killed in between
/// leaves an environment that the next stop, start or apply takes up.
pub trait Rest: Send + Sync + fmt::Debug {
    /// Returns since when the environment rests; nothing if it should run.
    ///
    /// # Errors
    ///
    /// When that cannot be read.
    fn resting(&self) -> Result<Option<Resting>, ProviderError>;

    /// Remembers that the environment rests, or that it should run. Durable when it returns.
    ///
    /// # Errors
    ///
    /// When that cannot be written.
    fn set(&self, resting: Option<&Resting>) -> Result<(), ProviderError>;
}
