//! `aws.ec2.security_group_rule`: one thing that a security group lets through. What it says is what it is: no two rules of a
//! group say the same.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType, SecurityGroupRule as Described};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{applied, change_tags, filter, filters, gone, known, tagged, tags_seen};
use crate::failure::rejected;
use crate::kinds::inputs::{malformed, named, optional, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};

pub(super) mod calls;

/// The type.
pub const SECURITY_GROUP_RULE: &str = "aws.ec2.security_group_rule";

/// Lets in.
pub const INGRESS: &str = "ingress";
/// Lets out.
pub const EGRESS: &str = "egress";

/// How many rules a page holds at most.
const PAGE: i32 = 1_000;

/// Manages rules of security groups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SecurityGroupRule;

#[async_trait]
impl Objects for SecurityGroupRule {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: SECURITY_GROUP_RULE.parse().expect("a well-formed type"),
            summary: "One thing that a security group lets through".to_owned(),
            version: 1,
            recovery: RecoveryClass::Content,
            attributes: named([
                ("group", replaces("The id of its security group")),
                ("direction", replaces("`ingress` or `egress`")),
                ("protocol", replaces("`tcp`, or `-1` for all")),
                ("from_port", replaces("The first port")),
                ("to_port", replaces("The last port")),
                ("cidr", replaces("The addresses at the other end")),
                (
                    "source_group",
                    replaces("The id of the security group at the other end"),
                ),
                (
                    "prefix_list",
                    replaces("The id of the list of addresses at the other end"),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 500,
                update_ms: 300,
                delete_ms: 500,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let asked = match which {
            Which::Like(inputs) => vec![vec![filter("group-id", [text(inputs, "group")?])]],
            which => filters(which, "security-group-rule-id"),
        };
        let rules = described(place, asked).await?;
        let found = rules.iter().map(found);
        Ok(match which {
            Which::Like(inputs) => found.filter(|rule| says_the_same(rule, inputs)).collect(),
            _ => found.collect(),
        })
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let (group, permission) = (text(inputs, "group")?, calls::permission(inputs)?);
        let tags = tagged(ResourceType::SecurityGroupRule, &place.tags_of_new(request));
        let made = match text(inputs, "direction")? {
            INGRESS => known(|| calls::let_in(place, group, permission.clone(), tags.clone())).await?,
            EGRESS => known(|| calls::let_out(place, group, permission.clone(), tags.clone())).await?,
            _ => return Err(malformed("direction")),
        };
        let id = made.first().and_then(Described::security_group_rule_id);
        Ok(applied(id.unwrap_or_default()))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        change_tags(place, request).await?;
        Ok(applied(&request.id.0))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let group = text(&request.inputs, "group")?;
        let is_egress = text(&request.inputs, "direction")? == EGRESS;
        gone(calls::revoke(place, group, &request.id.0, is_egress).await)
    }
}

/// Describes rules, a call for each set of filters.
pub(super) async fn described(
    place: &Place,
    asked: Vec<Vec<Filter>>,
) -> Result<Vec<Described>, ProviderError> {
    let calls = asked.into_iter().map(async |filters| {
        let pages = place
            .clients
            .ec2()
            .describe_security_group_rules()
            .set_filters(Some(filters))
            .max_results(PAGE)
            .into_paginator()
            .items()
            .send();
        pages
            .try_collect()
            .await
            .map_err(|error| rejected("ec2.DescribeSecurityGroupRules", error))
    });
    Ok(try_join_all(calls).await?.into_iter().flatten().collect())
}

/// Returns which way a rule lets through.
pub(super) fn direction(rule: &Described) -> &'static str {
    if rule.is_egress() == Some(true) {
        EGRESS
    } else {
        INGRESS
    }
}

/// Returns what is at the other end of a rule.
pub(super) fn end_of(rule: &Described) -> Option<&str> {
    rule.cidr_ipv4()
        .or(rule.cidr_ipv6())
        .or(rule.prefix_list_id())
        .or(source_of(rule))
}

fn source_of(rule: &Described) -> Option<&str> {
    rule.referenced_group_info().and_then(|group| group.group_id())
}

fn found(rule: &Described) -> Found {
    // Rules for all protocols show -1 where they have no ports.
    let port = |port: Option<i32>| port.filter(|port| *port >= 0);
    let port = |number: Option<i32>| port(number).map_or(Value::Null, |port| Value::from(i64::from(port)));
    let id = rule.security_group_rule_id().unwrap_or_default();
    Found {
        id: ObjectId(id.to_owned()),
        outputs: applied(id).outputs,
        attributes: attributes([
            ("group", optional(rule.group_id())),
            ("direction", Value::string(direction(rule))),
            ("protocol", optional(rule.ip_protocol())),
            ("from_port", port(rule.from_port())),
            ("to_port", port(rule.to_port())),
            ("cidr", optional(rule.cidr_ipv4().or(rule.cidr_ipv6()))),
            ("source_group", optional(source_of(rule))),
            ("prefix_list", optional(rule.prefix_list_id())),
        ]),
        condition: Condition::Complete,
        tags: tags_seen(rule.tags()),
    }
}

/// Tells whether a rule lets through what these inputs ask for.
fn says_the_same(rule: &Found, inputs: &Attributes) -> bool {
    let of_inputs = |name: &str| inputs.get(name).unwrap_or(&Value::Null);
    rule.attributes.iter().all(|(name, seen)| of_inputs(name) == seen)
}
