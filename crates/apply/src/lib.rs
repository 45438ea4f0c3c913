//! The only place that changes the world: observation, the walk over a plan, retries, the journal, recovery.
//!
//! Everything that decides is plain data ([`ready_queue`], [`concurrency`], [`retry`]); only [`lease`], [`observe`],
//! [`recovery`] and [`apply`] talk to providers and stores. Nothing here plans: apply takes the steps of the plan
//! it was given and no other.

pub mod concurrency;
pub mod ready_queue;
pub mod retry;
