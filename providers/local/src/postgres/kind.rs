//! The resource kinds of PostgreSQL, between the contract of providers and the operations on servers.

use std::error::Error;

use infra_model::schema::{AttributeSchema, Equality, OnChange, OutputSchema};
use infra_model::snapshot::{Lineage, Observation, Observed, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{Effect, ErrorKind, ProviderError};
use infra_provider::ownership::OwnershipTag;

pub mod database;
pub mod explain;
pub mod instance;
pub mod pooler;
pub mod replica;
pub mod rest;
pub mod role;
pub mod seed;
pub mod server;
pub mod tenancy;
#[cfg(test)]
pub(crate) mod testing;
pub mod wake;

use explain::Explain;

/// What `status` says of everything that is as it should be.
pub const RUNNING: &str = "running";
/// What `status` says of a process whose folder was moved away under it.
pub(crate) const MOVED: &str = "running from a folder that was moved";

pub(crate) fn attribute(summary: &str, on_change: OnChange) -> AttributeSchema {
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

/// An attribute that keeps the value it had at creation.
pub(crate) fn carried(summary: &str) -> AttributeSchema {
    AttributeSchema {
        carried: true,
        ..attribute(summary, OnChange::Replace)
    }
}

pub(crate) fn output(summary: &str) -> OutputSchema {
    OutputSchema {
        summary: summary.to_owned(),
        secret: false,
        changes_on_update: false,
    }
}

/// The outputs of everything that can be connected to.
///
/// They do not change on update: a server keeps its address and port, also when it is moved or started again, so that
/// its repair touches nothing that refers to it.
fn endpoint_outputs() -> [(String, OutputSchema); 4] {
    [
        ("name", "Its name in the environment, which others refer to"),
        ("host", "The address on which it listens"),
        ("port", "The port on which it listens"),
        ("socket", "The directory of its unix socket, encoded for a URL"),
    ]
    .map(|(name, summary)| (name.to_owned(), output(summary)))
}

pub(crate) fn named<const N: usize>(
    attributes: [(&str, AttributeSchema); N],
) -> std::collections::BTreeMap<String, AttributeSchema> {
    attributes.map(|(name, schema)| (name.to_owned(), schema)).into()
}

pub(crate) fn text<'a>(inputs: &'a Attributes, name: &str) -> Result<&'a str, ProviderError> {
    inputs
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| malformed(name))
}

pub(crate) fn malformed(name: &str) -> ProviderError {
    let message = format!("The attribute `{name}` is not understood");
    ProviderError::rejected(ErrorKind::Bug, "read the inputs of a resource", message)
}

pub(crate) fn owner(tag: &str, lineage: &Lineage) -> Owner {
    match tag.parse::<OwnershipTag>() {
        Ok(tag) => tag.owner(lineage),
        Err(_) => Owner::Untagged,
    }
}

pub(crate) fn observation(observed: Option<Observed>) -> Observation {
    observed.map_or(Observation::Absent, Observation::Present)
}

/// Returns the error of a call that may have changed something.
pub(crate) fn failed(operation: &str, error: &dyn Explain) -> ProviderError {
    provider_error(operation, Effect::Unknown, error)
}

/// Returns the error of a call that has changed nothing yet.
pub(crate) fn refused(operation: &str, error: &dyn Explain) -> ProviderError {
    provider_error(operation, Effect::None, error)
}

fn provider_error(operation: &str, effect: Effect, error: &dyn Explain) -> ProviderError {
    let cause = error.source().map(Cause::of);
    let mut failed = ProviderError {
        effect,
        ..ProviderError::rejected(error.kind(), operation, error.to_string())
    };
    failed.hint = error.hint();
    match cause {
        Some(cause) => failed.caused_by(cause),
        None => failed,
    }
}

/// What was behind an error, in words: the error itself is the message already.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Cause {
    message: String,
    source: Option<Box<Cause>>,
}

impl Cause {
    fn of(error: &dyn Error) -> Self {
        Cause {
            message: error.to_string(),
            source: error.source().map(|source| Box::new(Cause::of(source))),
        }
    }
}
