//! `aws.ec2.vpc_endpoint`: a way from a network to a service of AWS that does not lead through the internet.
//!
//! A gateway endpoint is a target of routes and free of charge; only S3 and DynamoDB have one. An interface endpoint has addresses in
//! subnets, and takes what its security groups let in.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, VpcEndpointType};
use infra_model::record::ObjectId;
use infra_model::schema::{AttributeSchema, Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::Value;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{all_done, change_tags, gone, known, tagged};
use crate::failure::{failed, half_done};
use crate::kinds::inputs::{
    flag, in_place, malformed, named, optional_text, output, replaces, tags, text, texts,
};
use crate::kinds::objects::{Found, Objects, Place, Which};
use crate::waiting::{outlast, until};

mod change;
mod look;

/// The type.
pub const VPC_ENDPOINT: &str = "aws.ec2.vpc_endpoint";

/// The kind of endpoint that routes lead to.
pub const GATEWAY: &str = "Gateway";
/// The kind of endpoint that has addresses.
pub const INTERFACE: &str = "Interface";

/// How long an endpoint takes at most to come or to go.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// Manages endpoints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VpcEndpoint;

#[async_trait]
impl Objects for VpcEndpoint {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: VPC_ENDPOINT.parse().expect("a well-formed type"),
            summary: "A way from a network to a service of AWS past the internet".to_owned(),
            version: 1,
            recovery: RecoveryClass::Token,
            attributes: named([
                ("vpc", replaces("The id of the VPC that it leads out of")),
                (
                    "service",
                    replaces("The name of the service: `com.amazonaws.eu-west-1.s3`"),
                ),
                ("kind", replaces("`Gateway` or `Interface`")),
                (
                    "route_tables",
                    unordered("The ids of the route tables that lead to a gateway"),
                ),
                (
                    "subnets",
                    unordered("The ids of the subnets that an interface has addresses in"),
                ),
                (
                    "security_groups",
                    unordered("The ids of the security groups of an interface"),
                ),
                (
                    "private_dns",
                    in_place("Whether the service's own name leads to an interface").default_value(false),
                ),
                (
                    "policy",
                    in_place("What may be done through it: a policy document; everything if not set")
                        .equality(Equality::Policy),
                ),
                tags(),
            ]),
            outputs: named([
                ("id", output("Its id")),
                (
                    "prefix_list",
                    output("The id of the list of the service's addresses; none for an interface"),
                ),
            ]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 60_000,
                update_ms: 10_000,
                delete_ms: 60_000,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let (vpc, service) = (text(inputs, "vpc")?, text(inputs, "service")?);
        look::none_goes(place, vpc, service).await?;
        let call = place
            .clients
            .ec2()
            .create_vpc_endpoint()
            .client_token(&request.tag.token.0)
            .vpc_id(vpc)
            .service_name(service)
            .set_policy_document(optional_text(inputs, "policy").map(str::to_owned))
            .tag_specifications(tagged(ResourceType::VpcEndpoint, &place.tags_of_new(request)));
        let call = match text(inputs, "kind")? {
            GATEWAY => call
                .vpc_endpoint_type(VpcEndpointType::Gateway)
                .set_route_table_ids(Some(texts(inputs, "route_tables"))),
            INTERFACE => call
                .vpc_endpoint_type(VpcEndpointType::Interface)
                .set_subnet_ids(Some(texts(inputs, "subnets")))
                .set_security_group_ids(Some(texts(inputs, "security_groups")))
                .private_dns_enabled(flag(inputs, "private_dns") == Some(true)),
            _ => return Err(malformed("kind")),
        };
        let made = known(async || {
            let made = call.clone().send().await;
            made.map_err(|error| failed("ec2.CreateVpcEndpoint", error))
        })
        .await?;
        let id = made
            .vpc_endpoint
            .and_then(|made| made.vpc_endpoint_id)
            .unwrap_or_default();
        usable(place, "ec2.CreateVpcEndpoint", &id).await?;
        applied(place, &id, service).await.map_err(half_done)
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let id = &request.id.0;
        if change::send(place, request).await? {
            usable(place, "ec2.ModifyVpcEndpoint", id).await?;
        }
        change_tags(place, request).await?;
        applied(place, id, text(&request.inputs, "service")?).await
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let id = &request.id.0;
        let call = place.clients.ec2().delete_vpc_endpoints().vpc_endpoint_ids(id);
        let answer = call.send().await;
        let deleted = answer
            .map_err(|error| failed("ec2.DeleteVpcEndpoints", error))
            .and_then(|answer| all_done("ec2.DeleteVpcEndpoints", answer.unsuccessful()));
        gone(deleted)?;
        // Its addresses hold subnets and groups until it is gone.
        until("ec2.DeleteVpcEndpoints", PATIENCE, async || {
            let state = look::state(place, id).await?;
            Ok((state.is_none() || state.as_deref() == Some(look::DELETED)).then_some(()))
        })
        .await
    }

    async fn outlast(&self, place: &Place, id: &ObjectId) -> Result<bool, ProviderError> {
        outlast("ec2.DeleteVpcEndpoints", PATIENCE, || async {
            Ok(look::state(place, &id.0).await?.as_deref() == Some(look::DELETING))
        })
        .await
    }
}

fn unordered(summary: &str) -> AttributeSchema {
    let none = Value::List(Vec::new());
    in_place(summary)
        .equality(Equality::Unordered)
        .default_value(none)
}

async fn usable(place: &Place, operation: &str, id: &str) -> Result<(), ProviderError> {
    until(operation, PATIENCE, async || {
        look::is_usable(look::state(place, id).await?.as_deref(), operation)
    })
    .await
}

async fn applied(place: &Place, id: &str, service: &str) -> Result<Applied, ProviderError> {
    let lists = look::prefix_lists(place, &[service.to_owned()]).await?;
    Ok(Applied {
        id: ObjectId(id.to_owned()),
        outputs: look::outputs(id, lists.get(service)),
    })
}
