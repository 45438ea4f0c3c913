//! Real servers on this machine, managed through the same contract as any cloud: `PostgreSQL`, `PgBouncer`,
//! Redis, stores of blobs, key vaults and segmented networks. Lowering is pure; everything that touches the machine goes
//! through `host`.

pub mod blob;
pub mod compose;
pub mod home;
pub mod host;
pub mod lower;
pub mod network;
pub mod postgres;
pub mod provider;
pub mod redis;
pub mod rest;
pub mod settings;
pub mod tls;
pub mod vault;
