//! `aws.ec2.security_group`: what may reach the machines that carry it, and what they may reach. Its rules are resources of their
//! own; a rule in it that carries no tag of ours is one that nobody declared, and is taken away.

use async_trait::async_trait;
use aws_sdk_ec2::types::{ResourceType, SecurityGroup as Described};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::security_group_rule::calls;
use super::{applied, change_tags, filter, filters, finish, gone, known, settled, tagged, tags_seen};
use crate::failure::{failed, rejected};
use crate::kinds::inputs::{in_place, named, optional, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::ownership;

mod undeclared;

/// The type.
pub const SECURITY_GROUP: &str = "aws.ec2.security_group";

const UNDECLARED: &str = "undeclared_rules";

/// Manages security groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecurityGroup;

#[async_trait]
impl Objects for SecurityGroup {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: SECURITY_GROUP.parse().expect("a well-formed type"),
            summary: "What may reach the machines that carry it, and what they may reach".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in its VPC")),
                ("description", replaces("What it is for")),
                ("vpc", replaces("The id of its VPC")),
                (
                    UNDECLARED,
                    in_place("Rules in it that no resource declares: there shall be none")
                        .equality(Equality::Unordered)
                        .default_value(Value::List(Vec::new())),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 500,
                delete_ms: 1_000,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let asked = match which {
            Which::Like(inputs) => vec![vec![
                filter("vpc-id", [text(inputs, "vpc")?]),
                filter("group-name", [text(inputs, "name")?]),
            ]],
            which => filters(which, "group-id"),
        };
        let calls = asked.into_iter().map(async |filters| {
            let pages = place
                .clients
                .ec2()
                .describe_security_groups()
                .set_filters(Some(filters))
                .into_paginator()
                .items()
                .send();
            pages
                .try_collect()
                .await
                .map_err(|error| rejected("ec2.DescribeSecurityGroups", error))
        });
        let groups: Vec<Described> = try_join_all(calls).await?.into_iter().flatten().collect();
        let mut found: Vec<Found> = groups.into_iter().map(found).collect();
        show_undeclared(place, &mut found).await?;
        Ok(found)
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let call = place
            .clients
            .ec2()
            .create_security_group()
            .group_name(text(inputs, "name")?)
            .description(text(inputs, "description")?)
            .vpc_id(text(inputs, "vpc")?)
            .tag_specifications(tagged(ResourceType::SecurityGroup, &place.tags_of_new(request)));
        let made = known(async || {
            let made = call.clone().send().await;
            made.map_err(|error| failed("ec2.CreateSecurityGroup", error))
        })
        .await?;
        let id = made.group_id.unwrap_or_default();
        settled("ec2.CreateSecurityGroup", || is_shown(place, &id)).await?;
        shut(place, &id).await?;
        Ok(applied(&id))
    }

    async fn complete(&self, place: &Place, _: &Attributes, found: &Found) -> Result<(), ProviderError> {
        shut(place, &found.id.0).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        if changes(request, &[UNDECLARED]) {
            undeclared::remove(place, &request.id.0).await?;
        }
        change_tags(place, request).await?;
        Ok(applied(&request.id.0))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place
            .clients
            .ec2()
            .delete_security_group()
            .group_id(&request.id.0);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteSecurityGroup", error)))
    }
}

/// Takes away what lets everything out of a new group. Whoever finds one that still has that rule does it, too.
async fn shut(place: &Place, id: &str) -> Result<(), ProviderError> {
    finish("ec2.RevokeSecurityGroupEgress", || calls::shut(place, id)).await
}

async fn is_shown(place: &Place, id: &str) -> Result<Option<()>, ProviderError> {
    let call = place
        .clients
        .ec2()
        .describe_security_groups()
        .filters(filter("group-id", [id]));
    let answer = call.send().await;
    let answer = answer.map_err(|error| rejected("ec2.DescribeSecurityGroups", error))?;
    Ok((!answer.security_groups().is_empty()).then_some(()))
}

fn found(group: Described) -> Found {
    let id = group.group_id.unwrap_or_default();
    Found {
        outputs: applied(&id).outputs,
        id: ObjectId(id),
        attributes: attributes([
            ("name", optional(group.group_name)),
            ("description", optional(group.description)),
            ("vpc", optional(group.vpc_id)),
        ]),
        condition: Condition::Complete,
        tags: tags_seen(group.tags.as_deref().unwrap_or_default()),
    }
}

/// Adds to the groups that this state made which rules in them are not its own. In a group that was imported nobody can tell: the
/// rules that were imported with it carry no tags either.
async fn show_undeclared(place: &Place, found: &mut [Found]) -> Result<(), ProviderError> {
    let is_ours = |group: &Found| group.tags.get(ownership::LINEAGE) == Some(&place.settings.lineage.0);
    let ours: Vec<ObjectId> = found
        .iter()
        .filter(|group| is_ours(group))
        .map(|group| group.id.clone())
        .collect();
    let rules = undeclared::rules(place, &ours).await?;
    for group in found.iter_mut().filter(|group| is_ours(group)) {
        let of_group = rules.iter().filter(|rule| rule.group_id() == Some(&group.id.0));
        let texts = Value::list(of_group.map(|rule| Value::String(undeclared::described(rule))));
        group.attributes.insert(UNDECLARED.to_owned(), texts);
    }
    Ok(())
}
