//! `aws.ec2.nat_gateway`: the way out of private subnets, in which nobody comes in.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    ConnectivityType, Filter, NatGateway as Described, NatGatewayState as State, ResourceType,
};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{applied, change_tags, filter, filters, gone, known, nothing_made, tagged, tags_seen};
use crate::failure::{failed, rejected};
use crate::kinds::inputs::{named, optional, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::waiting;

/// The type.
pub const NAT_GATEWAY: &str = "aws.ec2.nat_gateway";

/// How long the service may take to make or delete one: minutes are usual.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Manages NAT gateways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NatGateway;

#[async_trait]
impl Objects for NatGateway {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: NAT_GATEWAY.parse().expect("a well-formed type"),
            summary: "The way from private subnets to the internet".to_owned(),
            version: 1,
            recovery: RecoveryClass::Token,
            attributes: named([
                (
                    "subnet",
                    replaces("The id of the public subnet that it stands in"),
                ),
                (
                    "allocation",
                    replaces("The id of the allocation of its public address"),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 110_000,
                update_ms: 500,
                delete_ms: 60_000,
            },
        }
    }

    /// Whoever looks for one that an earlier run began waits until it is usable, as its create would have.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let filters = filters(which, "nat-gateway-id");
        let listed = match which {
            Which::Token(_) => {
                waiting::until("ec2.CreateNatGateway", PATIENCE, || async {
                    let listed = described(place, &filters).await?;
                    let is_pending = |gateway: &Described| gateway.state == Some(State::Pending);
                    Ok((!listed.iter().any(is_pending)).then_some(listed))
                })
                .await?
            }
            _ => described(place, &filters).await?,
        };
        Ok(listed.into_iter().filter(is_there).filter_map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let allocation = text(inputs, "allocation")?;
        let_go(place, allocation).await?;
        let tags = tagged(ResourceType::Natgateway, &place.tags_of_new(request));
        let call = place
            .clients
            .ec2()
            .create_nat_gateway()
            .client_token(&request.tag.token.0)
            .subnet_id(text(inputs, "subnet")?)
            .allocation_id(allocation)
            .connectivity_type(ConnectivityType::Public)
            .tag_specifications(tags);
        let made = known(async || {
            let made = call.clone().send().await;
            made.map_err(|error| failed("ec2.CreateNatGateway", error))
        })
        .await?;
        let id = made.nat_gateway.and_then(|gateway| gateway.nat_gateway_id);
        let id = id.unwrap_or_default();
        let made = waiting::until("ec2.CreateNatGateway", PATIENCE, || async {
            let listed = described(place, &[by_id(&id)]).await?;
            let is_done = |gateway: &Described| gateway.state != Some(State::Pending);
            Ok(listed.into_iter().find(is_done))
        })
        .await?;
        match made.state {
            Some(State::Available) => Ok(applied(&id)),
            _ => Err(not_made(made)),
        }
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        change_tags(place, request).await?;
        Ok(applied(&request.id.0))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let id = &request.id.0;
        let call = place.clients.ec2().delete_nat_gateway().nat_gateway_id(id);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteNatGateway", error)))?;
        // Its subnet and its address are held until then.
        waiting::until("ec2.DeleteNatGateway", PATIENCE, || async {
            let listed = described(place, &[by_id(id)]).await?;
            let is_gone = |gateway: &Described| gateway.state == Some(State::Deleted);
            Ok(listed.iter().all(is_gone).then_some(()))
        })
        .await
    }

    async fn outlast(&self, place: &Place, id: &ObjectId) -> Result<bool, ProviderError> {
        waiting::outlast("ec2.DeleteNatGateway", PATIENCE, || async {
            let listed = described(place, &[by_id(&id.0)]).await?;
            let is_going = |gateway: &Described| gateway.state == Some(State::Deleting);
            Ok(listed.iter().any(is_going))
        })
        .await
    }
}

fn by_id(id: &str) -> Vec<Filter> {
    vec![filter("nat-gateway-id", [id])]
}

/// Waits until no gateway that is being deleted holds an address any more: one that is made with it before that fails, and the same token
/// makes no other.
///
/// Source: "Troubleshoot NAT gateways" in the user guide of VPCs (`Resource.AlreadyAssociated`).
async fn let_go(place: &Place, allocation: &str) -> Result<(), ProviderError> {
    let going = [vec![filter("state", [State::Deleting.as_str()])]];
    let holds = |gateway: &Described| {
        let mut addresses = gateway.nat_gateway_addresses().iter();
        addresses.any(|address| address.allocation_id() == Some(allocation))
    };
    waiting::until("ec2.DeleteNatGateway", PATIENCE, || async {
        let going = described(place, &going).await?;
        Ok((!going.iter().any(holds)).then_some(()))
    })
    .await
    .map_err(nothing_made)
}

async fn described(place: &Place, filters: &[Vec<Filter>]) -> Result<Vec<Described>, ProviderError> {
    let calls = filters.iter().map(async |filters| {
        let pages = place
            .clients
            .ec2()
            .describe_nat_gateways()
            .set_filter(Some(filters.clone()))
            .into_paginator()
            .items()
            .send();
        pages
            .try_collect()
            .await
            .map_err(|error| rejected("ec2.DescribeNatGateways", error))
    });
    Ok(try_join_all(calls).await?.into_iter().flatten().collect())
}

/// The service shows what it deleted, and what it could not make, for an hour.
fn is_there(gateway: &Described) -> bool {
    matches!(gateway.state, Some(State::Available | State::Pending))
}

/// Returns the error of a gateway that the service accepted and could not make.
fn not_made(gateway: Described) -> ProviderError {
    let message = gateway
        .failure_message
        .unwrap_or_else(|| "It was accepted and could not be made".to_owned());
    ProviderError {
        code: gateway.failure_code,
        ..ProviderError::rejected(ErrorKind::Invalid, "ec2.CreateNatGateway", message)
    }
}

fn found(gateway: Described) -> Option<Found> {
    let id = gateway.nat_gateway_id?;
    let addresses = gateway.nat_gateway_addresses.unwrap_or_default();
    let is_first = addresses
        .iter()
        .position(|address| address.is_primary == Some(true));
    let address = addresses.into_iter().nth(is_first.unwrap_or_default());
    Some(Found {
        outputs: applied(&id).outputs,
        id: ObjectId(id),
        attributes: attributes([
            ("subnet", optional(gateway.subnet_id)),
            (
                "allocation",
                optional(address.and_then(|address| address.allocation_id)),
            ),
        ]),
        condition: Condition::Complete,
        tags: tags_seen(gateway.tags.as_deref().unwrap_or_default()),
    })
}
