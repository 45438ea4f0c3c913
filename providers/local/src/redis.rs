//! Redis on this machine: real servers, started and found again like those of PostgreSQL.
//!
//! No file and no command line holds a password. Clients are let in by a list of users that has digests only; the
//! engine's own user has a password that nobody else knows and that lies sealed beside the data.

pub mod access;
pub mod cluster;
pub mod configuration;
pub mod facts;
pub mod installation;
pub mod kind;
pub mod listening;
pub mod node;
pub mod replication;
pub mod session;
pub mod settings;
pub mod site;
pub mod tls;
