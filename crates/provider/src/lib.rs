//! The contract between the engine and whoever manages real objects.
//!
//! A provider has two halves: a pure [`lowering::Lowering`] that turns components into resources, and a
//! [`provider::Provider`] whose [`kind::ResourceKind`]s create, observe, change and delete objects. This crate knows
//! the model alone: no cloud, no retry policy, no state.

pub mod error;
pub mod foreign;
pub mod kind;
pub mod lowering;
pub mod ownership;
pub mod permissions;
pub mod provider;
pub mod request;
pub mod rest;
pub mod sql;
pub mod vault;
