//! The provider `aws` through the command line, on moto; `boto3` says what there is.

mod alarms;
mod blob_store;
mod command_line;
mod errors;
mod faults;
mod iam;
mod killed;
mod network;
mod partitions;
mod permissions;
mod postgres;
mod proxy;
mod redis;
mod secrets;
mod security;
mod shop;
mod sql;
mod stacks;
mod systems;
mod terraform;
mod vault;
mod whole;
