//! `aws.iam.access_key`: the key by which a user signs.
//!
//! Its secret is told once, in the answer to its creation. A key whose answer was lost is worth nothing: the engine finds it as
//! the one key that its user has, sees that the secret is missing, and the next apply deletes it and makes another. There are
//! never two, because a create refuses a user that has one.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::types::{AccessKeyMetadata, StatusType};
use futures::future::try_join_all;
use infra_model::clock::{Clock, SystemClock, Timestamp};
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{failed, gone, seen};
use crate::kinds::inputs::{malformed, named, optional_text, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::kinds::stages::not_known_yet;
use crate::ownership::Tags;

/// The type.
pub const ACCESS_KEY: &str = "aws.iam.access_key";

const CREATE: &str = "iam.CreateAccessKey";
const ACTIVE: &str = "Active";
/// How many digits of a digest stand for a key in its identity: its id is a secret as far as exports go.
const DIGITS: usize = 16;
/// For how long a key may be one that a lost answer told of: longer than a run goes on trying.
const RECENT: Duration = Duration::from_secs(60 * 60);

/// Manages keys of users.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessKey;

#[async_trait]
impl Objects for AccessKey {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ACCESS_KEY.parse().expect("a well-formed type"),
            summary: "The key by which a user signs; the only one that it has".to_owned(),
            version: 1,
            recovery: RecoveryClass::Content,
            attributes: named([
                ("user", replaces("The name of its user")),
                (
                    "status",
                    replaces("`Active`, or `Inactive` when somebody switched it off, as one does with a key that leaked")
                        .default_value(ACTIVE),
                ),
            ]),
            outputs: named([
                ("access_key", output("Its id").secret()),
                ("secret_key", output("Its secret").secret()),
            ]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 500,
                update_ms: 500,
                delete_ms: 500,
            },
        }
    }

    /// Keys are listed by user, and every user has one.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let users: Vec<&str> = match which {
            Which::Ids(ids) => ids.iter().filter_map(parts).map(|(user, _)| user).collect(),
            Which::Like(inputs) => optional_text(inputs, "user").into_iter().collect(),
            Which::Token(_) => Vec::new(),
        };
        let looks = users.into_iter().map(async |user| {
            let keys = keys_of(place, user).await?;
            Ok::<Vec<_>, ProviderError>(keys.iter().map(|key| found(user, key)).collect())
        });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let user = text(&request.inputs, "user")?;
        if let Some(key) = keys_of(place, user).await?.first() {
            return Err(refusal(user, is_recent(key, SystemClock.now())));
        }
        let call = place.clients.iam().create_access_key().user_name(user).send();
        let made = call.await.map_err(|error| not_known_yet(failed(CREATE, error)))?;
        let key = made.access_key.ok_or_else(|| malformed("access_key"))?;
        Ok(Applied {
            id: identity(user, &key.access_key_id),
            outputs: attributes([
                ("access_key", Value::String(key.access_key_id)),
                ("secret_key", Value::String(key.secret_access_key)),
            ]),
        })
    }

    /// Nothing of a key changes in place: what the answer would have to tell, its secret, nobody can tell again.
    async fn update(&self, _place: &Place, _request: &UpdateRequest) -> Result<Applied, ProviderError> {
        Err(malformed("user"))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let Some((user, _)) = parts(&request.id) else {
            return Ok(());
        };
        let keys = ids_of(place, user).await?;
        match keys.iter().find(|key| identity(user, key) == request.id) {
            Some(key) => remove(place, user, key).await,
            None => Ok(()),
        }
    }
}

/// Returns the ids of a user's keys, none if there is no such user.
pub(super) async fn ids_of(place: &Place, user: &str) -> Result<Vec<String>, ProviderError> {
    let keys = keys_of(place, user).await?;
    Ok(keys.into_iter().filter_map(|key| key.access_key_id).collect())
}

/// Deletes a key. One that is gone is success.
pub(super) async fn remove(place: &Place, user: &str, key: &str) -> Result<(), ProviderError> {
    let call = place.clients.iam().delete_access_key().user_name(user);
    let ended = call.access_key_id(key).send().await;
    gone("iam.DeleteAccessKey", ended)
}

async fn keys_of(place: &Place, user: &str) -> Result<Vec<AccessKeyMetadata>, ProviderError> {
    let pages = place.clients.iam().list_access_keys().user_name(user);
    let listed = pages.into_paginator().items().send().try_collect().await;
    Ok(seen("iam.ListAccessKeys", listed)?.unwrap_or_default())
}

fn found(user: &str, key: &AccessKeyMetadata) -> Found {
    let id = key.access_key_id().unwrap_or_default();
    let status = key.status.as_ref().map(StatusType::as_str).unwrap_or_default();
    Found {
        id: identity(user, id),
        attributes: attributes([("user", Value::string(user)), ("status", Value::string(status))]),
        outputs: Attributes::from([("access_key".to_owned(), Value::string(id))]),
        condition: Condition::Complete,
        tags: Tags::new(),
    }
}

/// Returns what identifies a key here.
pub(crate) fn identity(user: &str, key: &str) -> ObjectId {
    let digest = blake3::hash(key.as_bytes()).to_hex();
    ObjectId(format!("{user}/{}", &digest[..DIGITS]))
}

/// Returns the user and the digest in the identity of a key.
fn parts(id: &ObjectId) -> Option<(&str, &str)> {
    id.0.split_once('/')
}

/// Tells whether a key is so new that it may be ours: made by a call whose answer was lost.
fn is_recent(key: &AccessKeyMetadata, now: Timestamp) -> bool {
    let made = key.create_date().and_then(|made| made.to_millis().ok());
    let made = made
        .and_then(|made| u64::try_from(made).ok())
        .map(Timestamp::from_millis);
    made.is_some_and(|made| now.since(made) < RECENT)
}

/// Returns the error of a user that has a key already. A new one may be ours, and the engine looks behind the refusal; an old one is
/// that of somebody else, and stays.
fn refusal(user: &str, may_be_ours: bool) -> ProviderError {
    let message = format!("The user `{user}` has a key already, whose secret nobody can tell again");
    let (kind, hint) = if may_be_ours {
        let hint = "Apply again: a key that was made just now and whose secret was lost is replaced";
        (ErrorKind::AlreadyExists, hint)
    } else {
        let hint = "Somebody else made it: delete it when nobody uses it any more, and apply again";
        (ErrorKind::Foreign, hint)
    };
    ProviderError::rejected(kind, CREATE, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::primitives::DateTime;

    use super::*;

    #[test]
    fn a_key_that_is_old_is_somebody_elses() {
        let now = Timestamp::from_millis(1_000_000_000_000);
        let made = |seconds_ago: i64| {
            let at = DateTime::from_secs(1_000_000_000 - seconds_ago);
            let key = AccessKeyMetadata::builder().create_date(at).build();
            refusal("app", is_recent(&key, now)).kind
        };
        assert_eq!(made(5), ErrorKind::AlreadyExists);
        assert_eq!(made(24 * 60 * 60), ErrorKind::Foreign);
        let undated = AccessKeyMetadata::builder().build();
        assert!(!is_recent(&undated, now));
    }
}
