//! Views: how values, diagnostics, plans and progress look. Nothing here decides anything.

pub(crate) mod adoption;
pub(crate) mod applied;
pub(crate) mod change;
pub(crate) mod diagnostic;
pub(crate) mod documents;
pub(crate) mod duration;
pub(crate) mod estimate;
pub(crate) mod event;
pub(crate) mod expression;
pub(crate) mod facts;
pub(crate) mod graph;
pub(crate) mod history;
pub(crate) mod json;
pub(crate) mod outputs;
pub(crate) mod parity;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod rest;
pub(crate) mod settings;
pub(crate) mod state;
pub(crate) mod summary;
pub(crate) mod value;
pub(crate) mod words;
