//! Stores of blobs: one server of ours per store, which speaks S3. The server itself is the package `blob-server`.

pub mod error;
pub mod kind;
pub mod process;
pub mod site;
