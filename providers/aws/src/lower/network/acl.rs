//! Network ACLs, where they are asked for: one per segment, with what its security group lets through and the answers to it. An
//! ACL knows no connections, so that answers need entries of their own.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::component::SegmentRef;
use infra_model::component::network::Network;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::Value;

use super::flows::{self, ANYWHERE, End, Flow};
use super::ranges::{self, Ranges};
use super::settings::{Settings, switch};
use super::{endpoints, places, vpc_id};
use crate::kinds::ec2::network_acl::NETWORK_ACL;
use crate::kinds::ec2::network_acl::entries::BY_DEFAULT;
use crate::lower::scene::Scene;

/// The ports that answers go to: those that NAT gateways, load balancers and all systems choose from.
const ANSWERS: (u16, u16) = (1_024, 65_535);
/// How many entries a direction takes at most, without the last one that denies.
const AT_MOST: usize = 39;

/// An entry that lets TCP pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    egress: bool,
    cidr: String,
    ports: (u16, u16),
}

/// Returns the ACLs of a network.
pub(super) fn resources(
    scene: &Scene<'_>,
    network: &Network,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Desired> {
    if !switch(scene, "network_acls", diagnostics) {
        return Vec::new();
    }
    let settings = Settings::of(scene, network, &mut Vec::new());
    let ranges = ranges::carve(scene, network, &mut Vec::new());
    let flows = flows::of(scene, network);
    let mut acls = Vec::new();
    for segment in ranges.keys() {
        let mut flows = flows.clone();
        if settings.nat_segment.as_ref() == Some(segment) {
            flows.extend(translated(network, &settings, segment, &flows));
        }
        let entries = Guarded {
            network,
            ranges: &ranges,
            segment,
        }
        .entries(&flows);
        diagnostics.extend(too_many(scene, segment, &entries));
        acls.push(acl(scene, segment, &entries));
    }
    acls
}

/// Returns the flows that pass a segment because a NAT gateway in it passes them on.
fn translated(network: &Network, settings: &Settings, nat: &str, flows: &BTreeSet<Flow>) -> BTreeSet<Flow> {
    let gateway = || End::Segment(nat.to_owned());
    let through = |flow: &Flow| match (&flow.from, &flow.to) {
        (End::Segment(from), End::Range(_)) if settings.is_translated(network, from) => {
            let (from, to, port) = (flow.from.clone(), flow.to.clone(), flow.port);
            let (into, out) = ((from, gateway()), (gateway(), to));
            Some([into, out].map(|(from, to)| Flow { from, to, port }))
        }
        _ => None,
    };
    flows.iter().filter_map(through).flatten().collect()
}

fn acl(scene: &Scene<'_>, segment: &str, entries: &BTreeSet<Entry>) -> Desired {
    let place = SegmentRef {
        network: scene.component.address.clone(),
        segment: segment.to_owned(),
    };
    let inputs = [
        ("vpc", vpc_id(scene)),
        ("subnets", Value::list(places::subnets(scene.stack, &place))),
        ("ingress", numbered(entries, false)),
        ("egress", numbered(entries, true)),
        ("tags", scene.tags()),
    ];
    scene.resource(NETWORK_ACL, segment, inputs)
}

/// The segment that an ACL guards.
#[derive(Clone, Copy)]
struct Guarded<'a> {
    network: &'a Network,
    ranges: &'a Ranges,
    segment: &'a str,
}

