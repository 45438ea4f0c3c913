//! The blob server, judged by `boto3` over its own protocol: one file per promise.

mod chunks;
mod command_line;
mod conditions;
mod crashes;
mod objects;
mod parts;
mod refusals;
mod syncs;
mod versions;
