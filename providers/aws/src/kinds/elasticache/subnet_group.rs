//! `aws.elasticache.subnet_group`: the subnets that nodes may stand in.

use async_trait::async_trait;
use aws_sdk_elasticache::types::CacheSubnetGroup;
use infra_model::record::ObjectId;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{PAGE, tagging};
use crate::failure::{failed, gone, rejected, seen};
use crate::kinds::inputs::{in_place, named, optional, optional_text, output, replaces, tags, text, texts};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::ownership::Tags;

/// The type.
pub const SUBNET_GROUP: &str = "aws.elasticache.subnet_group";

/// Manages subnet groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubnetGroup;

#[async_trait]
impl Objects for SubnetGroup {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: SUBNET_GROUP.parse().expect("a well-formed type"),
            summary: "The subnets that the nodes of a replication group may stand in".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name")),
                ("description", in_place("What it is for")),
                ("vpc", replaces("The id of the VPC that its subnets are in")),
                (
                    "subnets",
                    in_place("The ids of its subnets").equality(Equality::Unordered),
                ),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 700,
                update_ms: 700,
                delete_ms: 700,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let groups = match which {
            Which::Ids(_) => all(place).await?,
            Which::Like(inputs) => named_so(place, text(inputs, "name")?)
                .await?
                .into_iter()
                .collect(),
            Which::Token(_) => Vec::new(),
        };
        let is_meant = |found: &Found| match which {
            Which::Ids(ids) => ids.contains(&found.id),
            _ => true,
        };
        let found = groups.into_iter().map(found).filter(|(_, found)| is_meant(found));
        tagging::add(place, which, found.collect()).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let call = place
            .clients
            .elasticache()
            .create_cache_subnet_group()
            .cache_subnet_group_name(text(inputs, "name")?)
            .cache_subnet_group_description(optional_text(inputs, "description").unwrap_or_default())
            .set_subnet_ids(Some(texts(inputs, "subnets")))
            .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
        let made = call
            .send()
            .await
            .map_err(|error| failed("elasticache.CreateCacheSubnetGroup", error))?;
        Ok(applied(made.cache_subnet_group.unwrap_or_else(empty)))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (id, inputs) = (&request.id.0, &request.inputs);
        if changes(request, &["subnets"]) {
            let call = place
                .clients
                .elasticache()
                .modify_cache_subnet_group()
                .cache_subnet_group_name(id)
                .cache_subnet_group_description(optional_text(inputs, "description").unwrap_or_default())
                .set_subnet_ids(Some(texts(inputs, "subnets")));
            call.send()
                .await
                .map_err(|error| failed("elasticache.ModifyCacheSubnetGroup", error))?;
        }
        let group = named_so(place, id).await?.unwrap_or_else(empty);
        tagging::update(place, group.arn().unwrap_or_default(), request).await?;
        Ok(applied(group))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place
            .clients
            .elasticache()
            .delete_cache_subnet_group()
            .cache_subnet_group_name(&request.id.0);
        gone("elasticache.DeleteCacheSubnetGroup", call.send().await)
    }
}

async fn all(place: &Place) -> Result<Vec<CacheSubnetGroup>, ProviderError> {
    let call = place.clients.elasticache().describe_cache_subnet_groups();
    let pages = call.max_records(PAGE).into_paginator().items().send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("elasticache.DescribeCacheSubnetGroups", error))
}

async fn named_so(place: &Place, name: &str) -> Result<Option<CacheSubnetGroup>, ProviderError> {
    let call = place.clients.elasticache().describe_cache_subnet_groups();
    let answer = call.cache_subnet_group_name(name).send().await;
    let answer = seen("elasticache.DescribeCacheSubnetGroups", answer)?;
    Ok(answer.and_then(|answer| answer.cache_subnet_groups.unwrap_or_default().pop()))
}

fn empty() -> CacheSubnetGroup {
    CacheSubnetGroup::builder().build()
}

fn found(group: CacheSubnetGroup) -> (String, Found) {
    let subnets = group
        .subnets()
        .iter()
        .filter_map(|subnet| subnet.subnet_identifier());
    let found = Found {
        id: ObjectId(group.cache_subnet_group_name().unwrap_or_default().to_owned()),
        attributes: attributes([
            ("name", optional(group.cache_subnet_group_name())),
            ("description", optional(group.cache_subnet_group_description())),
            ("vpc", optional(group.vpc_id())),
            ("subnets", Value::list(subnets.map(Value::from))),
        ]),
        outputs: outputs(&group),
        condition: Condition::Complete,
        tags: Tags::new(),
    };
    (group.arn.unwrap_or_default(), found)
}

fn outputs(group: &CacheSubnetGroup) -> Attributes {
    attributes([
        ("name", optional(group.cache_subnet_group_name())),
        ("arn", optional(group.arn())),
    ])
}

fn applied(group: CacheSubnetGroup) -> Applied {
    Applied {
        outputs: outputs(&group),
        id: ObjectId(group.cache_subnet_group_name.unwrap_or_default()),
    }
}