impl Guarded<'_> {
    fn entries(self, flows: &BTreeSet<Flow>) -> BTreeSet<Entry> {
        let mut entries = BTreeSet::new();
        for flow in flows {
            let port = (flow.port, flow.port);
            if self.holds(&flow.from) {
                entries.extend(self.entry(true, &flow.to, port));
                entries.extend(self.entry(false, &flow.to, ANSWERS));
            }
            if self.holds(&flow.to) {
                entries.extend(self.entry(false, &flow.from, port));
                entries.extend(self.entry(true, &flow.from, ANSWERS));
            }
        }
        entries
    }

    /// Tells whether an end of a flow is in the segment.
    fn holds(self, end: &End) -> bool {
        match end {
            End::Segment(name) => name == self.segment,
            End::Endpoints => endpoints::segment(self.network) == Some(self.segment),
            End::Range(_) | End::Gateway(_) => false,
        }
    }

    fn entry(self, egress: bool, other: &End, ports: (u16, u16)) -> Vec<Entry> {
        let entry = |cidr| Entry { egress, cidr, ports };
        self.addresses(other).into_iter().map(entry).collect()
    }

    fn addresses(self, end: &End) -> Vec<String> {
        match end {
            End::Segment(name) => of_segment(self.ranges, name),
            End::Endpoints => endpoints::segment(self.network)
                .map(|name| of_segment(self.ranges, name))
                .unwrap_or_default(),
            End::Range(range) => vec![range.clone()],
            // An ACL cannot name the list of the service's addresses.
            End::Gateway(_) => vec![ANYWHERE.to_owned()],
        }
    }
}

/// Returns the fewest ranges that hold a segment's subnets and no other segment's.
fn of_segment(ranges: &Ranges, segment: &str) -> Vec<String> {
    let Some(range) = ranges.get(segment) else {
        return Vec::new();
    };
    let others = ranges.iter().filter(|(name, _)| *name != segment);
    let mut others = others.flat_map(|(_, other)| &other.by_zone);
    let is_shared = others.any(|other| range.whole.contains(other) || other.contains(&range.whole));
    if is_shared {
        let least = ipnet::Ipv4Net::aggregate(&range.by_zone);
        return least.iter().map(ToString::to_string).collect();
    }
    vec![range.whole.to_string()]
}

/// Returns the entries of a direction in the order of their numbers. A number comes from what the entry says: a new entry moves no
/// other, and order does not matter where all entries allow.
fn numbered(entries: &BTreeSet<Entry>, egress: bool) -> Value {
    let mut by_number = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.egress == egress) {
        let mut number = number_of(entry);
        while by_number.contains_key(&number) {
            number += 1;
        }
        by_number.insert(number, entry);
    }
    Value::list(by_number.into_iter().map(|(number, entry)| {
        Value::map([
            ("number", Value::from(number)),
            ("action", Value::string("allow")),
            ("protocol", Value::string("6")),
            ("cidr", Value::string(entry.cidr.as_str())),
            ("from_port", Value::from(i64::from(entry.ports.0))),
            ("to_port", Value::from(i64::from(entry.ports.1))),
        ])
    }))
}

/// Returns a number from 100 to 32,099: the last that the service takes is 32,766.
fn number_of(entry: &Entry) -> i64 {
    let said = format!("{} {}-{}", entry.cidr, entry.ports.0, entry.ports.1);
    let digest = blake3::hash(said.as_bytes());
    let [first, second, ..] = digest.as_bytes();
    100 + i64::from(u16::from_be_bytes([*first, *second])) % 32_000
}

fn too_many(scene: &Scene<'_>, segment: &str, entries: &BTreeSet<Entry>) -> Option<Diagnostic> {
    let out = entries.iter().filter(|entry| entry.egress).count();
    let most = out.max(entries.len() - out);
    let detail = format!(
        "The network ACL of `{segment}` in `{}` takes {most} entries in one direction, and AWS allows {BY_DEFAULT} unless \
         the quota of the account is raised, to {AT_MOST} at most",
        scene.component.address
    );
    match most {
        _ if most > AT_MOST => {
            let error =
                Diagnostic::error("Too many entries in a network ACL", detail).at(scene.component.span);
            Some(error.hint(
                "Allow fewer ports or ranges, or leave `network_acls` away: security groups say the same",
            ))
        }
        _ if most > BY_DEFAULT => {
            Some(Diagnostic::notice("Many entries in a network ACL", detail).at(scene.component.span))
        }
        _ => None,
    }
}
