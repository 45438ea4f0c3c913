//! What somebody must be allowed to do at a provider, found out without asking it.

use std::fmt;

use infra_model::resource::ResourceGraph;
use infra_model::stack::Stack;

/// What the rights are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To look: plan, refresh.
    Plan,
    /// To look and to change: apply, destroy.
    Apply,
}

/// Asks for the rights that an environment needs.
#[derive(Clone, Copy, Debug)]
pub struct PermissionsRequest<'a> {
    /// The stack as the environment sees it.
    pub stack: &'a Stack,
    /// What it becomes.
    pub graph: &'a ResourceGraph,
    /// What the rights are for.
    pub purpose: Purpose,
    /// Whether objects that were imported are meant too: they have names and tags of their own.
    pub imported: bool,
}

/// The rights that an environment needs, in the form that its cloud takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The document, as JSON.
    pub document: String,
    /// The same in documents that are short enough for the cloud to keep each; one where the whole is.
    pub parts: Vec<String>,
    /// What whoever gives the rights should know.
    pub notes: Vec<String>,
}

/// Tells which rights resources need, from what their types call.
pub trait Permitting: Send + Sync + fmt::Debug {
    /// Returns the rights, no more than the types of these resources need.
    fn permissions(&self, request: &PermissionsRequest<'_>) -> Permissions;
}
