//! The ways between a network's subnets and the internet.
//!
//! Public segments follow one table with a route to the internet gateway. Private ones follow a table per zone that leads nowhere;
//! those that may reach the internet follow another one per zone, with a route to a NAT gateway.

use std::collections::BTreeSet;

use infra_model::component::network::Network;
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::address;

use super::places::subnet_name;
use super::settings::{Nat, Settings, is_public};
use super::{MAIN, id_of, vpc_id};
use crate::kinds::ec2::elastic_ip::ELASTIC_IP;
use crate::kinds::ec2::internet_gateway::INTERNET_GATEWAY;
use crate::kinds::ec2::nat_gateway::NAT_GATEWAY;
use crate::kinds::ec2::route::ROUTE;
use crate::kinds::ec2::route_table::ROUTE_TABLE;
use crate::kinds::ec2::route_table_association::ROUTE_TABLE_ASSOCIATION;
use crate::kinds::ec2::subnet::SUBNET;
use crate::lower::scene::Scene;

/// Everybody.
const ANYWHERE: &str = "0.0.0.0/0";

/// A route table by the part that it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Table {
    /// That of all public segments.
    Public,
    /// That of private segments in a zone that may reach the internet.
    Egress(u32),
    /// That of private segments in a zone.
    Private(u32),
}

impl Table {
    fn of(network: &Network, settings: &Settings, segment: &str, zone: u32) -> Self {
        if is_public(network, segment) {
            Table::Public
        } else if settings.is_translated(network, segment) {
            Table::Egress(zone)
        } else {
            Table::Private(zone)
        }
    }

    fn name(self) -> String {
        match self {
            Table::Public => "public".to_owned(),
            Table::Egress(zone) => format!("egress-{zone}"),
            Table::Private(zone) => format!("private-{zone}"),
        }
    }
}

/// Returns gateways, route tables, their routes, and which subnet follows which.
pub(super) fn resources(scene: &Scene<'_>, network: &Network, settings: &Settings) -> Vec<Desired> {
    let tables = tables(network, settings);
    let mut resources = Vec::new();
    if tables.contains(&Table::Public) {
        let inputs = [("vpc", vpc_id(scene)), ("tags", scene.tags())];
        resources.push(scene.resource(INTERNET_GATEWAY, MAIN, inputs));
    }
    resources.extend(gateways(scene, network, settings));
    for table in &tables {
        let inputs = [("vpc", vpc_id(scene)), ("tags", scene.tags())];
        resources.push(scene.resource(ROUTE_TABLE, &table.name(), inputs));
        resources.extend(route(scene, settings, *table));
    }
    resources.extend(associations(scene, network, settings));
    resources
}

/// Returns the ids of all route tables of the network, known after apply, in the order of their names.
pub(super) fn table_ids(scene: &Scene<'_>, network: &Network, settings: &Settings) -> Vec<Value> {
    let tables = tables(network, settings);
    let names: BTreeSet<String> = tables.into_iter().map(Table::name).collect();
    names.iter().map(|name| id_of(scene, ROUTE_TABLE, name)).collect()
}

fn tables(network: &Network, settings: &Settings) -> BTreeSet<Table> {
    let of_segment =
        |segment| (1..=network.zones).map(move |zone| Table::of(network, settings, segment, zone));
    network
        .segments
        .keys()
        .map(String::as_str)
        .flat_map(of_segment)
        .collect()
}

/// Returns NAT gateways and their addresses: one, or one per zone.
fn gateways(scene: &Scene<'_>, network: &Network, settings: &Settings) -> Vec<Desired> {
    let Some(segment) = &settings.nat_segment else {
        return Vec::new();
    };
    let zones = match settings.nat {
        Nat::None => 0,
        Nat::Single => 1,
        Nat::PerZone => network.zones,
    };
    let gateway = |zone| {
        let name = nat_name(zone);
        let ip = scene.resource(ELASTIC_IP, &name, [("tags", scene.tags())]);
        let inputs = [
            ("subnet", id_of(scene, SUBNET, &subnet_name(segment, zone))),
            ("allocation", id_of(scene, ELASTIC_IP, &name)),
            ("tags", scene.tags()),
        ];
        let mut nat = scene.resource(NAT_GATEWAY, &name, inputs);
        // The service refuses it while the VPC has no way to the internet.
        nat.after.insert(address(scene.component, INTERNET_GATEWAY, MAIN));
        [ip, nat]
    };
    (1..=zones).flat_map(gateway).collect()
}

fn nat_name(zone: u32) -> String {
    format!("nat-{zone}")
}

/// Returns the route of a table to everybody, if it has one.
fn route(scene: &Scene<'_>, settings: &Settings, table: Table) -> Option<Desired> {
    let (by, way) = match table {
        Table::Public => ("gateway", id_of(scene, INTERNET_GATEWAY, MAIN)),
        Table::Egress(zone) => {
            settings.nat_segment.as_ref()?;
            let zone = if settings.nat == Nat::PerZone { zone } else { 1 };
            ("nat_gateway", id_of(scene, NAT_GATEWAY, &nat_name(zone)))
        }
        Table::Private(_) => return None,
    };
    let name = table.name();
    let inputs = [
        ("route_table", id_of(scene, ROUTE_TABLE, &name)),
        ("destination", Value::string(ANYWHERE)),
        (by, way),
    ];
    Some(scene.resource(ROUTE, &format!("{name}-internet"), inputs))
}

fn associations(scene: &Scene<'_>, network: &Network, settings: &Settings) -> Vec<Desired> {
    let of_segment = |segment: &String| {
        let zones = 1..=network.zones;
        let associations = zones.map(|zone| {
            let name = subnet_name(segment, zone);
            let table = Table::of(network, settings, segment, zone).name();
            let inputs = [
                ("subnet", id_of(scene, SUBNET, &name)),
                ("route_table", id_of(scene, ROUTE_TABLE, &table)),
            ];
            scene.resource(ROUTE_TABLE_ASSOCIATION, &name, inputs)
        });
        associations.collect::<Vec<_>>()
    };
    network.segments.keys().flat_map(of_segment).collect()
}
