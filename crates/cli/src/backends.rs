//! The concrete providers, stores and keys: the only place that names them.

pub(crate) mod keys;
pub(crate) mod providers;
pub(crate) mod stores;

/// The providers that this engine was built with.
pub(crate) const PROVIDERS: &[&str] = &[
    "local",
    #[cfg(feature = "aws")]
    "aws",
];
