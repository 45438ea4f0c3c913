//! Planning, case by case: a stack in a few words goes in, the plan as text comes out.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do, by a panic")]

mod interpreter;
mod language;
mod render;
mod schemas;
mod world;

mod adoption;
mod attributes;
mod carried;
mod checker;
mod deletion;
mod drift;
mod errors;
mod ignored;
mod moved;
mod order;
mod properties;
mod protection;
mod purity;
mod references;
mod replacement;
mod targets;
mod unlocking;
mod unread;
