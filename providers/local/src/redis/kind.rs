//! The resource kinds of Redis, between the contract of providers and the operations on servers.

pub mod certified;
pub mod cluster;
pub mod explain;
mod inputs;
mod marked;
pub mod schema;
pub mod server;

/// What `status` says of everything that is as it should be.
pub const RUNNING: &str = "running";
/// What `login` says where clients log in with the password that the stack gives them, and nobody else does.
pub const PASSWORD: &str = "password";
