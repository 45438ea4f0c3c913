//! A store of blobs that speaks S3, so that what an application does with its bucket in a cloud it does on this machine.
//!
//! `store` keeps blobs durably in a folder, `service` answers S3's operations from it, `keys` says who may ask, and
//! `server` listens. The protocol itself, signatures included, is the crate `s3s`.

pub mod control;
pub mod keys;
pub mod log;
pub mod server;
pub mod service;
pub mod settings;
pub mod signed;
pub mod store;
pub mod unsupported;
