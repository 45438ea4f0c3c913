//! Looking at endpoints.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, VpcEndpoint};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};

use super::{GATEWAY, PATIENCE};
use crate::failure::rejected;
use crate::kinds::ec2::{filter, filters, filters_by, nothing_made, tags_seen};
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};
use crate::waiting::until;

/// The state of an endpoint that is being made.
const PENDING: &str = "pending";
/// The state of an endpoint that is gone and still listed.
pub(super) const DELETED: &str = "deleted";
/// The state of an endpoint that goes, and holds its subnets and groups until it is gone.
pub(super) const DELETING: &str = "deleting";
/// The states of an endpoint that goes or is gone. The service writes states in lower case, its documents do not.
const GOING: [&str; 2] = [DELETING, DELETED];
/// The states of an endpoint that nobody can use, and that does not leave them by itself.
const BROKEN: [&str; 3] = ["failed", "rejected", "expired"];

/// Lists endpoints. Whoever looks for one that an earlier call began waits until it is made, as its create would have.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let filters = filters(which, "vpc-endpoint-id");
    let endpoints = match which {
        Which::Token(_) => {
            until("ec2.CreateVpcEndpoint", PATIENCE, async || {
                let endpoints = described(place, filters.clone()).await?;
                let is_pending =
                    |endpoint: &VpcEndpoint| state_of(endpoint).is_some_and(|state| state == PENDING);
                Ok((!endpoints.iter().any(is_pending)).then_some(endpoints))
            })
            .await?
        }
        _ => described(place, filters).await?,
    };
    let is_there = |endpoint: &VpcEndpoint| !GOING.contains(&state_of(endpoint).unwrap_or_default().as_str());
    let endpoints: Vec<VpcEndpoint> = endpoints.into_iter().filter(is_there).collect();
    let gateways = endpoints
        .iter()
        .filter(|endpoint| kind_of(endpoint) == Some(GATEWAY));
    let mut services: Vec<String> = gateways
        .filter_map(|endpoint| endpoint.service_name.clone())
        .collect();
    services.sort();
    services.dedup();
    let lists = prefix_lists(place, &services).await?;
    Ok(endpoints.iter().map(|endpoint| found(endpoint, &lists)).collect())
}

/// Returns the state of an endpoint in lower case, nothing if there is none.
pub(super) async fn state(place: &Place, id: &str) -> Result<Option<String>, ProviderError> {
    let ids = [ObjectId(id.to_owned())];
    let endpoints = described(place, filters(Which::Ids(&ids), "vpc-endpoint-id")).await?;
    Ok(endpoints.first().and_then(state_of))
}

/// Waits until no endpoint of a service is on its way out of a VPC: the service's own name leads to one at a time.
pub(super) async fn none_goes(place: &Place, vpc: &str, service: &str) -> Result<(), ProviderError> {
    let asked = vec![filter("vpc-id", [vpc]), filter("service-name", [service])];
    until("ec2.DeleteVpcEndpoints", PATIENCE, async || {
        let endpoints = described(place, vec![asked.clone()]).await?;
        let goes = |endpoint: &VpcEndpoint| state_of(endpoint).is_some_and(|state| state == DELETING);
        Ok((!endpoints.iter().any(goes)).then_some(()))
    })
    .await
    .map_err(nothing_made)
}

/// Tells whether an endpoint in this state can be used, nothing while it is being made. One that its service has yet to accept is as
/// far as we can bring it.
pub(super) fn is_usable(state: Option<&str>, operation: &str) -> Result<Option<()>, ProviderError> {
    match state {
        Some("available" | "pendingacceptance") => Ok(Some(())),
        Some(state) if BROKEN.contains(&state) => {
            let message = format!("The endpoint is {state}");
            Err(ProviderError::unknown(ErrorKind::Invalid, operation, message))
        }
        _ => Ok(None),
    }
}

/// Returns how an endpoint is now.
pub(super) async fn attributes_of(place: &Place, id: &ObjectId) -> Result<Attributes, ProviderError> {
    let found = list(place, Which::Ids(std::slice::from_ref(id))).await?;
    let found = found.into_iter().next();
    Ok(found.map(|found| found.attributes).unwrap_or_default())
}

