//! Applying plans to the simulated cloud, with everything that can go wrong in between.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do, by a panic")]

mod adoption;
mod crash;
mod interruption;
mod journal;
mod leases;
mod lost_replies;
mod makespan;
mod order;
mod recovery;
mod secrets;
mod stale;
mod support;
mod throttling;
