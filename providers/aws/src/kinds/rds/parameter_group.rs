//! `aws.rds.parameter_group`: parameters of PostgreSQL.
//!
//! Parameters that a start alone reads are set by restarting what uses the group. A replica with less of `max_connections` and its
//! like than its primary stops: replicas are first where these rise, and their primary where one may fall.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_rds::types::DbParameterGroup;
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::tagging;
use crate::failure::{failed, gone, half_done, rejected, seen};
use crate::kinds::inputs::{disruptive, in_place, named, optional, output, replaces, tags, text, text_map};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::kinds::stages::unfinished;
use crate::kinds::tagged;
use crate::ownership::Tags;

pub(crate) mod names;
mod restart;
pub(crate) mod units;
mod values;

/// The type.
pub const PARAMETER_GROUP: &str = "aws.rds.parameter_group";

/// The service insists on a description, and never changes it.
const DESCRIPTION: &str = "Parameters of a database";
/// Parameters that take effect at once, and those that take effect at the next start.
pub(super) const PARAMETERS: &str = "parameters";
pub(super) const STATIC_PARAMETERS: &str = "static_parameters";

/// Manages parameter groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterGroup;

#[async_trait]
impl Objects for ParameterGroup {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: PARAMETER_GROUP.parse().expect("a well-formed type"),
            summary: "Parameters of PostgreSQL".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in account and region")),
                (
                    "family",
                    replaces("The major version that it is for, such as `postgres16`"),
                ),
                (
                    PARAMETERS,
                    in_place("Parameters that take effect at once, by name"),
                ),
                (
                    STATIC_PARAMETERS,
                    disruptive("Parameters that a start alone reads: a change restarts what uses the group"),
                ),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: false,
            // A database moves from the group of one version to that of the next: both are there meanwhile.
            create_before_destroy: true,
            typical: TypicalDurations {
                create_ms: 2_000,
                update_ms: 2_000,
                delete_ms: 1_000,
            },
        }
    }

    /// The service lists groups a hundred a page, without tags and without parameters, which have a call per group.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let (groups, tags) = match which {
            Which::Ids(ids) => {
                let mut groups = all(place).await?;
                groups.retain(|group| ids.iter().any(|id| id.0 == name_of(group)));
                let arns = groups
                    .iter()
                    .filter_map(|group| group.db_parameter_group_arn.clone());
                let tags = tagged::of(place, &arns.collect::<Vec<_>>()).await?;
                (groups, tags)
            }
            Which::Like(inputs) => like(place, text(inputs, "name")?).await?,
            Which::Token(_) => (Vec::new(), BTreeMap::new()),
        };
        let found = groups.iter().map(async |group| {
            let tags = group.db_parameter_group_arn().and_then(|arn| tags.get(arn));
            found(place, group, tags.cloned().unwrap_or_default()).await
        });
        Ok(try_join_all(found).await?.into_iter().flatten().collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let name = text(inputs, "name")?;
        let call = place
            .clients
            .rds()
            .create_db_parameter_group()
            .db_parameter_group_name(name)
            .db_parameter_group_family(text(inputs, "family")?)
            .description(DESCRIPTION)
            .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
        let made = call
            .send()
            .await
            .map_err(|error| failed("rds.CreateDBParameterGroup", error))?;
        // Whoever finds the group after this failed sets them.
        values::set(place, name, &wanted(inputs))
            .await
            .map_err(half_done)?;
        let group = made.db_parameter_group();
        Ok(applied(
            name,
            group.and_then(DbParameterGroup::db_parameter_group_arn),
        ))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        values::set(place, &found.id.0, &wanted(inputs)).await
    }

    /// Values that are there say nothing about the restart that they need: what fails on the way is done again from the start.
    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let name = &request.id.0;
        let mut first = restart::first(&wanted(&request.before), &wanted(&request.inputs));
        if changes(request, &[PARAMETERS, STATIC_PARAMETERS]) {
            let wanted = wanted(&request.inputs);
            let seen = values::read(place, name).await?.unwrap_or_default();
            let removed = seen.keys().filter(|parameter| !wanted.contains_key(*parameter));
            if seen != wanted {
                first = restart::first(&seen, &wanted);
            }
            values::reset(place, name, removed).await.map_err(unfinished)?;
            let moved = |(parameter, value): &(&String, &String)| seen.get(*parameter) != Some(*value);
            let moved = wanted
                .iter()
                .filter(moved)
                .map(|(parameter, value)| (parameter.clone(), value.clone()));
            let set = values::set(place, name, &moved.collect()).await;
            set.map_err(unfinished)?;
        }
        if changes(request, &[STATIC_PARAMETERS]) {
            restart::users_of(place, name, first).await.map_err(unfinished)?;
        }
        let group = one(place, name).await?;
        let arn = group.as_ref().and_then(DbParameterGroup::db_parameter_group_arn);
        tagging::change(place, arn.unwrap_or_default(), request).await?;
        Ok(applied(name, arn))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place
            .clients
            .rds()
            .delete_db_parameter_group()
            .db_parameter_group_name(&request.id.0);
        gone("rds.DeleteDBParameterGroup", call.send().await)
    }
}

