//! Runs PostgreSQL and PgBouncer as real servers, so that a stack meets on a laptop what it meets in a cloud.
//!
//! The modules here know files, processes and SQL; they know nothing of plans. Three rules hold throughout:
//!
//! - **No password on disk.** The engine, the replicas and the pooler reach a server over its unix socket, in a
//!   directory only the caller may enter, and are identified by the kernel (`peer`). Roles that a stack declares
//!   log in with SCRAM; what is sent to set a password is its verifier, so logs and statistics cannot leak it.
//! - **The data directory holds data.** Configuration, sockets, logs and certificates live beside it, because tools
//!   that copy or rewind a data directory would carry them to another server.
//! - **Every step may run twice.** A folder says in its marker how far it came; what is half made is completed or
//!   removed, never guessed at.

pub mod access;
pub mod busy_port;
pub mod certificate;
pub mod configuration;
pub mod connection;
pub mod data_directory;
pub mod database;
pub mod extension_catalogue;
pub mod facts;
pub mod installation;
pub mod installed;
pub mod kind;
pub mod listening;
pub mod marker;
pub mod parameter;
pub mod parameter_kind;
pub mod password;
pub mod pooler;
pub mod primary;
pub mod process_record;
pub mod replica;
pub mod role;
pub mod seed;
pub mod seeding;
pub mod server;
pub mod site;
pub mod slot;
pub mod template;
pub mod tools;
pub mod url;
