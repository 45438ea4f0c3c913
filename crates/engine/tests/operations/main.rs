//! Operations as the command line calls them, on stores in memory and the simulated cloud: one file per operation.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do, by a panic")]

mod adoption;
mod migrate;
mod rollback;
mod support;
mod whereabouts;
