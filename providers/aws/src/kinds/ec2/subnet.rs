//! `aws.ec2.subnet`: a part of a VPC in one zone.

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Subnet as Described, SubnetState};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{applied, change_tags, filter, filters, finish, gone, known, settled, tagged, tags_seen};
use crate::failure::{failed, rejected};
use crate::kinds::inputs::{flag, in_place, named, optional, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};

/// The type.
pub const SUBNET: &str = "aws.ec2.subnet";

const PUBLIC_ADDRESSES: &str = "map_public_ip_on_launch";

/// Manages subnets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subnet;

#[async_trait]
impl Objects for Subnet {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: SUBNET.parse().expect("a well-formed type"),
            summary: "A part of a VPC in one zone".to_owned(),
            version: 1,
            recovery: RecoveryClass::Tagged,
            attributes: named([
                ("vpc", replaces("The id of the VPC that it is part of")),
                ("cidr", replaces("Its address range")),
                ("availability_zone", replaces("The zone that it is in").carried()),
                (
                    PUBLIC_ADDRESSES,
                    in_place("Whether a machine that starts in it gets a public address")
                        .default_value(false),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 2_000,
                update_ms: 500,
                delete_ms: 1_000,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let calls = filters(which, "subnet-id").into_iter().map(async |filters| {
            let pages = place
                .clients
                .ec2()
                .describe_subnets()
                .set_filters(Some(filters))
                .into_paginator()
                .items()
                .send();
            pages
                .try_collect()
                .await
                .map_err(|error| rejected("ec2.DescribeSubnets", error))
        });
        let listed = try_join_all(calls).await?.into_iter().flatten();
        Ok(listed.map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let call = place
            .clients
            .ec2()
            .create_subnet()
            .vpc_id(text(inputs, "vpc")?)
            .cidr_block(text(inputs, "cidr")?)
            .availability_zone(text(inputs, "availability_zone")?)
            .tag_specifications(tagged(ResourceType::Subnet, &place.tags_of_new(request)));
        let made = known(async || {
            let made = call.clone().send().await;
            made.map_err(|error| failed("ec2.CreateSubnet", error))
        })
        .await?;
        let id = made
            .subnet
            .and_then(|subnet| subnet.subnet_id)
            .unwrap_or_default();
        settled("ec2.CreateSubnet", || is_available(place, &id)).await?;
        give_public_addresses(place, &id, inputs).await?;
        Ok(applied(&id))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        if flag(&found.attributes, PUBLIC_ADDRESSES) == Some(true) {
            return Ok(());
        }
        give_public_addresses(place, &found.id.0, inputs).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        if changes(request, &[PUBLIC_ADDRESSES]) {
            let wanted = flag(&request.inputs, PUBLIC_ADDRESSES) == Some(true);
            set_public_addresses(place, &request.id.0, wanted).await?;
        }
        change_tags(place, request).await?;
        Ok(applied(&request.id.0))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place.clients.ec2().delete_subnet().subnet_id(&request.id.0);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteSubnet", error)))
    }
}

/// Lets a new subnet give public addresses, if it shall.
async fn give_public_addresses(place: &Place, id: &str, inputs: &Attributes) -> Result<(), ProviderError> {
    if flag(inputs, PUBLIC_ADDRESSES) != Some(true) {
        return Ok(());
    }
    finish("ec2.ModifySubnetAttribute", || {
        set_public_addresses(place, id, true)
    })
    .await
}

async fn set_public_addresses(place: &Place, id: &str, wanted: bool) -> Result<(), ProviderError> {
    let value = AttributeBooleanValue::builder().value(wanted).build();
    let call = place
        .clients
        .ec2()
        .modify_subnet_attribute()
        .subnet_id(id)
        .map_public_ip_on_launch(value);
    let changed = call.send().await.map(drop);
    changed.map_err(|error| failed("ec2.ModifySubnetAttribute", error))
}

fn found(subnet: Described) -> Found {
    let id = subnet.subnet_id.unwrap_or_default();
    Found {
        outputs: applied(&id).outputs,
        id: ObjectId(id),
        attributes: attributes([
            ("vpc", optional(subnet.vpc_id)),
            ("cidr", optional(subnet.cidr_block)),
            ("availability_zone", optional(subnet.availability_zone)),
            (
                PUBLIC_ADDRESSES,
                Value::from(subnet.map_public_ip_on_launch.unwrap_or_default()),
            ),
        ]),
        condition: Condition::Complete,
        tags: tags_seen(subnet.tags.as_deref().unwrap_or_default()),
    }
}

async fn is_available(place: &Place, id: &str) -> Result<Option<()>, ProviderError> {
    let call = place
        .clients
        .ec2()
        .describe_subnets()
        .filters(filter("subnet-id", [id]));
    let answer = call.send().await;
    let answer = answer.map_err(|error| rejected("ec2.DescribeSubnets", error))?;
    let state = answer.subnets().first().and_then(|subnet| subnet.state.as_ref());
    Ok((state == Some(&SubnetState::Available)).then_some(()))
}
