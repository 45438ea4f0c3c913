//! `aws.ec2.internet_gateway`: the way between a VPC and the internet.
//!
//! It takes two calls: one makes it, one attaches it. Whoever finds it between them attaches it, and so does an update when somebody
//! detached it.

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttachmentStatus, InternetGateway as Described, ResourceType};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{applied, change_tags, filter, filters, finish, gone, tagged, tags_seen};
use crate::failure::{failed, rejected};
use crate::kinds::inputs::{flag, in_place, named, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};

/// The type.
pub const INTERNET_GATEWAY: &str = "aws.ec2.internet_gateway";

/// Manages internet gateways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InternetGateway;

#[async_trait]
impl Objects for InternetGateway {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: INTERNET_GATEWAY.parse().expect("a well-formed type"),
            summary: "The way between a VPC and the internet".to_owned(),
            version: 1,
            recovery: RecoveryClass::Tagged,
            attributes: named([
                ("vpc", replaces("The id of the VPC that it serves")),
                (
                    "attached",
                    in_place("Whether it is attached to its VPC").default_value(true),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_500,
                update_ms: 500,
                delete_ms: 1_500,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let calls = filters(which, "internet-gateway-id")
            .into_iter()
            .map(async |filters| {
                let pages = place
                    .clients
                    .ec2()
                    .describe_internet_gateways()
                    .set_filters(Some(filters))
                    .into_paginator()
                    .items()
                    .send();
                pages
                    .try_collect()
                    .await
                    .map_err(|error| rejected("ec2.DescribeInternetGateways", error))
            });
        let listed = try_join_all(calls).await?.into_iter().flatten();
        Ok(listed.map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let vpc = text(&request.inputs, "vpc")?;
        let tags = tagged(ResourceType::InternetGateway, &place.tags_of_new(request));
        let call = place
            .clients
            .ec2()
            .create_internet_gateway()
            .tag_specifications(tags);
        let made = call
            .send()
            .await
            .map_err(|error| failed("ec2.CreateInternetGateway", error))?;
        let made = made.internet_gateway;
        let id = made
            .and_then(|gateway| gateway.internet_gateway_id)
            .unwrap_or_default();
        finish("ec2.AttachInternetGateway", || attach(place, &id, vpc)).await?;
        Ok(applied(&id))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        if flag(&found.attributes, "attached") == Some(true) {
            return Ok(());
        }
        let vpc = text(inputs, "vpc")?;
        finish("ec2.AttachInternetGateway", || attach(place, &found.id.0, vpc)).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (id, inputs) = (&request.id.0, &request.inputs);
        if changes(request, &["attached"]) && flag(inputs, "attached") != Some(false) {
            attach(place, id, text(inputs, "vpc")?).await?;
        }
        change_tags(place, request).await?;
        Ok(applied(id))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let id = &request.id.0;
        for vpc in attached_to(place, id).await? {
            detach(place, id, &vpc).await?;
        }
        let call = place
            .clients
            .ec2()
            .delete_internet_gateway()
            .internet_gateway_id(id);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteInternetGateway", error)))
    }
}

/// Attaches a gateway; one that is attached stays so: no gateway is attached to two.
async fn attach(place: &Place, id: &str, vpc: &str) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .attach_internet_gateway()
        .internet_gateway_id(id)
        .vpc_id(vpc);
    let attached = call.send().await.map(drop);
    match attached.map_err(|error| failed("ec2.AttachInternetGateway", error)) {
        Err(error) if error.kind == ErrorKind::AlreadyExists => {
            let here = attached_to(place, id).await?;
            if here.iter().any(|here| here == vpc) {
                Ok(())
            } else {
                Err(error)
            }
        }
        attached => attached,
    }
}

async fn detach(place: &Place, id: &str, vpc: &str) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .detach_internet_gateway()
        .internet_gateway_id(id)
        .vpc_id(vpc);
    let detached = call.send().await.map(drop);
    match detached.map_err(|error| failed("ec2.DetachInternetGateway", error)) {
        Err(error) if error.code.as_deref() == Some("Gateway.NotAttached") => Ok(()),
        detached => gone(detached),
    }
}

async fn attached_to(place: &Place, id: &str) -> Result<Vec<String>, ProviderError> {
    let call = place
        .clients
        .ec2()
        .describe_internet_gateways()
        .filters(filter("internet-gateway-id", [id]));
    let answer = call.send().await;
    let answer = answer.map_err(|error| rejected("ec2.DescribeInternetGateways", error))?;
    Ok(answer.internet_gateways().iter().flat_map(vpcs).collect())
}

/// Returns the VPCs that a gateway is attached to: at most one.
fn vpcs(gateway: &Described) -> Vec<String> {
    let is_there = |state: Option<&AttachmentStatus>| {
        !matches!(
            state,
            Some(AttachmentStatus::Detached | AttachmentStatus::Detaching)
        )
    };
    let attachments = gateway.attachments().iter();
    attachments
        .filter(|attachment| is_there(attachment.state()))
        .filter_map(|attachment| attachment.vpc_id.clone())
        .collect()
}

fn found(gateway: Described) -> Found {
    let vpc = vpcs(&gateway).into_iter().next();
    let mut seen = attributes([("attached", Value::from(vpc.is_some()))]);
    // What is attached to nothing is not said to be attached elsewhere.
    seen.extend(vpc.map(|vpc| ("vpc".to_owned(), Value::String(vpc))));
    let id = gateway.internet_gateway_id.unwrap_or_default();
    Found {
        outputs: applied(&id).outputs,
        id: ObjectId(id),
        attributes: seen,
        condition: Condition::Complete,
        tags: tags_seen(gateway.tags.as_deref().unwrap_or_default()),
    }
}
