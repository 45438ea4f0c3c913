//! `aws.ec2.elastic_ip`: a public address that stays.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Address, DomainType, ResourceType};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{change_tags, filters, gone, settled, tagged, tags_seen};
use crate::failure::{failed, rejected};
use crate::kinds::inputs::{named, output, tags};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};

/// The type.
pub const ELASTIC_IP: &str = "aws.ec2.elastic_ip";

/// Manages public addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ElasticIp;

#[async_trait]
impl Objects for ElasticIp {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ELASTIC_IP.parse().expect("a well-formed type"),
            summary: "A public address that stays".to_owned(),
            version: 1,
            recovery: RecoveryClass::Tagged,
            attributes: named([tags()]),
            outputs: named([
                ("id", output("The id of its allocation")),
                ("public_ip", output("The address")),
            ]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 500,
                delete_ms: 1_000,
            },
        }
    }

    /// The service lists addresses in one page.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let calls = filters(which, "allocation-id").into_iter().map(async |filters| {
            let call = place
                .clients
                .ec2()
                .describe_addresses()
                .set_filters(Some(filters));
            let answer = call.send().await;
            answer.map_err(|error| rejected("ec2.DescribeAddresses", error))
        });
        let answers = try_join_all(calls).await?.into_iter();
        let listed = answers.flat_map(|answer| answer.addresses.unwrap_or_default());
        Ok(listed.map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let tags = tagged(ResourceType::ElasticIp, &place.tags_of_new(request));
        let call = place
            .clients
            .ec2()
            .allocate_address()
            .domain(DomainType::Vpc)
            .tag_specifications(tags);
        let made = call
            .send()
            .await
            .map_err(|error| failed("ec2.AllocateAddress", error))?;
        let id = made.allocation_id.unwrap_or_default();
        let ids = [ObjectId(id.clone())];
        settled("ec2.AllocateAddress", || async {
            let shown = self.list(place, Which::Ids(&ids)).await?;
            Ok((!shown.is_empty()).then_some(()))
        })
        .await?;
        Ok(Applied {
            outputs: outputs(&id, &made.public_ip.unwrap_or_default()),
            id: ObjectId(id),
        })
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        change_tags(place, request).await?;
        let seen = self
            .list(place, Which::Ids(std::slice::from_ref(&request.id)))
            .await?;
        let outputs = seen.into_iter().next().map(|found| found.outputs);
        Ok(Applied {
            id: request.id.clone(),
            outputs: outputs.unwrap_or_default(),
        })
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place.clients.ec2().release_address().allocation_id(&request.id.0);
        let released = call.send().await.map(drop);
        gone(released.map_err(|error| failed("ec2.ReleaseAddress", error)))
    }
}

fn found(address: Address) -> Found {
    let id = address.allocation_id.unwrap_or_default();
    Found {
        outputs: outputs(&id, &address.public_ip.unwrap_or_default()),
        id: ObjectId(id),
        attributes: Attributes::new(),
        condition: Condition::Complete,
        tags: tags_seen(address.tags.as_deref().unwrap_or_default()),
    }
}

fn outputs(id: &str, public_ip: &str) -> Attributes {
    attributes([("id", Value::string(id)), ("public_ip", Value::string(public_ip))])
}
