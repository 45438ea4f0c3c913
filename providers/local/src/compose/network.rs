//! Segments as networks, and a network of its own for every allowed path.
//!
//! Containers reach each other where they share a network. A server therefore joins its segment, and the network of each
//! path that leads to its segment at its port; a program joins its segment and the paths that begin there. What belongs to
//! different paths shares no network. What is in no segment has a network of its own, so that who joins one server does not
//! meet another.
//!
//! Docker publishes no port of an internal network. Servers join one more for that, which no program joins: those of a segment
//! share one, as they share their segment, because Docker has addresses for some 30 networks only.

use std::collections::BTreeSet;

use infra_model::component::network::{AllowRule, Network as Declared, Peer};
use infra_model::component::{Component, ComponentSpec, SegmentRef};
use infra_model::stack::Stack;

use crate::compose::file::Network;
use crate::compose::names::{self, Names};

/// The network through which this machine reaches what is in no segment.
const MACHINE: &str = "machine";
/// How the networks end through which this machine reaches segments.
const OF_HOST: &str = ".host";
/// Without it nothing that a container sends finds its way back from the internet, while published ports still work,
/// which they do not in an internal network.
const NO_WAY_OUT: (&str, &str) = ("com.docker.network.bridge.enable_ip_masquerade", "false");

/// Returns the networks of a component `network` of that name.
pub(super) fn networks(called: &str, network: &Declared) -> Vec<(String, Network)> {
    let segments = network.segments.iter().map(|(name, segment)| {
        let made = match segment.public {
            true => Network::default(),
            false => internal(),
        };
        (of_segment(called, name), made)
    });
    // Two rules of one path have one network.
    let paths: BTreeSet<(&str, &str)> = paths(network)
        .map(|(from, rule)| (from, rule.to.as_str()))
        .collect();
    let paths = paths
        .into_iter()
        .map(|(from, to)| (of_path(called, from, to), internal()));
    segments.chain(paths).collect()
}

/// Returns the rules between segments, with where they begin. Within a segment nothing is kept apart.
pub(super) fn paths(network: &Declared) -> impl Iterator<Item = (&str, &AllowRule)> {
    network.allow.iter().filter_map(|rule| match &rule.from {
        Peer::Segment(from) if *from != rule.to => Some((from.as_str(), rule)),
        Peer::Segment(_) | Peer::Internet | Peer::Cidr(_) => None,
    })
}

/// Returns the name of a segment's network: `main.data`. No part has a dot in it, so that no two segments share a name.
pub(super) fn of_segment(network: &str, segment: &str) -> String {
    format!("{network}.{}", names::host(segment))
}

/// Returns the name of a path's network: `main.app.to.data`.
pub(super) fn of_path(network: &str, from: &str, to: &str) -> String {
    format!("{network}.{}.to.{}", names::host(from), names::host(to))
}

/// Returns a network that nothing leaves and nothing enters.
pub(super) fn internal() -> Network {
    Network {
        internal: true,
        ..Network::default()
    }
}

/// Returns a network through which this machine reaches servers, and which no program joins.
pub(super) fn host() -> Network {
    Network {
        internal: false,
        driver_opts: [NO_WAY_OUT].into(),
    }
}

/// Says whether a network of that name is there for this machine, and not for programs.
pub(super) fn is_of_host(name: &str) -> bool {
    name == MACHINE || name.ends_with(OF_HOST)
}

/// Where a server is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The name of its component.
    pub(super) component: &'a str,
    /// Its segment, if it is in one.
    pub(super) segment: Option<&'a SegmentRef>,
    /// Its port.
    pub(super) port: u16,
}

/// Returns the networks that a server joins, and the one through which this machine reaches it.
pub(super) fn joined(stack: &Stack, names: &Names, place: Place<'_>) -> (Vec<String>, String) {
    let Some((component, network, segment)) = place.segment.and_then(|segment| declared(stack, segment))
    else {
        return (vec![place.component.to_owned()], MACHINE.to_owned());
    };
    let called = names.component(&component.address);
    let here = of_segment(&called, segment);
    let leading = paths(network).filter(|(_, rule)| rule.to == segment && rule.ports.contains(&place.port));
    let mut joined: Vec<String> = leading
        .map(|(from, rule)| of_path(&called, from, &rule.to))
        .collect();
    joined.sort();
    joined.dedup();
    joined.insert(0, here.clone());
    let declared = network.segments.get(segment);
    let host = match declared.is_some_and(|segment| segment.public) {
        true => here,
        false => format!("{here}{OF_HOST}"),
    };
    (joined, host)
}

fn declared<'a>(stack: &'a Stack, segment: &'a SegmentRef) -> Option<(&'a Component, &'a Declared, &'a str)> {
    let component = stack.components.get(&segment.network)?;
    let ComponentSpec::Network(network) = &component.spec else {
        return None;
    };
    Some((component, network, segment.segment.as_str()))
}
