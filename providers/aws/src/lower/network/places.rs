//! Where other components stand: the subnets and the security group of a segment, by the names that the network's lowering gives.

use infra_model::address::{Address, ResourceType};
use infra_model::component::network::Network;
use infra_model::component::{ComponentSpec, SegmentRef};
use infra_model::stack::Stack;
use infra_model::value::Value;
use infra_provider::lowering::output;

use crate::kinds::ec2;

/// The type of a network's only VPC, which is called `main`.
pub const VPC: &str = ec2::vpc::VPC;
/// The type of subnets; that of a segment in the n-th zone is called `<segment>-<n>`, from one.
pub const SUBNET: &str = ec2::subnet::SUBNET;
/// The type of security groups; that of a segment is called like the segment.
pub const SECURITY_GROUP: &str = ec2::security_group::SECURITY_GROUP;

/// Returns the network that a segment is in; nothing if the stack has none, which was checked when it was read.
#[must_use]
pub fn network_of<'a>(stack: &'a Stack, segment: &SegmentRef) -> Option<&'a Network> {
    match &stack.components.get(&segment.network)?.spec {
        ComponentSpec::Network(network) => Some(network),
        _ => None,
    }
}

/// Returns the ids of a segment's subnets, one per zone, known after apply.
#[must_use]
pub fn subnets(stack: &Stack, segment: &SegmentRef) -> Vec<Value> {
    let zones = network_of(stack, segment).map_or(0, |network| network.zones);
    (1..=zones)
        .map(|zone| {
            output(
                &place(segment, SUBNET, &subnet_name(&segment.segment, zone)),
                "id",
            )
        })
        .collect()
}

/// Returns the id of a segment's security group, known after apply.
#[must_use]
pub fn security_group(segment: &SegmentRef) -> Value {
    output(&place(segment, SECURITY_GROUP, &segment.segment), "id")
}

/// Returns the id of the VPC that a segment is in, known after apply.
#[must_use]
pub fn vpc(segment: &SegmentRef) -> Value {
    output(&place(segment, VPC, "main"), "id")
}

/// Returns the name of a segment's subnet in a zone, from one.
pub(super) fn subnet_name(segment: &str, zone: u32) -> String {
    format!("{segment}-{zone}")
}

fn place(segment: &SegmentRef, resource_type: &str, name: &str) -> Address {
    let resource_type: ResourceType = resource_type.parse().expect("a type in this source");
    segment
        .network
        .resource(&resource_type, name)
        .expect("a name that was checked before")
}
