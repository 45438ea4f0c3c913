//! The seeded simulation of the whole engine: random stacks and edits, a cloud and a store in which anything may go
//! wrong, and engines that die at any moment. One seed decides everything, so a failure is a number.
//!
//! A [`story`] is what happens for one seed. It drives the engine's own functions through a backend whose store and
//! provider are wrapped by a [`life`]: that counts the boundaries which an engine crosses, and ends or pauses it at
//! one of them. After each run the [`invariant`]s are checked; after each edit, once all faults have stopped, the
//! world is compared with one in which nothing ever went wrong.

pub mod backend;
pub mod call;
pub mod edit;
pub mod invariant;
pub mod keeping;
pub mod life;
pub mod many;
pub mod run;
pub mod sabotage;
pub mod saved;
pub mod shape;
pub mod story;
pub mod tally;
pub mod text;
pub mod trace;
pub mod wish;
pub mod world;
