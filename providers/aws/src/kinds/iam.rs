//! Identity and Access Management. It is one for the whole account: the region of a resource says only whom we ask.

pub mod access_key;
mod documents;
pub mod role;
pub mod user;
