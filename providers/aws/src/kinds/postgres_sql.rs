//! What lives in a PostgreSQL server and is made through SQL: roles and databases.
//!
//! These types are only used where the machine that runs the engine reaches the server. Everything is done as the master user, who
//! is no superuser at RDS: it makes itself a member of each role that it makes, and needs nothing else. Its password is read from
//! Secrets Manager when a connection is opened, and kept nowhere.

pub mod database;
mod database_change;
mod database_look;
mod identity;
pub mod role;
mod server;
mod session;
mod tls;
