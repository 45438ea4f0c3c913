//! The stores that a team shares, end to end: the binary, real servers that keep states, and what is seen from outside.

mod crashes;
mod leases;
mod moves;
mod secrets;
mod support;
mod unreachable;
