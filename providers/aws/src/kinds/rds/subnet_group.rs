//! `aws.rds.subnet_group`: the subnets that a database may stand in.

use async_trait::async_trait;
use aws_sdk_rds::types::DbSubnetGroup;
use infra_model::record::ObjectId;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::tagging;
use crate::failure::{failed, gone, rejected, seen};
use crate::kinds::inputs::{in_place, named, optional, optional_text, output, replaces, tags, text, texts};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::kinds::tagged;
use crate::ownership::Tags;

/// The type.
pub const SUBNET_GROUP: &str = "aws.rds.subnet_group";

/// Manages subnet groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SubnetGroup;

#[async_trait]
impl Objects for SubnetGroup {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: SUBNET_GROUP.parse().expect("a well-formed type"),
            summary: "The subnets that a database may stand in".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in account and region")),
                ("description", in_place("What it is for")),
                (
                    "vpc",
                    replaces("The id of the VPC of its subnets: a group never moves to another"),
                ),
                (
                    "subnets",
                    in_place("The ids of its subnets, in two zones at least").equality(Equality::Unordered),
                ),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 1_000,
                delete_ms: 1_000,
            },
        }
    }

    /// The service lists them a hundred a page and without tags: these come from the Tagging API, or, of one that may just have
    /// been made, from the service itself.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        match which {
            Which::Ids(ids) => {
                let mut groups = all(place).await?;
                groups.retain(|group| {
                    ids.iter()
                        .any(|id| Some(id.0.as_str()) == group.db_subnet_group_name())
                });
                let arns = groups
                    .iter()
                    .filter_map(|group| group.db_subnet_group_arn.clone());
                let tags = tagged::of(place, &arns.collect::<Vec<_>>()).await?;
                let tags_of = |arn: Option<&str>| tags.get(arn?).cloned();
                Ok(groups
                    .iter()
                    .map(|group| found(group, tags_of(group.db_subnet_group_arn()).unwrap_or_default()))
                    .collect())
            }
            Which::Like(inputs) => match one(place, text(inputs, "name")?).await? {
                Some(group) => {
                    let arn = group.db_subnet_group_arn().unwrap_or_default();
                    let tags = tagging::of_one(place, arn).await?;
                    Ok(vec![found(&group, tags)])
                }
                None => Ok(Vec::new()),
            },
            Which::Token(_) => Ok(Vec::new()),
        }
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let call = place
            .clients
            .rds()
            .create_db_subnet_group()
            .db_subnet_group_name(text(inputs, "name")?)
            .db_subnet_group_description(description(inputs))
            .set_subnet_ids(Some(texts(inputs, "subnets")))
            .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
        let made = call
            .send()
            .await
            .map_err(|error| failed("rds.CreateDBSubnetGroup", error))?;
        Ok(applied(
            text(inputs, "name")?,
            made.db_subnet_group()
                .and_then(DbSubnetGroup::db_subnet_group_arn),
        ))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (&request.id.0, &request.inputs);
        if changes(request, &["subnets"]) {
            let call = place
                .clients
                .rds()
                .modify_db_subnet_group()
                .db_subnet_group_name(name)
                .db_subnet_group_description(description(inputs))
                .set_subnet_ids(Some(texts(inputs, "subnets")));
            call.send()
                .await
                .map_err(|error| failed("rds.ModifyDBSubnetGroup", error))?;
        }
        let group = one(place, name).await?;
        let arn = group.as_ref().and_then(DbSubnetGroup::db_subnet_group_arn);
        tagging::change(place, arn.unwrap_or_default(), request).await?;
        Ok(applied(name, arn))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place
            .clients
            .rds()
            .delete_db_subnet_group()
            .db_subnet_group_name(&request.id.0);
        gone("rds.DeleteDBSubnetGroup", call.send().await)
    }
}

async fn all(place: &Place) -> Result<Vec<DbSubnetGroup>, ProviderError> {
    let pages = place
        .clients
        .rds()
        .describe_db_subnet_groups()
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("rds.DescribeDBSubnetGroups", error))
}

async fn one(place: &Place, name: &str) -> Result<Option<DbSubnetGroup>, ProviderError> {
    let call = place
        .clients
        .rds()
        .describe_db_subnet_groups()
        .db_subnet_group_name(name);
    let answer = seen("rds.DescribeDBSubnetGroups", call.send().await)?;
    Ok(answer.and_then(|answer| answer.db_subnet_groups.unwrap_or_default().into_iter().next()))
}

/// The service insists on a description.
fn description(inputs: &Attributes) -> &str {
    optional_text(inputs, "description").unwrap_or("Subnets of a database")
}

fn found(group: &DbSubnetGroup, tags: Tags) -> Found {
    let name = group.db_subnet_group_name().unwrap_or_default();
    let subnets = group
        .subnets()
        .iter()
        .filter_map(|subnet| subnet.subnet_identifier());
    Found {
        id: ObjectId(name.to_owned()),
        attributes: attributes([
            ("name", Value::string(name)),
            ("description", optional(group.db_subnet_group_description())),
            ("vpc", optional(group.vpc_id())),
            ("subnets", Value::list(subnets.map(Value::string))),
        ]),
        outputs: outputs(name, group.db_subnet_group_arn()),
        condition: Condition::Complete,
        tags,
    }
}

fn outputs(name: &str, arn: Option<&str>) -> Attributes {
    attributes([("name", Value::string(name)), ("arn", optional(arn))])
}

fn applied(name: &str, arn: Option<&str>) -> Applied {
    Applied {
        id: ObjectId(name.to_owned()),
        outputs: outputs(name, arn),
    }
}
