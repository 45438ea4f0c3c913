//! ElastiCache: replication groups of Redis and Valkey, where they stand, and how they are set up.

pub mod parameter_group;
pub mod replication_group;
pub mod subnet_group;
mod tagging;

/// Objects that one call lists at most.
const PAGE: i32 = 100;
