//! Segmented networks on one machine: a namespace for each segment, a router between them that denies what no
//! rule allows, and rules that are proven by trying them.
//!
//! The modules here know namespaces, links and nftables; they know nothing of plans. Two rules hold throughout:
//!
//! - **Closed until proven open.** A router forwards nothing before its rules are loaded, read back and checked.
//!   `nft` that fails would otherwise leave everything open.
//! - **Every step may run twice.** What exists is completed, what is gone counts as removed.

pub mod address;
pub mod error;
pub mod kind;
pub mod names;
pub mod probe;
pub mod realm;
pub mod router;
pub mod rules;
pub mod ruleset;
pub mod segment;
pub mod site;
pub mod subnet;
mod view;

#[cfg(test)]
mod tests;
