//! The subnets of a network: one per segment and zone.

use infra_model::component::network::Network;
use infra_model::resource::Desired;
use infra_model::value::Value;

use super::places::subnet_name;
use super::ranges::Ranges;
use super::settings::{Settings, is_public};
use super::vpc_id;
use crate::kinds::ec2::subnet::SUBNET;
use crate::lower::scene::Scene;

/// Returns the subnets of all segments that have addresses.
pub(super) fn resources(
    scene: &Scene<'_>,
    network: &Network,
    settings: &Settings,
    ranges: &Ranges,
) -> Vec<Desired> {
    let of_segment = |(segment, range): (&String, &super::ranges::Range)| {
        let public = is_public(network, segment);
        let zones = settings.zones.iter().zip(&range.by_zone).zip(1..);
        let subnets = zones.map(|((zone, cidr), number)| {
            let inputs = [
                ("vpc", vpc_id(scene)),
                ("cidr", Value::String(cidr.to_string())),
                ("availability_zone", Value::string(zone.as_str())),
                ("map_public_ip_on_launch", Value::from(public)),
                ("tags", scene.tags()),
            ];
            scene.resource(SUBNET, &subnet_name(segment, number), inputs)
        });
        subnets.collect::<Vec<_>>()
    };
    ranges.iter().flat_map(of_segment).collect()
}
