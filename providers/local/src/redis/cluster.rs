//! A Redis cluster, formed and changed by us: who has which slots, who follows whom, and how to get there from
//! wherever an earlier run was interrupted.
//!
//! Every step looks at the cluster as it is and does what is missing, so that the same function forms a new cluster,
//! changes its size, repairs it and finishes what was begun.

pub mod converge;
pub mod failover;
pub mod form;
pub mod migrate;
pub mod roles;
pub mod slots;
pub mod topology;

use std::collections::BTreeMap;

use thiserror::Error;

use super::node::NodeError;
use super::session::{Session, SessionError};

/// How many slots every cluster has.
pub const SLOTS: u16 = 16_384;

/// The sessions to the nodes of a cluster that answer, by their number.
pub type Sessions = BTreeMap<u32, Session>;

/// Why a cluster is not what it should be.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// A node cannot be started, stopped or set.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// A node cannot be asked.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// What a node says of the cluster is not understood.
    #[error("What node {number} says of the cluster is not understood")]
    NotUnderstood {
        /// The number of the node.
        number: u32,
    },
    /// The nodes did not come to agree.
    #[error("The cluster did not settle within {waited:?}: {fault}")]
    Unsettled {
        /// How long we waited.
        waited: std::time::Duration,
        /// What was still wrong.
        fault: String,
    },
    /// There is nobody to give a part of the slots to.
    #[error("The cluster has {found} nodes that can be primaries, and needs {wanted}")]
    TooFew {
        /// How many there are.
        found: usize,
        /// How many are needed.
        wanted: usize,
    },
}
