//! Names that somebody else has: who that is, and how to go on.

use infra_model::record::ObjectId;
use infra_model::snapshot::Owner;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::CreateRequest;

use crate::kinds::objects::{Objects, Place, Which};
use crate::ownership::{self, ENVIRONMENT, STACK, Tags};

/// What else can be done about a name where the type knows of nothing better.
const OTHERWISE: &str = "Give its component another name";

/// Returns the error of a create. Where a name is taken, it says by whom and how that can be imported; what is ours is left to the
/// engine, which takes it in.
pub(crate) async fn explained(
    objects: &impl Objects,
    place: &Place,
    request: &CreateRequest,
    error: ProviderError,
) -> ProviderError {
    if error.kind != ErrorKind::AlreadyExists {
        return error;
    }
    match objects.list(place, Which::Like(&request.inputs)).await.as_deref() {
        Ok([holder]) => told(place, request, (&holder.id, &holder.tags), error),
        _ => error,
    }
}

/// Returns the error of a create with who has its name, this object, and with how to go on.
pub(crate) fn told(
    place: &Place,
    request: &CreateRequest,
    (id, tags): (&ObjectId, &Tags),
    error: ProviderError,
) -> ProviderError {
    let (environment, address) = (&place.settings.environment, &request.tag.address);
    let import = format!("infra import {environment} '{address}' '{id}'");
    let (who, way) = match ownership::owner(tags, &place.settings.lineage) {
        Owner::Ours { .. } => return error,
        Owner::Untagged => (
            "no environment made it".to_owned(),
            format!("take it in, which changes nothing of it, with: {import}"),
        ),
        Owner::Other(owner) => (
            format!("it belongs to {}", named(tags, &owner)),
            format!("let the state that owns it forget it and take it in with: {import}"),
        ),
    };
    let otherwise = error.hint.as_deref().unwrap_or(OTHERWISE);
    let hint = format!("{otherwise}, or {way}");
    let message = format!(
        "{}. `{id}` has the name and is not of this environment: {who}",
        error.message.trim_end_matches('.')
    );
    ProviderError { message, ..error }.hint(hint)
}

/// Returns the environment that tags name, else what they say of the owner.
fn named(tags: &Tags, owner: &str) -> String {
    match (tags.get(STACK), tags.get(ENVIRONMENT)) {
        (Some(stack), Some(environment)) => format!("the environment `{environment}` of the stack `{stack}`"),
        _ => format!("`{owner}`"),
    }
}
