//! A network becomes a VPC, subnets per segment and zone, and ways out where they are asked for.

use std::collections::BTreeMap;

use infra_model::component::ComponentSpec;
use infra_model::component::exports::of_component;
use infra_model::component::network::Segment;
use infra_model::diagnostic::Severity;

use super::*;
use crate::lower::testing::{component, stack, stack_in, text};

mod passing;

fn network(zones: u32, segments: &[(&str, bool)]) -> Network {
    let segments = segments
        .iter()
        .map(|(name, public)| ((*name).to_owned(), Segment { public: *public }));
    Network {
        cidr: "10.30.0.0/16".to_owned(),
        zones,
        segments: segments.collect(),
        allow: Vec::new(),
    }
}

fn lowered<const N: usize>(network: &Network, settings: [(&str, Value); N]) -> Lowered {
    lowered_at("eu-west-1", network, settings)
}

fn lowered_at<const N: usize>(region: &str, network: &Network, settings: [(&str, Value); N]) -> Lowered {
    let component = component("network.main", ComponentSpec::Network(network.clone()), settings);
    let stack = stack_in(region, [component.clone()]);
    let scene = Scene {
        component: &component,
        stack: &stack,
    };
    lower(&scene, network)
}

/// Returns what a network becomes in a stack with another component.
fn lowered_beside<const N: usize>(
    network: &Network,
    settings: [(&str, Value); N],
    other: infra_model::component::Component,
) -> Lowered {
    let component = component("network.main", ComponentSpec::Network(network.clone()), settings);
    let stack = stack([component.clone(), other]);
    let scene = Scene {
        component: &component,
        stack: &stack,
    };
    lower(&scene, network)
}

fn of_types<'a>(lowered: &'a Lowered, types: &[&str]) -> Vec<&'a Desired> {
    let is_one = |resource: &&Desired| types.contains(&resource.address.resource_type_str());
    lowered.resources.iter().filter(is_one).collect()
}

