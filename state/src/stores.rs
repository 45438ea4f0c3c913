//! The stores: one module each, all under the same conformance suite.

pub mod embedded;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
