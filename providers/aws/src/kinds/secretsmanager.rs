//! Secrets of Secrets Manager.

pub mod secret;
