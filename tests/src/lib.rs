//! What the tests of the whole share: the hermetic environment in which end-to-end tests run the binary (its own
//! folders, its own home, no variables of the caller but the few that the machine needs), and the simulation.

pub mod aws;
pub mod blob;
pub mod census;
pub mod compose;
pub mod environment;
pub mod faults;
pub mod machine;
pub mod moto;
pub mod postgres;
pub mod readers;
pub mod redis;
pub mod run;
pub mod secrets;
pub mod servers;
pub mod simulation;
pub mod warm;
