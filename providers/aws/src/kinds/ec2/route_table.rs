//! `aws.ec2.route_table`: where packets of some subnets go. Its routes are objects of their own.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, ResourceType, RouteTable as Described};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{applied, change_tags, filter, filters, gone, known, settled, tagged, tags_seen};
use crate::failure::{failed, rejected};
use crate::kinds::inputs::{named, optional, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};

/// The type.
pub const ROUTE_TABLE: &str = "aws.ec2.route_table";

/// Manages route tables.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteTable;

#[async_trait]
impl Objects for RouteTable {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ROUTE_TABLE.parse().expect("a well-formed type"),
            summary: "Where packets of some subnets go; at first nowhere but to the VPC itself".to_owned(),
            version: 1,
            recovery: RecoveryClass::Token,
            attributes: named([("vpc", replaces("The id of the VPC that it is part of")), tags()]),
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
        let listed = described(place, filters(which, "route-table-id")).await?;
        Ok(listed.into_iter().map(found).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let tags = tagged(ResourceType::RouteTable, &place.tags_of_new(request));
        let call = place
            .clients
            .ec2()
            .create_route_table()
            .client_token(&request.tag.token.0)
            .vpc_id(text(&request.inputs, "vpc")?)
            .tag_specifications(tags);
        let made = known(async || {
            let made = call.clone().send().await;
            made.map_err(|error| failed("ec2.CreateRouteTable", error))
        })
        .await?;
        let id = made.route_table.and_then(|table| table.route_table_id);
        let id = id.unwrap_or_default();
        settled("ec2.CreateRouteTable", || async {
            let listed = described(place, vec![vec![filter("route-table-id", [&*id])]]).await?;
            Ok((!listed.is_empty()).then_some(()))
        })
        .await?;
        Ok(applied(&id))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        change_tags(place, request).await?;
        Ok(applied(&request.id.0))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place
            .clients
            .ec2()
            .delete_route_table()
            .route_table_id(&request.id.0);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteRouteTable", error)))
    }
}

/// Returns tables as the service describes them, with their routes and associations.
pub(super) async fn described(
    place: &Place,
    filters: Vec<Vec<Filter>>,
) -> Result<Vec<Described>, ProviderError> {
    let calls = filters.into_iter().map(async |filters| {
        let pages = place
            .clients
            .ec2()
            .describe_route_tables()
            .set_filters(Some(filters))
            .into_paginator()
            .items()
            .send();
        pages
            .try_collect()
            .await
            .map_err(|error| rejected("ec2.DescribeRouteTables", error))
    });
    Ok(try_join_all(calls).await?.into_iter().flatten().collect())
}

fn found(table: Described) -> Found {
    let id = table.route_table_id.unwrap_or_default();
    Found {
        outputs: applied(&id).outputs,
        id: ObjectId(id),
        attributes: attributes([("vpc", optional(table.vpc_id))]),
        condition: Condition::Complete,
        tags: tags_seen(table.tags.as_deref().unwrap_or_default()),
    }
}
