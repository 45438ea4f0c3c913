//! Keys of the Key Management Service.

pub mod alias;
pub mod key;
