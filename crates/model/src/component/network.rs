//! The component `network`: segments and what may pass between them.

use std::collections::BTreeMap;

/// A segmented network. Whatever no rule allows is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its address range in CIDR notation.
    pub cidr: String,
    /// Over how many zones it spreads.
    pub zones: u32,
    /// Its segments by name.
    pub segments: BTreeMap<String, Segment>,
    /// What may pass.
    pub allow: Vec<AllowRule>,
}

/// A part of a network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Whether it has a way from and to the internet.
    pub public: bool,
}

/// A permission to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowRule {
    /// Who connects.
    pub from: Peer,
    /// The segment connected to.
    pub to: String,
    /// TCP ports.
    pub ports: Vec<u16>,
}

/// The far side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Anybody.
    Internet,
    /// A segment of the same network.
    Segment(String),
    /// Addresses in CIDR notation.
    Cidr(String),
}