fn told(lowered: &Lowered) -> String {
    let lines = lowered.diagnostics.iter().map(|one| {
        let hint = one.hint.clone().unwrap_or_default();
        format!("{}: {} | {hint}", one.summary, one.detail)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn list(texts: &[&str]) -> Value {
    Value::list(texts.iter().map(|text| Value::string(*text)))
}

const WAYS: [&str; 6] = [
    "aws.ec2.elastic_ip",
    "aws.ec2.internet_gateway",
    "aws.ec2.nat_gateway",
    "aws.ec2.route",
    "aws.ec2.route_table",
    "aws.ec2.route_table_association",
];

#[test]
fn a_private_network_has_no_way_out() {
    let lowered = lowered(&network(2, &[("app", false)]), []);
    assert_eq!(told(&lowered), "");
    insta::assert_snapshot!(text(&lowered.resources), @r#"
    network.main/aws.ec2.vpc.main
      cidr = "10.30.0.0/16"
      dns_hostnames = true
      dns_support = true
    network.main/aws.ec2.subnet.app-1
      availability_zone = "eu-west-1a"
      cidr = "10.30.60.0/26"
      map_public_ip_on_launch = false
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.subnet.app-2
      availability_zone = "eu-west-1b"
      cidr = "10.30.60.64/26"
      map_public_ip_on_launch = false
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route_table.private-1
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route_table.private-2
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route_table_association.app-1
      route_table = network.main/aws.ec2.route_table.private-1.id
      subnet = network.main/aws.ec2.subnet.app-1.id
    network.main/aws.ec2.route_table_association.app-2
      route_table = network.main/aws.ec2.route_table.private-2.id
      subnet = network.main/aws.ec2.subnet.app-2.id
    network.main/aws.ec2.security_group.app
      description = "What may pass at shop-staging-main-app"
      name = "shop-staging-main-app"
      vpc = network.main/aws.ec2.vpc.main.id
    "#);
}

#[test]
fn a_public_segment_follows_the_way_to_the_internet() {
    let lowered = lowered(&network(1, &[("data", false), ("edge", true)]), []);
    insta::assert_snapshot!(text(of_types(&lowered, &WAYS)), @r#"
    network.main/aws.ec2.internet_gateway.main
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route_table.public
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route.public-internet
      destination = "0.0.0.0/0"
      gateway = network.main/aws.ec2.internet_gateway.main.id
      route_table = network.main/aws.ec2.route_table.public.id
    network.main/aws.ec2.route_table.private-1
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route_table_association.data-1
      route_table = network.main/aws.ec2.route_table.private-1.id
      subnet = network.main/aws.ec2.subnet.data-1.id
    network.main/aws.ec2.route_table_association.edge-1
      route_table = network.main/aws.ec2.route_table.public.id
      subnet = network.main/aws.ec2.subnet.edge-1.id
    "#);
}

#[test]
fn only_segments_that_may_reach_the_internet_follow_the_way_to_a_nat_gateway() {
    let network = network(2, &[("app", false), ("data", false), ("edge", true)]);
    let lowered = lowered(
        &network,
        [("nat", Value::string("single")), ("egress", list(&["app"]))],
    );
    assert_eq!(told(&lowered), "");
    insta::assert_snapshot!(text(of_types(&lowered, &WAYS)), @r#"
    network.main/aws.ec2.internet_gateway.main
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.elastic_ip.nat-1
    network.main/aws.ec2.nat_gateway.nat-1
      allocation = network.main/aws.ec2.elastic_ip.nat-1.id
      subnet = network.main/aws.ec2.subnet.edge-1.id
      after network.main/aws.ec2.internet_gateway.main
    network.main/aws.ec2.route_table.public
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route.public-internet
      destination = "0.0.0.0/0"
      gateway = network.main/aws.ec2.internet_gateway.main.id
      route_table = network.main/aws.ec2.route_table.public.id
    network.main/aws.ec2.route_table.egress-1
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route.egress-1-internet
      destination = "0.0.0.0/0"
      nat_gateway = network.main/aws.ec2.nat_gateway.nat-1.id
      route_table = network.main/aws.ec2.route_table.egress-1.id
    network.main/aws.ec2.route_table.egress-2
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route.egress-2-internet
      destination = "0.0.0.0/0"
      nat_gateway = network.main/aws.ec2.nat_gateway.nat-1.id
      route_table = network.main/aws.ec2.route_table.egress-2.id
    network.main/aws.ec2.route_table.private-1
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route_table.private-2
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.route_table_association.app-1
      route_table = network.main/aws.ec2.route_table.egress-1.id
      subnet = network.main/aws.ec2.subnet.app-1.id
    network.main/aws.ec2.route_table_association.app-2
      route_table = network.main/aws.ec2.route_table.egress-2.id
      subnet = network.main/aws.ec2.subnet.app-2.id
    network.main/aws.ec2.route_table_association.data-1
      route_table = network.main/aws.ec2.route_table.private-1.id
      subnet = network.main/aws.ec2.subnet.data-1.id
    network.main/aws.ec2.route_table_association.data-2
      route_table = network.main/aws.ec2.route_table.private-2.id
      subnet = network.main/aws.ec2.subnet.data-2.id
    network.main/aws.ec2.route_table_association.edge-1
      route_table = network.main/aws.ec2.route_table.public.id
      subnet = network.main/aws.ec2.subnet.edge-1.id
    network.main/aws.ec2.route_table_association.edge-2
      route_table = network.main/aws.ec2.route_table.public.id
      subnet = network.main/aws.ec2.subnet.edge-2.id
    "#);
}

#[test]
fn a_nat_gateway_per_zone_serves_its_zone() {
    let network = network(2, &[("app", false), ("edge", true)]);
    let lowered = lowered(
        &network,
        [("nat", Value::string("per_zone")), ("egress", list(&["app"]))],
    );
    let ways: BTreeMap<String, String> = of_types(&lowered, &["aws.ec2.route"])
        .into_iter()
        .filter_map(|route| {
            Some((
                route.address.to_string(),
                format!("{:?}", route.inputs.get("nat_gateway")?),
            ))
        })
        .collect();
    insta::assert_debug_snapshot!(ways, @r#"
    {
        "network.main/aws.ec2.route.egress-1-internet": "network.main/aws.ec2.nat_gateway.nat-1.id",
        "network.main/aws.ec2.route.egress-2-internet": "network.main/aws.ec2.nat_gateway.nat-2.id",
    }
    "#);
}

#[test]
fn what_cannot_be_is_said() {
    let edge = [("app", false), ("edge", true)];
    let cases = [
        lowered(
            &network(1, &[("app", false)]),
            [("nat", Value::string("single")), ("egress", list(&["app"]))],
        ),
        lowered(&network(1, &edge), [("egress", list(&["app"]))]),
        lowered(&network(1, &edge), [("egress", list(&["apq"]))]),
        lowered(&network(1, &edge), [("nat", Value::string("double"))]),
        lowered(
            &network(1, &[("app", false), ("edge", true), ("web", true)]),
            [("nat", Value::string("single")), ("egress", list(&["app"]))],
        ),
        lowered(
            &network(2, &edge),
            [("zones", list(&["eu-west-1a", "eu-west-1a"]))],
        ),
        lowered(&network(1, &edge), [("nats", Value::string("single"))]),
    ];
    assert!(
        cases
            .iter()
            .all(|lowered| lowered.diagnostics.iter().all(|one| one.is_error()))
    );
    let told: Vec<String> = cases.iter().map(told).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    A NAT gateway needs a public segment: `network.main` has no public segment that its NAT gateway could stand in | Add a segment with `public = true`
    No way to the internet: `network.main` lets its private segment `app` out to the internet, and has no NAT gateway | Add to its block `aws`: nat = "single", or "per_zone" to survive the loss of a zone
    Unknown segment: `egress` in `aws` of `network.main` names the segment `apq`, which this network does not have | Did you mean `app`?
    Invalid setting: `nat` in `aws` of `network.main` takes `none`, `single` or `per_zone` | 
    It is not said where the NAT gateway stands: `network.main` has several public segments that its NAT gateway could stand in | Add to its block `aws`: nat_segment = "edge"
    Invalid setting: `zones` in `aws` of `network.main` takes the names of 2 different zones, as many as `zones` of the network says | 
    Unknown setting: `aws` of `network.main` has no setting `nats` | Did you mean `nat`?
    "#);
}

#[test]
fn a_nat_gateway_that_nobody_uses_is_told_of() {
    let lowered = lowered(
        &network(1, &[("app", false), ("edge", true)]),
        [("nat", Value::string("single"))],
    );
    assert_eq!(lowered.diagnostics[0].severity, Severity::Warning);
    insta::assert_snapshot!(told(&lowered), @r#"
    A NAT gateway that nobody uses: `network.main` pays for a NAT gateway, and no private segment may reach the internet through it | Name the segments that may in its block `aws`: egress = ["…"]
    "#);
}

#[test]
fn zones_are_named_as_the_stack_says() {
    let zones = list(&["eu-west-1c", "eu-west-1b"]);
    let lowered = lowered(&network(2, &[("app", false)]), [("zones", zones)]);
    let subnets = of_types(&lowered, &["aws.ec2.subnet"]);
    let zones: Vec<&Value> = subnets
        .iter()
        .map(|subnet| &subnet.inputs["availability_zone"])
        .collect();
    assert_eq!(
        zones,
        [&Value::string("eu-west-1c"), &Value::string("eu-west-1b")]
    );
}

#[test]
fn a_segment_that_is_added_changes_no_resource_that_there_is() {
    let few = lowered(&network(2, &[("app", false), ("edge", true)]), []);
    let more = lowered(
        &network(
            3,
            &[("aaa", true), ("app", false), ("data", false), ("edge", true)],
        ),
        [],
    );
    for resource in &few.resources {
        assert!(more.resources.contains(resource), "{}", resource.address);
    }
}

#[test]
fn exports_are_those_of_the_table() {
    let network = network(2, &[("app", false), ("edge", true)]);
    let lowered = lowered(&network, []);
    for (path, _) in of_component(&ComponentSpec::Network(network)) {
        let mut value = &lowered.exports[&path[0]];
        for part in &path[1..] {
            value = &value.as_map().unwrap()[part];
        }
        assert!(
            value.as_str().unwrap().starts_with("10.30."),
            "{path:?} is {value:?}"
        );
    }
}
