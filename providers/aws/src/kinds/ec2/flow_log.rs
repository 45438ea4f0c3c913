//! `aws.ec2.flow_log`: what passed in a network and what was turned away, written to a log group.

use async_trait::async_trait;
use aws_sdk_ec2::types::{
    FlowLog as Described, FlowLogsResourceType, LogDestinationType, ResourceType, TrafficType,
};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{all_done, applied, change_tags, filters, gone, tagged, tags_seen};
use crate::failure::{failed, rejected};
use crate::kinds::inputs::{named, number, optional, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::kinds::stages::of_new_role;

/// The type.
pub const FLOW_LOG: &str = "aws.ec2.flow_log";

/// Seconds over which packets are counted together if nothing is said.
const INTERVAL: i64 = 600;

/// Manages flow logs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowLog;

#[async_trait]
impl Objects for FlowLog {
    fn schema(&self) -> ResourceSchema {
        let traffic = "What is written: `ALL`, `ACCEPT` for what passed or `REJECT` for what was turned away";
        ResourceSchema {
            resource_type: FLOW_LOG.parse().expect("a well-formed type"),
            summary: "What passed in a network and what was turned away".to_owned(),
            version: 1,
            recovery: RecoveryClass::Token,
            attributes: named([
                ("vpc", replaces("The id of the VPC that is watched")),
                (
                    "traffic",
                    replaces(traffic).default_value(TrafficType::All.as_str()),
                ),
                (
                    "log_group",
                    replaces("The name of the log group that is written to"),
                ),
                ("role", replaces("The ARN of the role that writes")),
                (
                    "interval_seconds",
                    replaces("Seconds over which packets are counted together: 60 or 600")
                        .default_value(INTERVAL),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 300,
                delete_ms: 500,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let calls = filters(which, "flow-log-id").into_iter().map(async |filters| {
            let pages = place
                .clients
                .ec2()
                .describe_flow_logs()
                .set_filter(Some(filters))
                .into_paginator()
                .items()
                .send();
            pages
                .try_collect()
                .await
                .map_err(|error| rejected("ec2.DescribeFlowLogs", error))
        });
        let listed = try_join_all(calls).await?.into_iter().flatten();
        Ok(listed.map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let traffic = inputs.get("traffic").and_then(Value::as_str);
        let call = place
            .clients
            .ec2()
            .create_flow_logs()
            .client_token(&request.tag.token.0)
            .resource_type(FlowLogsResourceType::Vpc)
            .resource_ids(text(inputs, "vpc")?)
            .traffic_type(traffic.map_or(TrafficType::All, TrafficType::from))
            .log_destination_type(LogDestinationType::CloudWatchLogs)
            .log_group_name(text(inputs, "log_group")?)
            .deliver_logs_permission_arn(text(inputs, "role")?)
            .set_max_aggregation_interval(number(inputs, "interval_seconds"))
            .tag_specifications(tagged(ResourceType::VpcFlowLog, &place.tags_of_new(request)));
        let answer = call.send().await;
        let made = answer.map_err(|error| of_new_role(failed("ec2.CreateFlowLogs", error)))?;
        all_done("ec2.CreateFlowLogs", made.unsuccessful()).map_err(of_new_role)?;
        let id = made.flow_log_ids().first().cloned().unwrap_or_default();
        Ok(applied(&id))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        change_tags(place, request).await?;
        Ok(applied(&request.id.0))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place.clients.ec2().delete_flow_logs().flow_log_ids(&request.id.0);
        let answer = call.send().await;
        let deleted = answer
            .map_err(|error| failed("ec2.DeleteFlowLogs", error))
            .and_then(|answer| all_done("ec2.DeleteFlowLogs", answer.unsuccessful()));
        gone(deleted)
    }
}

fn found(log: Described) -> Found {
    let traffic = log.traffic_type.as_ref().map(TrafficType::as_str);
    let interval = log.max_aggregation_interval.map_or(INTERVAL, i64::from);
    let id = log.flow_log_id.unwrap_or_default();
    Found {
        outputs: applied(&id).outputs,
        id: ObjectId(id),
        attributes: attributes([
            ("vpc", optional(log.resource_id)),
            ("traffic", optional(traffic)),
            ("log_group", optional(log.log_group_name)),
            ("role", optional(log.deliver_logs_permission_arn)),
            ("interval_seconds", Value::from(interval)),
        ]),
        condition: Condition::Complete,
        tags: tags_seen(log.tags.as_deref().unwrap_or_default()),
    }
}
