//! Networks: what EC2 keeps of them, and what all its types share: filters, tags, and the calls that finish a new object.
//!
//! Lists ask with filters, never with the parameters for ids: an id that does not exist is left out of the answer of a filter, and
//! fails the call that names it.

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification, UnsuccessfulItem};
use infra_model::record::ObjectId;
use infra_model::value::Value;
use infra_provider::error::{Effect, ErrorKind, ProviderError};
use infra_provider::request::{Applied, UpdateRequest};
use tokio::time::Instant;

use crate::failure::{done, refused};
use crate::kinds::objects::{Place, Which, attributes, changes};
use crate::ownership::{TOKEN, TagChange, Tags};
use crate::waiting;

pub mod elastic_ip;
pub mod flow_log;
pub mod internet_gateway;
pub mod nat_gateway;
pub mod network_acl;
pub mod route;
pub mod route_table;
pub mod route_table_association;
pub mod security_group;
pub mod security_group_rule;
pub mod subnet;
pub mod vpc;
pub mod vpc_endpoint;

/// How many ids one call asks for.
const PAGE: usize = 100;
/// How long a new object may take until it is shown to all calls.
const SETTLING: Duration = Duration::from_secs(120);
/// How long a new object may take until calls that name it know it.
const KNOWN_WITHIN: Duration = Duration::from_secs(60);
/// How long to wait before such a call is repeated.
const PAUSE: Duration = Duration::from_secs(2);

/// Returns a filter that lets through what has one of these values.
pub(crate) fn filter<I, S>(name: &str, values: I) -> Filter
where
    I: IntoIterator<Item = S>,
    S: Into<String>,
{
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// Returns the filters of the calls that together list objects, one per hundred ids; `id` is the name of the filter by identity.
/// None for [`Which::Like`]: how content is found is a matter of the type.
pub(crate) fn filters(which: Which<'_>, id: &str) -> Vec<Vec<Filter>> {
    match which {
        Which::Ids(ids) => ids
            .chunks(PAGE)
            .map(|ids| vec![filter(id, ids.iter().map(|id| id.0.as_str()))])
            .collect(),
        Which::Token(token) => vec![vec![filter(&format!("tag:{TOKEN}"), [token.0.as_str()])]],
        Which::Like(_) => Vec::new(),
    }
}

/// Returns filters by values of any number, one per hundred of them.
pub(crate) fn filters_by(name: &str, values: &[String]) -> Vec<Vec<Filter>> {
    let chunks = values.chunks(PAGE);
    chunks.map(|values| vec![filter(name, values)]).collect()
}

/// Returns tags as they were seen.
pub(crate) fn tags_seen(tags: &[Tag]) -> Tags {
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// Returns tags as a call takes them that makes an object of a type.
pub(crate) fn tagged(resource_type: ResourceType, tags: &Tags) -> TagSpecification {
    TagSpecification::builder()
        .resource_type(resource_type)
        .set_tags(Some(tags_of(tags)))
        .build()
}

fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect()
}

/// Changes the tags that the stack asks for, if the update is asked to.
pub(crate) async fn change_tags(place: &Place, request: &UpdateRequest) -> Result<(), ProviderError> {
    if !changes(request, &["tags"]) {
        return Ok(());
    }
    let (id, ec2) = (&request.id.0, place.clients.ec2());
    let set = async |tags| {
        let call = ec2.create_tags().resources(id).set_tags(Some(tags_of(&tags)));
        done("ec2.CreateTags", call.send().await)
    };
    let remove = async |keys: Vec<String>| {
        let tags = keys.into_iter().map(|key| Tag::builder().key(key).build());
        let call = ec2.delete_tags().resources(id).set_tags(Some(tags.collect()));
        done("ec2.DeleteTags", call.send().await)
    };
    TagChange::between(&request.before, &request.inputs)
        .make(set, remove)
        .await
}

/// Makes a call that a new object still needs, and repeats it while the service is busy or does not show the object to it yet: the
/// call must be one that may be repeated. When it fails for good, the object exists all the same: the effect is unknown.
///
/// # Errors
///
/// When the service refuses, or patience ends.
pub(crate) async fn finish<C>(operation: &str, mut call: impl FnMut() -> C) -> Result<(), ProviderError>
where
    C: Future<Output = Result<(), ProviderError>> + Send,
{
    waiting::until(operation, SETTLING, || {
        let call = call();
        async {
            match call.await {
                Ok(()) => Ok(Some(())),
                Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }
    })
    .await
}

/// Makes a call that names objects which may be new, and repeats it for a while where the service does not know one of them yet: what
/// one call has made, others may not know for some seconds.
///
/// Source: "Eventual consistency" in the developer guide of EC2.
///
/// # Errors
///
/// What the call says, and at last that an object does not exist.
pub(crate) async fn known<T, C>(mut call: impl FnMut() -> C) -> Result<T, ProviderError>
where
    C: Future<Output = Result<T, ProviderError>> + Send,
{
    let deadline = Instant::now() + KNOWN_WITHIN;
    loop {
        match call().await {
            Err(error) if error.kind == ErrorKind::NotFound && Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            ended => return ended,
        }
    }
}

/// Waits until a new object is shown and usable.
///
/// # Errors
///
/// When patience ends, or it cannot be looked at.
pub(crate) async fn settled<T, L>(operation: &str, look: impl FnMut() -> L) -> Result<T, ProviderError>
where
    L: Future<Output = Result<Option<T>, ProviderError>> + Send,
{
    waiting::until(operation, SETTLING, look).await
}

/// Returns the error of a wait before the call that makes an object: nothing was made.
pub(crate) fn nothing_made(error: ProviderError) -> ProviderError {
    ProviderError {
        effect: Effect::None,
        ..error
    }
}

/// Returns success where what was to be deleted is gone already.
///
/// # Errors
///
/// When the deletion failed for another reason.
pub(crate) fn gone(result: Result<(), ProviderError>) -> Result<(), ProviderError> {
    match result {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Returns what a call left of an object whose only output is its id.
pub(crate) fn applied(id: &str) -> Applied {
    Applied {
        id: ObjectId(id.to_owned()),
        outputs: attributes([("id", Value::string(id))]),
    }
}

/// Returns success where a call for several objects did it for all of them.
///
/// # Errors
///
/// The first refusal in its answer.
pub(crate) fn all_done(operation: &str, refusals: &[UnsuccessfulItem]) -> Result<(), ProviderError> {
    match refusals.first().and_then(UnsuccessfulItem::error) {
        Some(error) => Err(refused(
            operation,
            error.code().unwrap_or_default(),
            error.message().unwrap_or_default(),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    async fn after(unknown: u32, kind: ErrorKind) -> (u32, bool) {
        let calls = Cell::new(0);
        let call = || {
            calls.set(calls.get() + 1);
            let is_known = calls.get() > unknown;
            std::future::ready(if is_known {
                Ok(())
            } else {
                Err(ProviderError::rejected(kind, "a call", "x"))
            })
        };
        let ended = known(call).await;
        (calls.get(), ended.is_ok())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_names_what_is_new_is_repeated_for_a_while() {
        assert_eq!(after(0, ErrorKind::NotFound).await, (1, true));
        assert_eq!(after(3, ErrorKind::NotFound).await, (4, true));
        assert_eq!(after(3, ErrorKind::Denied).await, (1, false));
        let (calls, is_made) = after(u32::MAX, ErrorKind::NotFound).await;
        assert!(!is_made && (20..40).contains(&calls), "{calls}");
    }
}
