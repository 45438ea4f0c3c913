//! Looking at roles: one by one for a few, all of the account in pages for many.
//!
//! `ListRoles` tells neither tags nor policies. `GetAccountAuthorizationDetails` tells both and no descriptions, and goes through the
//! whole account, which may hold thousands: for a few roles two calls each cost less.

use std::collections::BTreeMap;

use aws_sdk_iam::types::{EntityType, RoleDetail, Tag};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;

use super::policies;
use crate::failure::{rejected, seen};
use crate::kinds::iam::documents::{self, decoded};
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};

/// How many roles are looked at one by one.
const FEW: usize = 5;
/// How many roles a page of the account holds at most.
const PAGE: i32 = 1_000;

/// Lists roles.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let names = which.names("name");
    if names.len() > FEW {
        return among_all(place, &names).await;
    }
    let looks = names.iter().map(|name| one(place, name));
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// Returns the ARN of a role; nothing if there is none.
pub(super) async fn arn(place: &Place, name: &str) -> Result<Option<String>, ProviderError> {
    Ok(role(place, name).await?.map(|role| role.arn))
}

async fn role(place: &Place, name: &str) -> Result<Option<aws_sdk_iam::types::Role>, ProviderError> {
    let call = place.clients.iam().get_role().role_name(name).send();
    Ok(seen("iam.GetRole", call.await)?.and_then(|answer| answer.role))
}

async fn one(place: &Place, name: &str) -> Result<Option<Found>, ProviderError> {
    let (role, policy) = futures::try_join!(role(place, name), policy(place, name))?;
    Ok(role.map(|role| {
        let trust = role.assume_role_policy_document.as_deref();
        let tags = role.tags.as_deref().unwrap_or_default();
        let found = found((name, role.arn()), (trust, policy.as_deref()), tags);
        described(found, role.description())
    }))
}

/// Returns the policy of ours, or the only one that a role has: one that was adopted has its own name for it.
async fn policy(place: &Place, name: &str) -> Result<Option<String>, ProviderError> {
    let ours = policy_called(place, name, policies::NAME).await?;
    if ours.is_some() {
        return Ok(ours);
    }
    let names = policies::names(place, name).await?.unwrap_or_default();
    match names.as_slice() {
        [only] => policy_called(place, name, only).await,
        _ => Ok(None),
    }
}

async fn policy_called(place: &Place, role: &str, policy: &str) -> Result<Option<String>, ProviderError> {
    let call = place
        .clients
        .iam()
        .get_role_policy()
        .role_name(role)
        .policy_name(policy);
    Ok(seen("iam.GetRolePolicy", call.send().await)?.map(|answer| answer.policy_document))
}

async fn among_all(place: &Place, names: &[&str]) -> Result<Vec<Found>, ProviderError> {
    let (details, descriptions) = futures::try_join!(details(place), descriptions(place))?;
    let meant = details
        .iter()
        .filter(|role| role.role_name().is_some_and(|name| names.contains(&name)));
    let with_description = |role: &RoleDetail| {
        let description = descriptions.get(role.role_name().unwrap_or_default());
        described(of_detail(role), description.map(String::as_str))
    };
    Ok(meant.map(with_description).collect())
}

async fn details(place: &Place) -> Result<Vec<RoleDetail>, ProviderError> {
    let mut pages = place
        .clients
        .iam()
        .get_account_authorization_details()
        .filter(EntityType::Role)
        .max_items(PAGE)
        .into_paginator()
        .send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| rejected("iam.GetAccountAuthorizationDetails", error))?;
        all.extend(page.role_detail_list.unwrap_or_default());
    }
    Ok(all)
}

/// Returns what roles are for, by name: the one thing that their details lack.
async fn descriptions(place: &Place) -> Result<BTreeMap<String, String>, ProviderError> {
    let pages = place
        .clients
        .iam()
        .list_roles()
        .max_items(PAGE)
        .into_paginator()
        .items()
        .send();
    let roles = pages
        .try_collect()
        .await
        .map_err(|error| rejected("iam.ListRoles", error))?;
    let described = roles.into_iter();
    Ok(described
        .filter_map(|role| Some((role.role_name, role.description?)))
        .collect())
}

fn described(mut found: Found, description: Option<&str>) -> Found {
    let description = optional(description.filter(|text| !text.is_empty()));
    found.attributes.insert("description".to_owned(), description);
    found
}

fn of_detail(role: &RoleDetail) -> Found {
    let names: Vec<String> = role
        .role_policy_list()
        .iter()
        .filter_map(|policy| policy.policy_name.clone())
        .collect();
    let meant = documents::meant(&names, policies::NAME);
    let ours = role
        .role_policy_list()
        .iter()
        .find(|policy| policy.policy_name() == Some(&meant));
    let policy = ours.and_then(|policy| policy.policy_document());
    let name = role.role_name().unwrap_or_default();
    let arn = role.arn().unwrap_or_default();
    found(
        (name, arn),
        (role.assume_role_policy_document(), policy),
        role.tags(),
    )
}

fn found((name, arn): (&str, &str), (trust, policy): (Option<&str>, Option<&str>), tags: &[Tag]) -> Found {
    let tags = tags.iter().map(|tag| (tag.key.clone(), tag.value.clone()));
    Found {
        id: ObjectId(name.to_owned()),
        attributes: attributes([
            ("name", Value::string(name)),
            ("trust", optional(trust.map(decoded))),
            ("policy", optional(policy.map(decoded))),
        ]),
        outputs: attributes([("name", Value::string(name)), ("arn", Value::string(arn))]),
        condition: Condition::Complete,
        tags: tags.collect(),
    }
}
