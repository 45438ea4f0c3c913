//! What the engine remembers: the contract of state stores, the sealing of secrets, and the stores.
//!
//! [`contract::Store`] is the whole of what the engine knows of a store. All implementations pass the same
//! [`conformance`] suite.

pub mod archive;
pub mod audit;
pub mod conformance;
pub mod contract;
pub mod history;
mod rules;
pub mod sealing;
pub mod stores;
