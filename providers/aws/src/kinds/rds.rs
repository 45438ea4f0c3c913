//! PostgreSQL of the Relational Database Service.

pub(crate) mod database;
pub mod instance;
pub mod parameter_group;
pub mod proxy;
pub mod proxy_target;
pub mod replica;
pub mod subnet_group;
mod tagging;
