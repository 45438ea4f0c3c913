//! The laboratory: a cloud, a store, virtual time, and whole runs in one call.

pub(crate) mod fuse;
pub(crate) mod lab;
pub(crate) mod shape;
pub(crate) mod want;
pub(crate) mod work;
