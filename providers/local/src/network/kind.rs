//! The resource kinds of networks, between the contract of providers and the operations on namespaces.

use std::error::Error;

use infra_model::schema::{AttributeSchema, Equality, OnChange, OutputSchema};
use infra_model::snapshot::{Lineage, Observation, Observed, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::ownership::OwnershipTag;

use super::error::NetworkError;

pub mod router;
pub mod rules;
pub mod segment;

/// What `status` says of everything that is as it should be.
pub const READY: &str = "ready";

fn attribute(summary: &str, on_change: OnChange) -> AttributeSchema {
    AttributeSchema {
        summary: summary.to_owned(),
        on_change,
        equality: Equality::Exact,
        carried: false,
        stands_alone: false,
        observed: true,
        default: None,
        ascent: None,
        unlocks: None,
    }
}

fn output(summary: &str) -> OutputSchema {
    OutputSchema {
        summary: summary.to_owned(),
        secret: false,
        changes_on_update: false,
    }
}

fn text<'a>(inputs: &'a Attributes, name: &str) -> Result<&'a str, ProviderError> {
    inputs
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| malformed(name))
}

fn malformed(name: &str) -> ProviderError {
    let message = format!("The attribute `{name}` is not understood");
    ProviderError::rejected(ErrorKind::Bug, "read the inputs of a network", message)
}

fn owner(tag: &str, lineage: &Lineage) -> Owner {
    match tag.parse::<OwnershipTag>() {
        Ok(tag) => tag.owner(lineage),
        Err(_) => Owner::Untagged,
    }
}

/// Refuses to take over what was made for another address or by another state.
fn check_owner(id: &str, earlier: &str, tag: &OwnershipTag) -> Result<(), ProviderError> {
    let same = |earlier: OwnershipTag| earlier.lineage == tag.lineage && earlier.address == tag.address;
    if earlier.parse::<OwnershipTag>().is_ok_and(same) {
        return Ok(());
    }
    let message = format!("`{id}` was made for `{earlier}`");
    let error = ProviderError::rejected(ErrorKind::Foreign, "take over a part of a network", message);
    Err(error.hint("Destroy the environment that made it, or delete its namespace and its folder by hand"))
}

fn observation(observed: Option<Observed>) -> Observation {
    observed.map_or(Observation::Absent, Observation::Present)
}

/// Only what is found out before anything is touched is proven to have changed nothing.
fn failed(operation: &str, error: NetworkError) -> ProviderError {
    let hint = error.hint();
    let message = error.to_string();
    let (kind, touched) = match &error {
        NetworkError::Missing(_) => (ErrorKind::Environment, false),
        NetworkError::RouterGone { .. } | NetworkError::SegmentGone { .. } => (ErrorKind::NotFound, false),
        NetworkError::Full { .. } => (ErrorKind::Quota, false),
        NetworkError::Answer { .. } => (ErrorKind::Bug, true),
        _ => (ErrorKind::Environment, true),
    };
    let mut failed = match touched {
        true => ProviderError::unknown(kind, operation, message),
        false => ProviderError::rejected(kind, operation, message),
    };
    failed.hint = hint;
    failed.source = cause(error);
    failed
}

/// The error itself is the message already.
fn cause(error: NetworkError) -> Option<Box<dyn Error + Send + Sync>> {
    match error {
        NetworkError::Tool { source, .. } => Some(source.into()),
        NetworkError::Missing(source) => Some(source.into()),
        NetworkError::Answer { source, .. } | NetworkError::Damaged { source, .. } => Some(source.into()),
        NetworkError::Disk(source) => Some(source.into()),
        NetworkError::Process(source) => Some(source.into()),
        NetworkError::Holder(source) => Some(source.into()),
        NetworkError::Stop(source) => Some(source.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
