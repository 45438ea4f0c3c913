//! `aws.ec2.route_table_association`: which route table the packets of a subnet follow.
//!
//! A subnet follows one at most; without, it follows the main table of its VPC. So the subnet is the identity: the service gives
//! another id whenever the table changes, and a subnet that somebody let follow another table is found and led back.

use async_trait::async_trait;
use aws_sdk_ec2::types::{RouteTableAssociation as Described, RouteTableAssociationStateCode as State};
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{applied, filter, filters, gone, known, route_table};
use crate::failure::failed;
use crate::kinds::inputs::{in_place, named, optional, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::ownership::Tags;

/// The type.
pub const ROUTE_TABLE_ASSOCIATION: &str = "aws.ec2.route_table_association";

/// The filter by identity.
const SUBNET: &str = "association.subnet-id";

/// Manages which table a subnet follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteTableAssociation;

#[async_trait]
impl Objects for RouteTableAssociation {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ROUTE_TABLE_ASSOCIATION.parse().expect("a well-formed type"),
            summary: "Which route table the packets of a subnet follow".to_owned(),
            version: 1,
            recovery: RecoveryClass::Content,
            attributes: named([
                ("subnet", replaces("The id of the subnet")),
                ("route_table", in_place("The id of the route table")),
            ]),
            outputs: named([("id", output("The id of the subnet"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 1_000,
                delete_ms: 500,
            },
        }
    }

    /// Associations are listed with their tables.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let filters = match which {
            Which::Like(inputs) => vec![vec![filter(SUBNET, [text(inputs, "subnet")?])]],
            which => filters(which, SUBNET),
        };
        let tables = route_table::described(place, filters).await?;
        let all = tables
            .into_iter()
            .flat_map(|table| table.associations.unwrap_or_default());
        let found: Vec<Found> = all.filter_map(found).collect();
        Ok(match which {
            Which::Like(inputs) => {
                let subnet = text(inputs, "subnet")?;
                found.into_iter().filter(|found| found.id.0 == subnet).collect()
            }
            _ => found,
        })
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let subnet = text(&request.inputs, "subnet")?;
        associate(place, subnet, text(&request.inputs, "route_table")?).await?;
        Ok(applied(subnet))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (subnet, table) = (&request.id.0, text(&request.inputs, "route_table")?);
        match current(place, subnet).await? {
            Some(association) => {
                let call = place
                    .clients
                    .ec2()
                    .replace_route_table_association()
                    .association_id(association)
                    .route_table_id(table);
                call.send()
                    .await
                    .map_err(|error| failed("ec2.ReplaceRouteTableAssociation", error))?;
            }
            None => associate(place, subnet, table).await?,
        }
        Ok(applied(subnet))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let Some(association) = current(place, &request.id.0).await? else {
            return Ok(());
        };
        let call = place
            .clients
            .ec2()
            .disassociate_route_table()
            .association_id(association);
        let ended = call.send().await.map(drop);
        gone(ended.map_err(|error| failed("ec2.DisassociateRouteTable", error)))
    }
}

async fn associate(place: &Place, subnet: &str, table: &str) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .associate_route_table()
        .subnet_id(subnet)
        .route_table_id(table);
    known(async || {
        let associated = call.clone().send().await.map(drop);
        associated.map_err(|error| failed("ec2.AssociateRouteTable", error))
    })
    .await
}

/// Returns what the service calls the association of a subnet, nothing if it follows the main table.
async fn current(place: &Place, subnet: &str) -> Result<Option<String>, ProviderError> {
    let tables = route_table::described(place, vec![vec![filter(SUBNET, [subnet])]]).await?;
    let all = tables
        .into_iter()
        .flat_map(|table| table.associations.unwrap_or_default());
    let mut of_subnet = all.filter(|one| is_there(one) && one.subnet_id.as_deref() == Some(subnet));
    Ok(of_subnet.next().and_then(|one| one.route_table_association_id))
}

fn is_there(association: &Described) -> bool {
    let state = association.association_state.as_ref();
    !matches!(
        state.and_then(|state| state.state.as_ref()),
        Some(State::Disassociating | State::Disassociated | State::Failed)
    )
}

/// Nothing for the association of the main table, in which no subnet is named, and for one that ends.
fn found(association: Described) -> Option<Found> {
    if !is_there(&association) {
        return None;
    }
    let subnet = association.subnet_id?;
    let Applied { id, outputs } = applied(&subnet);
    Some(Found {
        id,
        outputs,
        attributes: attributes([
            ("subnet", Value::String(subnet)),
            ("route_table", optional(association.route_table_id)),
        ]),
        condition: Condition::Complete,
        tags: Tags::new(),
    })
}
