//! What the provider needs from the machine itself: programs, processes, files and permissions. Nothing
//! here knows a component, a resource type or a database, so that every service builds on the same floor.

pub mod capability;
pub mod disk;
pub mod folder;
pub mod launch;
pub mod process;
pub mod programs;
pub mod run;
pub mod run_directory;
pub mod spawn;
