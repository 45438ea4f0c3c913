//! Environments: one deployment of a stack.

use crate::diagnostic::Span;
use crate::value::Attributes;

/// One deployment of a stack, from the overlay's `environment` block.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Other names that commands accept, such as `prod`.
    pub aliases: Vec<String>,
    /// The order in which a change is promoted, from zero.
    pub wave: u32,
    /// What data it may hold.
    pub data: DataPolicy,
    /// Who provides its resources.
    pub provider: ProviderChoice,
    /// Who must approve its changes; none means nobody.
    pub approval: Option<ApprovalRule>,
    /// Where it is declared.
    pub span: Span,
}

/// What data an environment may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataPolicy {
    /// No data is promised.
    None,
    /// Made up.
    Mock,
    /// Of production, with persons made unrecognisable.
    Anonymised,
    /// Of production.
    Real,
}

/// A provider and its settings in an environment.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderChoice {
    /// `local`, `aws` or `azure`.
    pub name: String,
    /// Its settings: region, account, …
    pub settings: Attributes,
    /// Where it is named.
    pub span: Span,
}

/// Who must approve changes of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRule {
    /// How many distinct people.
    pub required: u32,
    /// Whether the author of a plan may be one of them.
    pub allow_author: bool,
    /// Seconds after which an approval expires.
    pub expires_s: u64,
}
