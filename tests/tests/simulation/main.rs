//! The simulation of the whole engine, and proof that it can fail.

mod sabotage;
mod seeds;
mod sweep;
