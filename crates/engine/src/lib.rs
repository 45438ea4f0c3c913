//! One function per operation: this crate wires the stages, sends events, and never prints.
//!
//! What is concrete (providers, stores, keys) comes in through [`backend::Backend`]; the command line chooses it.

pub mod apply;
pub mod audit;
pub mod backend;
pub mod configuration;
pub mod documents;
pub mod ephemeral;
pub mod error;
pub mod export;
mod files;
pub mod import;
pub mod inspect;
pub mod migrate;
pub mod opened;
pub mod output;
pub mod parity;
pub mod past;
pub mod permissions;
pub mod plan;
pub mod plan_file;
pub mod recovery;
pub mod refresh;
pub mod rest;
pub mod restore;
pub mod rollback;
pub mod saved_plan;
pub mod settings;
pub mod surgery;
pub mod terraform;
mod whereabouts;
