//! Looking at users: one by one for a few, all of the account in pages for many.
//!
//! `ListUsers` tells neither tags nor policies. `GetAccountAuthorizationDetails` does, but goes through the whole account, which
//! may hold thousands: for a few users two calls each cost less.

use aws_sdk_iam::types::{EntityType, Tag, UserDetail};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;

use super::{POLICY, belongings};
use crate::failure::{rejected, seen};
use crate::kinds::iam::documents::{self, decoded};
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};

/// How many users are looked at one by one.
const FEW: usize = 5;
/// How many users a page of the account holds at most.
const PAGE: i32 = 1_000;

/// Lists users.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let names = which.names("name");
    if names.len() > FEW {
        return among_all(place, &names).await;
    }
    let looks = names.iter().map(|name| one(place, name));
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// Returns a user; nothing if there is none.
pub(super) async fn one(place: &Place, name: &str) -> Result<Option<Found>, ProviderError> {
    let (user, policy) = futures::try_join!(user(place, name), policy(place, name))?;
    Ok(user.map(|user| found((name, user.arn()), policy.as_deref(), user.tags())))
}

async fn user(place: &Place, name: &str) -> Result<Option<aws_sdk_iam::types::User>, ProviderError> {
    let call = place.clients.iam().get_user().user_name(name).send();
    Ok(seen("iam.GetUser", call.await)?.and_then(|answer| answer.user))
}

/// Returns the policy of ours, or the only one that a user has: one that was adopted has its own name for it.
async fn policy(place: &Place, name: &str) -> Result<Option<String>, ProviderError> {
    let ours = policy_called(place, name, POLICY).await?;
    if ours.is_some() {
        return Ok(ours);
    }
    let names = belongings::policies(place, name).await?.unwrap_or_default();
    match names.as_slice() {
        [only] => policy_called(place, name, only).await,
        _ => Ok(None),
    }
}

async fn policy_called(place: &Place, user: &str, policy: &str) -> Result<Option<String>, ProviderError> {
    let call = place.clients.iam().get_user_policy().user_name(user);
    let answer = call.policy_name(policy).send().await;
    Ok(seen("iam.GetUserPolicy", answer)?.map(|answer| answer.policy_document))
}

async fn among_all(place: &Place, names: &[&str]) -> Result<Vec<Found>, ProviderError> {
    let mut pages = place
        .clients
        .iam()
        .get_account_authorization_details()
        .filter(EntityType::User)
        .max_items(PAGE)
        .into_paginator()
        .send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| rejected("iam.GetAccountAuthorizationDetails", error))?;
        let users = page.user_detail_list.unwrap_or_default();
        let meant = |user: &&UserDetail| user.user_name().is_some_and(|name| names.contains(&name));
        all.extend(users.iter().filter(meant).map(of_detail));
    }
    Ok(all)
}

fn of_detail(user: &UserDetail) -> Found {
    let names: Vec<String> = user
        .user_policy_list()
        .iter()
        .filter_map(|policy| policy.policy_name.clone())
        .collect();
    let meant = documents::meant(&names, POLICY);
    let ours = user
        .user_policy_list()
        .iter()
        .find(|policy| policy.policy_name() == Some(&meant));
    let policy = ours.and_then(|policy| policy.policy_document());
    let named = (
        user.user_name().unwrap_or_default(),
        user.arn().unwrap_or_default(),
    );
    found(named, policy, user.tags())
}

fn found((name, arn): (&str, &str), policy: Option<&str>, tags: &[Tag]) -> Found {
    let tags = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
    Found {
        id: ObjectId(name.to_owned()),
        attributes: attributes([
            ("name", Value::string(name)),
            ("policy", optional(policy.map(decoded))),
        ]),
        outputs: attributes([("name", Value::string(name)), ("arn", Value::string(arn))]),
        condition: Condition::Complete,
        tags: tags.collect(),
    }
}
