//! Reads HCL and overlays into a typed [`infra_model::stack::Stack`], with diagnostics that point at the source.
//!
//! Reading runs no code and reaches no network: the files go in, values come out. Mistakes are collected, all of
//! them, and nothing here prints or panics.

mod build;
mod declarations;
pub mod environment;
mod evaluate;
mod exports;
pub mod files;
pub mod format;
pub mod language;
pub mod load;
mod names;
mod report;
mod scope;
mod seeds;
mod shape;
pub mod stack;
pub mod survey;
mod syntax;
mod typed;
pub mod variable;

/// The most components that one `for_each` or `count` makes.
pub const INSTANCES_MAX: u32 = 1_000_000;

#[cfg(test)]
mod rendering;
#[cfg(test)]
mod tests;
