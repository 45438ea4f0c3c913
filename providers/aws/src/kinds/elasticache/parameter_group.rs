//! `aws.elasticache.parameter_group`: how nodes are set up.

use async_trait::async_trait;
use aws_sdk_elasticache::types::CacheParameterGroup;
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{PAGE, tagging};
use crate::failure::{failed, gone, half_done, rejected, seen};
use crate::kinds::inputs::{
    in_place, named, optional, optional_text, output, replaces, tags, text, text_map,
};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::ownership::Tags;

mod parameters;

/// The type.
pub const PARAMETER_GROUP: &str = "aws.elasticache.parameter_group";

/// Manages parameter groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterGroup;

#[async_trait]
impl Objects for ParameterGroup {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: PARAMETER_GROUP.parse().expect("a well-formed type"),
            summary: "How the nodes of a replication group are set up".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name")),
                (
                    "family",
                    replaces("The engine and version that it is for, such as `redis7`"),
                ),
                ("description", replaces("What it is for")),
                (
                    "parameters",
                    in_place("What differs from the family's defaults, by the names of the engine"),
                ),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: false,
            // Its name says the family: nodes move to the new one before the old one goes.
            create_before_destroy: true,
            typical: TypicalDurations {
                create_ms: 1_000,
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
        let is_meant = |group: &CacheParameterGroup| match which {
            Which::Ids(ids) => ids
                .iter()
                .any(|id| Some(id.0.as_str()) == group.cache_parameter_group_name()),
            _ => true,
        };
        let looks = groups.into_iter().filter(is_meant).map(async |group| {
            let name = group.cache_parameter_group_name().unwrap_or_default();
            let parameters = parameters::set_in(place, name).await?;
            Ok::<_, ProviderError>(found(group, parameters))
        });
        tagging::add(place, which, try_join_all(looks).await?).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let (inputs, name) = (&request.inputs, text(&request.inputs, "name")?);
        let call = place
            .clients
            .elasticache()
            .create_cache_parameter_group()
            .cache_parameter_group_name(name)
            .cache_parameter_group_family(text(inputs, "family")?)
            .description(optional_text(inputs, "description").unwrap_or_default())
            .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
        let made = call
            .send()
            .await
            .map_err(|error| failed("elasticache.CreateCacheParameterGroup", error))?;
        // Whoever finds the group after this failed sets them.
        parameters::set(place, name, &text_map(inputs, "parameters"))
            .await
            .map_err(half_done)?;
        Ok(applied(made.cache_parameter_group.unwrap_or_else(empty)))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        parameters::set(place, &found.id.0, &text_map(inputs, "parameters")).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let id = &request.id.0;
        if changes(request, &["parameters"]) {
            parameters::become_these(place, id, &text_map(&request.inputs, "parameters")).await?;
        }
        let group = named_so(place, id).await?.unwrap_or_else(empty);
        tagging::update(place, group.arn().unwrap_or_default(), request).await?;
        Ok(applied(group))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place
            .clients
            .elasticache()
            .delete_cache_parameter_group()
            .cache_parameter_group_name(&request.id.0);
        gone("elasticache.DeleteCacheParameterGroup", call.send().await)
    }
}

async fn all(place: &Place) -> Result<Vec<CacheParameterGroup>, ProviderError> {
    let call = place.clients.elasticache().describe_cache_parameter_groups();
    let pages = call.max_records(PAGE).into_paginator().items().send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("elasticache.DescribeCacheParameterGroups", error))
}

async fn named_so(place: &Place, name: &str) -> Result<Option<CacheParameterGroup>, ProviderError> {
    let call = place.clients.elasticache().describe_cache_parameter_groups();
    let answer = call.cache_parameter_group_name(name).send().await;
    let answer = seen("elasticache.DescribeCacheParameterGroups", answer)?;
    Ok(answer.and_then(|answer| answer.cache_parameter_groups.unwrap_or_default().pop()))
}

fn empty() -> CacheParameterGroup {
    CacheParameterGroup::builder().build()
}

fn found(group: CacheParameterGroup, parameters: Attributes) -> (String, Found) {
    let found = Found {
        id: ObjectId(group.cache_parameter_group_name().unwrap_or_default().to_owned()),
        attributes: attributes([
            ("name", optional(group.cache_parameter_group_name())),
            ("family", optional(group.cache_parameter_group_family())),
            ("description", optional(group.description())),
            ("parameters", Value::Map(parameters)),
        ]),
        outputs: outputs(&group),
        condition: Condition::Complete,
        tags: Tags::new(),
    };
    (group.arn.unwrap_or_default(), found)
}

fn outputs(group: &CacheParameterGroup) -> Attributes {
    attributes([
        ("name", optional(group.cache_parameter_group_name())),
        ("arn", optional(group.arn())),
    ])
}

fn applied(group: CacheParameterGroup) -> Applied {
    Applied {
        outputs: outputs(&group),
        id: ObjectId(group.cache_parameter_group_name.unwrap_or_default()),
    }
}
