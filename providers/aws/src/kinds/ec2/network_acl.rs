//! `aws.ec2.network_acl`: what passes at the border of subnets, packet by packet: answers need entries of their own.

use async_trait::async_trait;
use aws_sdk_ec2::types::ResourceType;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{applied, change_tags, finish, gone, known, settled, tagged};
use crate::failure::{failed, is_absent};
use crate::kinds::inputs::{in_place, named, output, replaces, tags, text, texts};
use crate::kinds::objects::{Found, Objects, Place, Which, changes};

mod associations;
pub(crate) mod entries;
mod look;

/// The type.
pub const NETWORK_ACL: &str = "aws.ec2.network_acl";

/// Manages network ACLs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NetworkAcl;

#[async_trait]
impl Objects for NetworkAcl {
    fn schema(&self) -> ResourceSchema {
        let entries = |summary: &str| in_place(summary).default_value(Value::List(Vec::new()));
        ResourceSchema {
            resource_type: NETWORK_ACL.parse().expect("a well-formed type"),
            summary: "What passes at the border of subnets".to_owned(),
            version: 1,
            recovery: RecoveryClass::Token,
            attributes: named([
                ("vpc", replaces("The id of its VPC")),
                (
                    "subnets",
                    in_place("The ids of the subnets that it guards")
                        .equality(Equality::Unordered)
                        .default_value(Value::List(Vec::new())),
                ),
                (
                    "ingress",
                    entries("What may come in, in the order of numbers; the first that fits decides"),
                ),
                (
                    "egress",
                    entries("What may go out, in the order of numbers; the first that fits decides"),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 3_000,
                update_ms: 2_000,
                delete_ms: 2_000,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let call = place
            .clients
            .ec2()
            .create_network_acl()
            .client_token(&request.tag.token.0)
            .vpc_id(text(inputs, "vpc")?)
            .tag_specifications(tagged(ResourceType::NetworkAcl, &place.tags_of_new(request)));
        let made = known(async || {
            let made = call.clone().send().await;
            made.map_err(|error| failed("ec2.CreateNetworkAcl", error))
        })
        .await?;
        let made = made.network_acl.and_then(|acl| acl.network_acl_id);
        let id = made.unwrap_or_default();
        settled("ec2.CreateNetworkAcl", async || look::one(place, &id).await).await?;
        fill(place, &id, inputs).await?;
        Ok(applied(&id))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        fill(place, &found.id.0, inputs).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (id, inputs) = (&request.id.0, &request.inputs);
        if changes(request, &["ingress", "egress"]) {
            entries::set(place, id, inputs).await?;
        }
        if changes(request, &["subnets"]) {
            associations::guard(place, id, &texts(inputs, "subnets")).await?;
        }
        change_tags(place, request).await?;
        Ok(applied(id))
    }

    /// Its subnets fall back to the ACL that their VPC came with: none is ever without.
    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let id = &request.id.0;
        match associations::guard(place, id, &[]).await {
            Err(error) if is_absent(&error) => return Ok(()),
            result => result?,
        }
        let call = place.clients.ec2().delete_network_acl().network_acl_id(id);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteNetworkAcl", error)))
    }
}

/// Gives a new ACL what it lets pass, then what it guards: an ACL without entries lets nothing pass.
async fn fill(place: &Place, id: &str, inputs: &Attributes) -> Result<(), ProviderError> {
    finish("ec2.CreateNetworkAclEntry", || entries::set(place, id, inputs)).await?;
    let subnets = texts(inputs, "subnets");
    finish("ec2.ReplaceNetworkAclAssociation", || {
        associations::guard(place, id, &subnets)
    })
    .await
}
