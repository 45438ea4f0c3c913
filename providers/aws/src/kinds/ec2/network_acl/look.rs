//! Looking at network ACLs.

use aws_sdk_ec2::types::{Filter, NetworkAcl};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::{ErrorKind, ProviderError};

use super::entries;
use crate::failure::rejected;
use crate::kinds::ec2::{applied, filters, tags_seen};
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};

/// Lists network ACLs.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let listed = described(place, filters(which, "network-acl-id")).await?;
    Ok(listed.iter().map(found).collect())
}

/// Returns what the service says of one, nothing if there is none.
pub(super) async fn one(place: &Place, id: &str) -> Result<Option<NetworkAcl>, ProviderError> {
    let ids = [ObjectId(id.to_owned())];
    let listed = described(place, filters(Which::Ids(&ids), "network-acl-id")).await?;
    Ok(listed.into_iter().next())
}

/// Returns what the service says of one that must be there.
pub(super) async fn this(place: &Place, id: &str) -> Result<NetworkAcl, ProviderError> {
    one(place, id).await?.ok_or_else(|| {
        let message = format!("There is no network ACL `{id}`");
        ProviderError::rejected(ErrorKind::NotFound, "ec2.DescribeNetworkAcls", message)
    })
}

/// Describes network ACLs, a call for each set of filters.
pub(super) async fn described(
    place: &Place,
    asked: Vec<Vec<Filter>>,
) -> Result<Vec<NetworkAcl>, ProviderError> {
    let calls = asked.into_iter().map(async |filters| {
        let pages = place
            .clients
            .ec2()
            .describe_network_acls()
            .set_filters(Some(filters))
            .into_paginator()
            .items()
            .send();
        pages
            .try_collect()
            .await
            .map_err(|error| rejected("ec2.DescribeNetworkAcls", error))
    });
    Ok(try_join_all(calls).await?.into_iter().flatten().collect())
}

fn found(acl: &NetworkAcl) -> Found {
    let id = acl.network_acl_id().unwrap_or_default();
    let subnets = acl.associations().iter();
    let subnets = subnets.filter_map(|association| association.subnet_id());
    Found {
        id: ObjectId(id.to_owned()),
        outputs: applied(id).outputs,
        attributes: attributes([
            ("vpc", optional(acl.vpc_id())),
            ("subnets", Value::list(subnets.map(Value::string))),
            ("ingress", entries::seen(acl, false)),
            ("egress", entries::seen(acl, true)),
        ]),
        condition: Condition::Complete,
        tags: tags_seen(acl.tags()),
    }
}
