//! Lowers the component `network`: a VPC, subnets per segment and zone, and the ways between them and the internet.

use infra_model::address::Address;
use infra_model::component::network::Network;
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, output};

use super::scene::Scene;
use crate::kinds::ec2::vpc::VPC;

mod acl;
mod endpoints;
mod flow_logs;
mod flows;
pub mod places;
mod ranges;
mod routes;
mod security;
mod settings;
mod subnets;

use ranges::{Ranges, whole};
use settings::Settings;

/// What the block `aws` of a network may set.
const SETTINGS: [&str; 10] = [
    "egress",
    "endpoints",
    "flow_log_days",
    "flow_logs",
    "nat",
    "nat_segment",
    "network_acls",
    "subnets",
    "tags",
    "zones",
];

/// The name of a network's only VPC and of its only internet gateway.
const MAIN: &str = "main";

/// Returns the resources of a network and its exports.
#[must_use]
pub fn lower(scene: &Scene<'_>, network: &Network) -> Lowered {
    let mut diagnostics = scene.unknown_settings(&SETTINGS);
    let settings = Settings::of(scene, network, &mut diagnostics);
    let ranges = ranges::carve(scene, network, &mut diagnostics);
    let mut resources = vec![vpc(scene, network)];
    resources.extend(subnets::resources(scene, network, &settings, &ranges));
    resources.extend(routes::resources(scene, network, &settings));
    for part in [
        security::resources,
        acl::resources,
        endpoints::resources,
        flow_logs::resources,
    ] {
        resources.extend(part(scene, network, &mut diagnostics));
    }
    Lowered {
        resources,
        exports: exports(network, &ranges),
        diagnostics,
    }
}

fn vpc(scene: &Scene<'_>, network: &Network) -> Desired {
    let cidr = whole(network).map_or_else(|| network.cidr.clone(), |whole| whole.to_string());
    let inputs = [
        ("cidr", Value::String(cidr)),
        ("dns_support", Value::from(true)),
        ("dns_hostnames", Value::from(true)),
        ("tags", scene.tags()),
    ];
    scene.resource(VPC, MAIN, inputs)
}

/// Returns the id of the network's VPC, known after apply.
fn vpc_id(scene: &Scene<'_>) -> Value {
    id_of(scene, VPC, MAIN)
}

/// Returns the id of a resource of the network, known after apply.
fn id_of(scene: &Scene<'_>, resource_type: &str, name: &str) -> Value {
    let of: Address = address(scene.component, resource_type, name);
    output(&of, "id")
}

fn exports(network: &Network, ranges: &Ranges) -> Attributes {
    let cidr = whole(network).map_or_else(|| network.cidr.clone(), |whole| whole.to_string());
    let segments = ranges.iter().map(|(name, range)| {
        let cidr = Value::String(range.whole.to_string());
        (name.as_str(), Value::map([("cidr", cidr)]))
    });
    Attributes::from([
        ("cidr".to_owned(), Value::String(cidr)),
        ("segment".to_owned(), Value::map(segments)),
    ])
}

#[cfg(test)]
mod tests;
