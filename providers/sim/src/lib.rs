//! A small cloud in memory, for tests, and the reference for writing a provider.
//!
//! [`cloud`] stands for what is far away: objects, latency, faults. [`kind`] and [`lower`] are what a provider
//! consists of: calls with one identity rule per recovery class, and the pure step from components to resources.
//! Time is tokio's, so a test with a paused clock runs hours in milliseconds; everything random comes from one seed.

pub mod cloud;
mod foreign;
pub mod kind;
pub mod lower;
pub mod provider;