/// Returns all parameters that inputs ask for.
fn wanted(inputs: &Attributes) -> BTreeMap<String, String> {
    let mut wanted = text_map(inputs, PARAMETERS);
    wanted.extend(text_map(inputs, STATIC_PARAMETERS));
    wanted
}

async fn all(place: &Place) -> Result<Vec<DbParameterGroup>, ProviderError> {
    let pages = place
        .clients
        .rds()
        .describe_db_parameter_groups()
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    pages
        .try_collect()
        .await
        .map_err(|error| rejected("rds.DescribeDBParameterGroups", error))
}

async fn one(place: &Place, name: &str) -> Result<Option<DbParameterGroup>, ProviderError> {
    let call = place
        .clients
        .rds()
        .describe_db_parameter_groups()
        .db_parameter_group_name(name);
    let answer = seen("rds.DescribeDBParameterGroups", call.send().await)?;
    Ok(answer.and_then(|answer| answer.db_parameter_groups.unwrap_or_default().into_iter().next()))
}

type Tagged = BTreeMap<String, Tags>;

async fn like(place: &Place, name: &str) -> Result<(Vec<DbParameterGroup>, Tagged), ProviderError> {
    let Some(group) = one(place, name).await? else {
        return Ok((Vec::new(), Tagged::new()));
    };
    let arn = group.db_parameter_group_arn().unwrap_or_default().to_owned();
    let tags = tagging::of_one(place, &arn).await?;
    Ok((vec![group], Tagged::from([(arn, tags)])))
}

fn name_of(group: &DbParameterGroup) -> &str {
    group.db_parameter_group_name().unwrap_or_default()
}

async fn found(place: &Place, group: &DbParameterGroup, tags: Tags) -> Result<Option<Found>, ProviderError> {
    let name = name_of(group);
    let Some(values) = values::read(place, name).await? else {
        return Ok(None);
    };
    let (fixed, moving): (BTreeMap<_, _>, BTreeMap<_, _>) = values
        .into_iter()
        .partition(|(parameter, _)| names::needs_restart(parameter));
    Ok(Some(Found {
        id: ObjectId(name.to_owned()),
        attributes: attributes([
            ("name", Value::string(name)),
            ("family", optional(group.db_parameter_group_family())),
            (PARAMETERS, map(moving)),
            (STATIC_PARAMETERS, map(fixed)),
        ]),
        outputs: outputs(name, group.db_parameter_group_arn()),
        condition: Condition::Complete,
        tags,
    }))
}

fn map(values: BTreeMap<String, String>) -> Value {
    if values.is_empty() {
        return Value::Null;
    }
    Value::Map(
        values
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)))
            .collect(),
    )
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
