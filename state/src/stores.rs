//! The stores: one module each, all under the same conformance suite.

pub mod embedded;
#[cfg(test)]
mod kills;
pub mod memory;
#[cfg(feature = "object")]
pub mod object;
#[cfg(feature = "postgres")]
pub mod postgres;
mod record_bytes;
