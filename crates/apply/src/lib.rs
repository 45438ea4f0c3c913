//! The only place that changes the world: observation, the walk over a plan, retries, the journal, recovery.
//!
//! Everything that decides is plain data ([`ready_queue`], [`concurrency`], [`retry`]); only [`lease`], [`observe`],
//! [`recovery`] and [`apply`] talk to providers and stores. Nothing here plans: apply takes the steps of the plan
//! it was given and no other.

pub mod apply;
mod changes;
pub mod concurrency;
mod creation;
mod gate;
pub mod inputs;
pub mod interrupt;
mod judgement;
pub mod lease;
mod ledger;
pub mod observe;
pub mod outcome;
mod pacer;
mod pursuit;
pub mod ready_queue;
pub mod recovery;
pub mod rest;
pub mod retry;
mod run;
pub mod sealed;
mod updating;
pub mod world;
