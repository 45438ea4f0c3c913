//! Looking at proxies: all of a region in pages, then the target group of each that is meant, which no call shows for many.

use std::collections::BTreeMap;

use aws_sdk_rds::types::{ConnectionPoolConfigurationInfo, DbProxy, DbProxyStatus};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use super::{GROUP, seen};
use crate::failure::{self, rejected};
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};
use crate::kinds::rds::tagging;
use crate::kinds::tagged;
use crate::ownership::Tags;

type Tagged = BTreeMap<String, Tags>;

/// Lists proxies by name. `DescribeDBProxies` takes one name or none, and no filters.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let names = which.names("name");
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut proxies = all(place).await?;
    let is_meant = |proxy: &DbProxy| {
        let name = proxy.db_proxy_name().unwrap_or_default();
        names.contains(&name) && proxy.status != Some(DbProxyStatus::Deleting)
    };
    proxies.retain(is_meant);
    let arns: Vec<String> = proxies
        .iter()
        .filter_map(|proxy| proxy.db_proxy_arn.clone())
        .collect();
    // The Tagging API lags behind what was just made.
    let tags = match (&which, arns.as_slice()) {
        (Which::Like(_), [arn]) => Tagged::from([(arn.clone(), tagging::of_one(place, arn).await?)]),
        _ => tagged::of(place, &arns).await?,
    };
    let looks = proxies.iter().map(async |proxy| {
        let of_it = tags.get(proxy.db_proxy_arn().unwrap_or_default());
        look_at(place, proxy, of_it.cloned()).await
    });
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

async fn all(place: &Place) -> Result<Vec<DbProxy>, ProviderError> {
    let pages = place
        .clients
        .rds()
        .describe_db_proxies()
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    let proxies = pages.try_collect().await;
    proxies.map_err(|error| rejected("rds.DescribeDBProxies", error))
}

async fn look_at(place: &Place, proxy: &DbProxy, tags: Option<Tags>) -> Result<Option<Found>, ProviderError> {
    let name = proxy.db_proxy_name().unwrap_or_default();
    let Some(pool) = pool(place, name).await? else {
        return Ok(None);
    };
    let whole = |number: Option<i32>| number.map_or(Value::Null, |number| Value::from(i64::from(number)));
    let mut seen = seen(name, proxy);
    seen.extend(attributes([
        ("connections_percent", whole(pool.max_connections_percent)),
        ("borrow_timeout_s", whole(pool.connection_borrow_timeout)),
    ]));
    Ok(Some(Found {
        id: ObjectId(name.to_owned()),
        attributes: seen,
        outputs: outputs(name, proxy),
        condition: condition(proxy),
        tags: tags.unwrap_or_default(),
    }))
}

/// A proxy that found no place to stand in, or no more of what the account may have, does not come to serve; it holds nothing.
fn condition(proxy: &DbProxy) -> Condition {
    match proxy.status {
        Some(DbProxyStatus::IncompatibleNetwork | DbProxyStatus::InsufficientResourceLimits) => {
            Condition::HalfMade
        }
        _ => Condition::Complete,
    }
}

/// Returns how a proxy's group pools; nothing if the proxy went away meanwhile.
async fn pool(place: &Place, name: &str) -> Result<Option<ConnectionPoolConfigurationInfo>, ProviderError> {
    let call = place
        .clients
        .rds()
        .describe_db_proxy_target_groups()
        .db_proxy_name(name)
        .target_group_name(GROUP);
    let answer = failure::seen("rds.DescribeDBProxyTargetGroups", call.send().await)?;
    Ok(answer.and_then(|answer| {
        answer
            .target_groups
            .and_then(|groups| groups.into_iter().next())
            .and_then(|group| group.connection_pool_config)
            .or_else(|| Some(ConnectionPoolConfigurationInfo::builder().build()))
    }))
}

/// Returns what the service says of one proxy, nothing if there is none.
pub(super) async fn describe(place: &Place, name: &str) -> Result<Option<DbProxy>, ProviderError> {
    let call = place.clients.rds().describe_db_proxies().db_proxy_name(name);
    let answer = failure::seen("rds.DescribeDBProxies", call.send().await)?;
    Ok(answer.and_then(|answer| answer.db_proxies.and_then(|proxies| proxies.into_iter().next())))
}

/// Tells whether a proxy is being deleted, or is gone.
pub(super) async fn is_going(place: &Place, name: &str) -> Result<bool, ProviderError> {
    let proxy = describe(place, name).await?;
    Ok(proxy.is_none_or(|proxy| proxy.status == Some(DbProxyStatus::Deleting)))
}

/// Returns the outputs of a proxy.
pub(super) fn outputs(name: &str, proxy: &DbProxy) -> Attributes {
    attributes([
        ("name", Value::string(name)),
        ("arn", optional(proxy.db_proxy_arn())),
        ("endpoint", optional(proxy.endpoint())),
    ])
}
