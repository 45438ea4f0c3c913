//! Amazon Web Services through its own SDK.
//!
//! [`lower`] is pure: what each component becomes. [`kinds`] makes it so, one folder per service; what they share is in
//! [`kinds::objects`]: observation in bulk, recovery by class, ownership. [`connection`] signs in as every tool of AWS does.

pub mod connection;
pub mod failure;
pub mod kinds;
pub mod lower;
pub mod ownership;
mod partition;
pub mod permissions;
pub mod provider;
pub mod settings;
pub mod sql_script;
mod terraform;
pub mod waiting;
