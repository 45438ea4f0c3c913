//! The artefacts that the stages of `infra` hand to each other.
//!
//! This crate owns the words of the design: stacks, resources, records, snapshots, plans, journals and
//! diagnostics. It does no I/O, knows no async runtime, no cloud and no store, so that every stage can
//! be tested with plain values.

pub mod address;
pub mod approval;
pub mod clock;
pub mod compact_map;
pub mod component;
pub mod decision;
pub mod diagnostic;
pub mod digest;
pub mod environment;
pub mod event;
pub mod expression;
pub mod facts;
pub mod graph;
pub mod journal;
pub mod operation;
pub mod parity;
pub mod plan;
pub mod record;
pub mod resource;
pub mod schema;
pub mod sealing;
pub mod settings;
pub mod snapshot;
pub mod sql;
pub mod stack;
pub mod store;
pub mod value;
