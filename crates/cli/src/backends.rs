//! The concrete providers, stores and keys: the only place that names them.

pub(crate) mod keys;
pub(crate) mod providers;
pub(crate) mod stores;

/// The providers that this engine was built with.
pub(crate) const PROVIDERS: &[&str] = &["local"];

/// The providers that a stack may name, though this engine was not built with them.
pub(crate) const PROVIDERS_LATER: &[&str] = &["aws", "azure"];
