//! What a primary and a replica have in common: attributes, looks, changes, waiting and the end.

pub(crate) mod change;
pub(crate) mod look;
pub(crate) mod reboot;
pub(crate) mod removal;
pub(crate) mod schema;
pub(crate) mod settle;
pub(crate) mod status;
mod storage;

/// The engine of all that is made here.
pub(crate) const ENGINE: &str = "postgres";
