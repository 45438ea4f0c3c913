//! `aws.ec2.route`: where packets to a range go. It has no id of its own: table and range are its identity, written
//! `<table>|<range>`.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Route as Described, RouteOrigin};
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{filters_by, gone, known, route_table};
use crate::failure::failed;
use crate::kinds::inputs::{in_place, malformed, named, optional, optional_text, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::ownership::Tags;

/// The type.
pub const ROUTE: &str = "aws.ec2.route";

/// Manages routes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route;

#[async_trait]
impl Objects for Route {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ROUTE.parse().expect("a well-formed type"),
            summary: "Where packets to a range of addresses go".to_owned(),
            version: 1,
            recovery: RecoveryClass::Content,
            attributes: named([
                ("route_table", replaces("The id of the table that it is part of")),
                ("destination", replaces("The range that packets go to")),
                (
                    "gateway",
                    in_place("The id of the internet gateway that takes them"),
                ),
                (
                    "nat_gateway",
                    in_place("The id of the NAT gateway that takes them"),
                ),
            ]),
            outputs: named([("id", output("Its table and its range"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 500,
                delete_ms: 500,
            },
        }
    }

    /// Routes are listed with their tables.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let (tables, range) = match which {
            Which::Ids(ids) => (ids.iter().filter_map(table_in).collect(), None),
            Which::Like(inputs) => {
                let table = text(inputs, "route_table")?.to_owned();
                (BTreeSet::from([table]), Some(text(inputs, "destination")?))
            }
            Which::Token(_) => return Ok(Vec::new()),
        };
        let tables: Vec<String> = tables.into_iter().collect();
        let listed = route_table::described(place, filters_by("route-table-id", &tables)).await?;
        let routes = listed.into_iter().flat_map(|table| {
            let id = table.route_table_id.unwrap_or_default();
            let routes = table.routes.unwrap_or_default().into_iter();
            routes.filter_map(move |route| found(&id, route))
        });
        let is_meant = |found: &Found| {
            range.is_none_or(|range| optional_text(&found.attributes, "destination") == Some(range))
        };
        Ok(routes.filter(is_meant).collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let (table, range) = (text(inputs, "route_table")?, text(inputs, "destination")?);
        let call = place
            .clients
            .ec2()
            .create_route()
            .route_table_id(table)
            .destination_cidr_block(range)
            .set_gateway_id(optional_text(inputs, "gateway").map(str::to_owned))
            .set_nat_gateway_id(optional_text(inputs, "nat_gateway").map(str::to_owned));
        known(async || {
            let made = call.clone().send().await;
            made.map_err(|error| failed("ec2.CreateRoute", error))
        })
        .await?;
        Ok(applied(table, range))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (table, range) = parts(&request.id)?;
        let inputs = &request.inputs;
        let call = place
            .clients
            .ec2()
            .replace_route()
            .route_table_id(table)
            .destination_cidr_block(range)
            .set_gateway_id(optional_text(inputs, "gateway").map(str::to_owned))
            .set_nat_gateway_id(optional_text(inputs, "nat_gateway").map(str::to_owned));
        call.send()
            .await
            .map_err(|error| failed("ec2.ReplaceRoute", error))?;
        Ok(applied(table, range))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let (table, range) = parts(&request.id)?;
        let call = place
            .clients
            .ec2()
            .delete_route()
            .route_table_id(table)
            .destination_cidr_block(range);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteRoute", error)))
    }
}

fn parts(id: &ObjectId) -> Result<(&str, &str), ProviderError> {
    id.0.split_once('|').ok_or_else(|| malformed("id"))
}

fn table_in(id: &ObjectId) -> Option<String> {
    let (table, _) = id.0.split_once('|')?;
    Some(table.to_owned())
}

/// Nothing for routes that the table has by itself, and for those to what is not a range of IPv4.
fn found(table: &str, route: Described) -> Option<Found> {
    if route.origin != Some(RouteOrigin::CreateRoute) {
        return None;
    }
    let range = route.destination_cidr_block?;
    let Applied { id, outputs } = applied(table, &range);
    Some(Found {
        id,
        outputs,
        attributes: attributes([
            ("route_table", Value::string(table)),
            ("destination", Value::String(range)),
            ("gateway", optional(route.gateway_id)),
            ("nat_gateway", optional(route.nat_gateway_id)),
        ]),
        condition: Condition::Complete,
        tags: Tags::new(),
    })
}

/// Returns what identifies a route here.
pub(crate) fn identity(table: &str, range: &str) -> String {
    format!("{table}|{range}")
}

fn applied(table: &str, range: &str) -> Applied {
    let id = identity(table, range);
    Applied {
        id: ObjectId(id.clone()),
        outputs: Attributes::from([("id".to_owned(), Value::String(id))]),
    }
}
