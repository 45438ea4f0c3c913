//! Ranges as a stack gives them, and as names choose them.

use infra_model::component::network::Segment;
use infra_model::component::{Component, ComponentSpec};
use infra_model::stack::Stack;

use super::*;
use crate::lower::testing::{component, stack};

fn network(cidr: &str, zones: u32, segments: &[&str]) -> Network {
    let segments = segments
        .iter()
        .map(|name| ((*name).to_owned(), Segment::default()));
    Network {
        cidr: cidr.to_owned(),
        zones,
        segments: segments.collect(),
        allow: Vec::new(),
    }
}

fn carved(network: &Network, subnets: Option<Value>) -> (Ranges, Vec<String>) {
    let settings = [("subnets", subnets.unwrap_or(Value::Null))];
    let component: Component = component("network.main", ComponentSpec::Network(network.clone()), settings);
    let stack: Stack = stack([component.clone()]);
    let scene = Scene {
        component: &component,
        stack: &stack,
    };
    let mut diagnostics = Vec::new();
    let ranges = carve(&scene, network, &mut diagnostics);
    let told = diagnostics.into_iter().map(|one| {
        let hint = one.hint.unwrap_or_default();
        format!("{}: {} | {hint}", one.summary, one.detail)
    });
    (ranges, told.collect())
}

fn said(entries: &[(&str, Value)]) -> Option<Value> {
    Some(Value::map(
        entries.iter().map(|(name, value)| (*name, value.clone())),
    ))
}

fn text(ranges: &Ranges) -> String {
    let line = |(name, range): (&String, &Range)| {
        let zones: Vec<String> = range.by_zone.iter().map(Ipv4Net::to_string).collect();
        format!("{name} {}: {}", range.whole, zones.join(" "))
    };
    ranges.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn another_zone_and_another_segment_move_nobody() {
    let (two, told) = carved(&network("10.30.0.0/16", 2, &["app", "data"]), None);
    assert!(told.is_empty(), "{told:?}");
    let (three, _) = carved(
        &network("10.30.0.0/16", 3, &["app", "cache", "data", "edge"]),
        None,
    );
    for (name, range) in two {
        assert_eq!(three[&name].whole, range.whole);
        assert!(three[&name].by_zone.starts_with(&range.by_zone), "{name}");
    }
}

#[test]
fn no_two_subnets_overlap() {
    let (ranges, told) = carved(
        &network("10.30.0.0/16", 6, &["app", "cache", "data", "edge", "web"]),
        None,
    );
    assert!(told.is_empty(), "{told:?}");
    let all: Vec<Ipv4Net> = ranges.values().flat_map(|range| range.by_zone.clone()).collect();
    assert_eq!(all.len(), 30);
    assert!(blocks::are_apart(&all), "{all:?}");
}

#[test]
fn a_stack_may_say_a_block_or_each_range() {
    let lists = Value::list(["10.30.1.0/24", "10.30.2.0/24"].map(Value::string));
    let subnets = said(&[("app", Value::string("10.30.96.0/20")), ("data", lists)]);
    let (ranges, told) = carved(&network("10.30.0.0/16", 2, &["app", "data"]), subnets);
    assert!(told.is_empty(), "{told:?}");
    insta::assert_snapshot!(text(&ranges), @r#"
    app 10.30.96.0/20: 10.30.96.0/23 10.30.98.0/23
    data 10.30.0.0/22: 10.30.1.0/24 10.30.2.0/24
    "#);
}

#[test]
fn a_block_that_is_taken_is_an_error_that_says_what_to_write() {
    let network = network("10.30.0.0/16", 1, &["app", "data"]);
    let (free, _) = carved(&network, None);
    let subnets = said(&[("app", Value::String(free["data"].whole.to_string()))]);
    let (ranges, told) = carved(&network, subnets);
    insta::assert_snapshot!(told.join("\n"), @r#"
    Two segments choose the same range: The name of the segment `data` chooses 10.30.58.0/23 in `network.main`, which another segment has | Give it a range of its own in the block `aws` of the network: subnets = { data = "10.30.0.0/23" }. If it exists already, give one to the segment that is new: another range means another subnet
    "#);
    assert!(!overlap(&ranges["app"], &ranges["data"]));
}

#[test]
fn what_cannot_be_is_said() {
    let two = network("10.30.0.0/16", 2, &["app", "data"]);
    let list = Value::list(["10.30.1.0/24", "10.30.1.0/25"].map(Value::string));
    let cases = [
        carved(&two, said(&[("app", Value::string("10.31.0.0/24"))])),
        carved(&two, said(&[("app", Value::string("10.30.1.0/28"))])),
        carved(&two, said(&[("app", list)])),
        carved(&two, said(&[("apq", Value::string("10.30.1.0/24"))])),
        carved(
            &two,
            said(&[
                ("app", Value::string("10.30.0.0/20")),
                ("data", Value::string("10.30.8.0/24")),
            ]),
        ),
        carved(&two, Some(Value::from(true))),
        carved(&network("10.0.0.0/8", 2, &["app"]), None),
    ];
    let told: Vec<String> = cases.into_iter().flat_map(|(_, told)| told).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    Invalid setting: `subnets` in `aws` of `network.main` takes for `app` a range in 10.30.0.0/16, /28 or larger | 
    Invalid setting: `subnets` in `aws` of `network.main` takes for `app` a range with room for 2 subnets of /28 or larger | 
    Invalid setting: `subnets` in `aws` of `network.main` takes for `app` ranges that do not overlap | 
    Unknown segment: `subnets` in `aws` of `network.main` names the segment `apq`, which this network does not have | Did you mean `app`?
    Invalid setting: `subnets` in `aws` of `network.main` takes ranges by the name of a segment, such as { data = "10.0.4.0/23" } | 
    The range does not fit a VPC: `network.main` has the range 10.0.0.0/8, and a VPC takes a prefix from /16 to /28 | Choose another `cidr`; an environment's file may override it
    "#);
}
