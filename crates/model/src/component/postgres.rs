//! The component `postgres`: a primary, its replicas, and what lives in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::component::{SegmentRef, Size};
use crate::diagnostic::Span;
use crate::value::Attributes;

/// A PostgreSQL cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Postgres {
    /// The major version.
    pub version: u32,
    /// Where it listens; none means this machine alone.
    pub segment: Option<SegmentRef>,
    /// The class of machine.
    pub size: Size,
    /// Storage in GiB.
    pub storage_gb: u32,
    /// The number of read replicas.
    pub replicas: u32,
    /// Whether a standby takes over in another zone by itself.
    pub high_availability: bool,
    /// Extensions created in every database.
    pub extensions: Vec<String>,
    /// Server parameters by name.
    pub parameters: Attributes,
    /// The connection pooler, if there is one.
    pub pooler: Option<Pooler>,
    /// Databases by name.
    pub databases: BTreeMap<String, Database>,
    /// Roles by name, beyond the owners of databases.
    pub roles: BTreeMap<String, Role>,
    /// Backups.
    pub backup: Backup,
}

/// A connection pooler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pooler {
    /// When a server connection returns to the pool.
    pub mode: PoolMode,
    /// Server connections per database and user.
    pub size: u32,
    /// Client connections at most.
    pub clients_max: u32,
}

/// When a server connection returns to the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// After each transaction.
    Transaction,
    /// After each statement.
    Statement,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// The role that owns it; created with a generated password.
    pub owner: String,
    /// What is brought into it, in the order in which it is brought.
    pub seeds: Vec<Seed>,
}

/// SQL files that bring data into a database, once per content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Its name, which no other seed of the database has.
    pub name: String,
    /// Its files, in the order in which they run.
    pub files: Vec<SeedFile>,
    /// Where it is declared.
    pub span: Span,
}

/// A file of a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedFile {
    /// Its path, relative to the stack's folder.
    pub path: String,
    /// Its text. Nothing in it ends a transaction or is meant for a shell; see [`crate::sql`].
    pub text: Arc<str>,
}

/// A login role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// What it may do in every database of the cluster.
    pub access: Access,
}

/// What a role may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read all tables, present and future.
    Read,
    /// Read and write all tables.
    Write,
    /// Own and change everything.
    Admin,
}

/// Backups of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// How many days backups are kept; zero means none are made.
    pub retention_days: u32,
    /// Whether any moment within retention can be restored.
    pub point_in_time: bool,
}