/// Returns the ids of the lists of addresses of services, by service. Services without a gateway have none.
pub(super) async fn prefix_lists(
    place: &Place,
    services: &[String],
) -> Result<BTreeMap<String, String>, ProviderError> {
    let calls = filters_by("prefix-list-name", services);
    let calls = calls.into_iter().map(async |filters| {
        let pages = place
            .clients
            .ec2()
            .describe_managed_prefix_lists()
            .set_filters(Some(filters))
            .into_paginator()
            .items()
            .send();
        pages
            .try_collect()
            .await
            .map_err(|error| rejected("ec2.DescribeManagedPrefixLists", error))
    });
    let lists = try_join_all(calls).await?.into_iter().flatten();
    Ok(lists
        .filter_map(|list| Some((list.prefix_list_name?, list.prefix_list_id?)))
        .collect())
}

async fn described(place: &Place, asked: Vec<Vec<Filter>>) -> Result<Vec<VpcEndpoint>, ProviderError> {
    let calls = asked.into_iter().map(async |filters| {
        let pages = place
            .clients
            .ec2()
            .describe_vpc_endpoints()
            .set_filters(Some(filters))
            .into_paginator()
            .items()
            .send();
        pages
            .try_collect()
            .await
            .map_err(|error| rejected("ec2.DescribeVpcEndpoints", error))
    });
    Ok(try_join_all(calls).await?.into_iter().flatten().collect())
}

fn state_of(endpoint: &VpcEndpoint) -> Option<String> {
    endpoint
        .state
        .as_ref()
        .map(|state| state.as_str().to_ascii_lowercase())
}

fn kind_of(endpoint: &VpcEndpoint) -> Option<&str> {
    endpoint.vpc_endpoint_type.as_ref().map(|kind| kind.as_str())
}

fn found(endpoint: &VpcEndpoint, lists: &BTreeMap<String, String>) -> Found {
    let list = |ids: &[String]| Value::list(ids.iter().map(|id| Value::string(id.as_str())));
    let groups = endpoint.groups().iter().filter_map(|group| group.group_id());
    let groups = Value::list(groups.map(Value::string));
    let seen = attributes([
        ("vpc", optional(endpoint.vpc_id())),
        ("service", optional(endpoint.service_name())),
        ("kind", optional(kind_of(endpoint))),
        ("route_tables", list(endpoint.route_table_ids())),
        ("subnets", list(endpoint.subnet_ids())),
        ("security_groups", groups),
        ("private_dns", private_dns(endpoint)),
        ("policy", optional(endpoint.policy_document())),
    ]);
    let id = endpoint.vpc_endpoint_id().unwrap_or_default();
    let prefix_list = endpoint.service_name().and_then(|service| lists.get(service));
    Found {
        id: ObjectId(id.to_owned()),
        outputs: outputs(id, prefix_list),
        attributes: seen,
        condition: condition(endpoint),
        tags: tags_seen(endpoint.tags()),
    }
}

/// One that is broken is replaced by the next plan.
fn condition(endpoint: &VpcEndpoint) -> Condition {
    let state = state_of(endpoint).unwrap_or_default();
    if BROKEN.contains(&state.as_str()) {
        Condition::HalfMade
    } else {
        Condition::Complete
    }
}

/// Only an interface has names of its own, whatever is told of a gateway.
fn private_dns(endpoint: &VpcEndpoint) -> Value {
    let is_gateway = kind_of(endpoint) == Some(GATEWAY);
    Value::from(!is_gateway && endpoint.private_dns_enabled() == Some(true))
}

/// Returns the outputs of an endpoint.
pub(super) fn outputs(id: &str, prefix_list: Option<&String>) -> Attributes {
    attributes([
        ("id", Value::string(id)),
        ("prefix_list", optional(prefix_list.cloned())),
    ])
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::State;

    use super::*;

    fn seen(state: &str) -> Found {
        let endpoint = VpcEndpoint::builder()
            .vpc_endpoint_id("vpce-1")
            .state(State::from(state));
        found(&endpoint.build(), &BTreeMap::new())
    }

    #[test]
    fn an_endpoint_that_failed_is_not_taken_for_made() {
        for state in ["failed", "Rejected", "expired"] {
            assert_eq!(seen(state).condition, Condition::HalfMade, "{state}");
            let state = state.to_ascii_lowercase();
            assert!(
                is_usable(Some(&state), "ec2.CreateVpcEndpoint").is_err(),
                "{state}"
            );
        }
        for state in ["available", "Pending", "pendingAcceptance"] {
            assert_eq!(seen(state).condition, Condition::Complete, "{state}");
        }
    }

    #[test]
    fn an_endpoint_that_waits_for_its_service_is_not_waited_for() {
        let usable = |state| is_usable(Some(state), "ec2.CreateVpcEndpoint").unwrap();
        assert_eq!(usable("pendingacceptance"), Some(()));
        assert_eq!(usable("pending"), None);
    }
}
