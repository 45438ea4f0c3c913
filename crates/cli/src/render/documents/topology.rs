//! What lives where and who may reach it, as the page and the drawing show it.

use std::collections::{BTreeMap, BTreeSet};

use infra_engine::documents::Documented;
use infra_model::address::ComponentAddress;
use infra_model::component::network::{AllowRule, Network, Peer};
use infra_model::component::postgres::Postgres;
use infra_model::component::redis::{Redis, RedisMode};
use infra_model::component::{Component, ComponentSpec, SegmentRef};
use infra_model::value::Value;
use ipnet::Ipv4Net;

use super::ranks::ranked;
use crate::render::words::counted;

/// The networks of an environment, and what is in none of them.
#[derive(Debug)]
pub(super) struct Topology {
    pub networks: Vec<NetworkView>,
    pub elsewhere: Vec<Member>,
}

/// A network.
#[derive(Debug)]
pub(super) struct NetworkView {
    pub address: String,
    pub range: String,
    /// The range that it gets, where the provider tells another one.
    pub real_range: Option<String>,
    pub zones: u32,
    /// Its segments: whoever lets others in stands before them.
    pub segments: Vec<SegmentView>,
    /// Who is let in from outside, everybody first.
    pub outside: Vec<Peer>,
    /// What is allowed, in the order of both ends; there is one path between two ends.
    pub paths: Vec<Path>,
    /// The segments that a rule opens to the internet, from which no way leads to them.
    pub closed: BTreeSet<String>,
}

impl NetworkView {
    /// Returns the ports on which somebody reaches a segment, by all rules that mean all of their addresses.
    pub(super) fn reached(&self, from: &Peer, to: &str) -> BTreeSet<u16> {
        let paths = self.paths.iter();
        let fitting = paths.filter(|path| path.to == to && is_meant(from, &path.from));
        fitting.flat_map(|path| path.ports.iter().copied()).collect()
    }
}

/// Tells whether a rule for one peer is about all of another one.
fn is_meant(peer: &Peer, rule: &Peer) -> bool {
    match (peer, rule) {
        (Peer::Cidr(_), Peer::Internet) => true,
        (Peer::Cidr(inner), Peer::Cidr(outer)) => {
            let range = |text: &String| text.parse::<Ipv4Net>();
            inner == outer
                || matches!((range(inner), range(outer)), (Ok(inner), Ok(outer)) if outer.contains(&inner))
        }
        _ => peer == rule,
    }
}

/// A segment.
#[derive(Debug)]
pub(super) struct SegmentView {
    pub name: String,
    /// Its address range, if that is known before it is made.
    pub range: Option<String>,
    pub public: bool,
    pub members: Vec<Member>,
}

/// A component, in two lines.
#[derive(Debug)]
pub(super) struct Member {
    pub address: String,
    /// What it is: `PostgreSQL 16, large`.
    pub what: String,
    /// What it is made of: `primary, 1 replica`; empty if there is nothing to say.
    pub made_of: String,
}

/// A permission to connect.
#[derive(Debug)]
pub(super) struct Path {
    pub from: Peer,
    pub to: String,
    pub ports: Vec<u16>,
}

impl Path {
    /// Returns its ports for people.
    pub(super) fn ports(&self) -> String {
        listed(&self.ports)
    }
}

/// Returns ports for people.
pub(super) fn listed<'p>(ports: impl IntoIterator<Item = &'p u16>) -> String {
    let ports: Vec<String> = ports.into_iter().map(u16::to_string).collect();
    ports.join(", ")
}

/// Names the far side of a rule for people.
pub(super) fn peer(peer: &Peer) -> &str {
    match peer {
        Peer::Internet => "Internet",
        Peer::Segment(name) | Peer::Cidr(name) => name,
    }
}

/// Returns the topology of an environment.
pub(super) fn topology(documented: &Documented) -> Topology {
    let mut members: BTreeMap<Option<SegmentRef>, Vec<Member>> = BTreeMap::new();
    for component in documented.stack.components.values() {
        if let Some((place, member)) = member(component) {
            members.entry(place.cloned()).or_default().push(member);
        }
    }
    let elsewhere = members.remove(&None).unwrap_or_default();
    let mut networks = Vec::new();
    for (address, component) in &documented.stack.components {
        if let ComponentSpec::Network(network) = &component.spec {
            networks.push(view(address, network, documented, &mut members));
        }
    }
    Topology { networks, elsewhere }
}

fn view(
    address: &ComponentAddress,
    network: &Network,
    documented: &Documented,
    members: &mut BTreeMap<Option<SegmentRef>, Vec<Member>>,
) -> NetworkView {
    let mut ports: BTreeMap<(&Peer, &str), BTreeSet<u16>> = BTreeMap::new();
    let is_closed = |rule: &&AllowRule| {
        let target = network.segments.get(&rule.to);
        rule.from == Peer::Internet && target.is_some_and(|segment| !segment.public)
    };
    let (closed, open): (Vec<&AllowRule>, Vec<&AllowRule>) = network.allow.iter().partition(is_closed);
    for rule in open {
        ports
            .entry((&rule.from, &rule.to))
            .or_default()
            .extend(&rule.ports);
    }
    let outside: BTreeSet<&Peer> = ports.keys().map(|(from, _)| *from).collect();
    let outside = outside
        .into_iter()
        .filter(|peer| !matches!(peer, Peer::Segment(_)));
    let segments = network.segments.iter().map(|(name, segment)| {
        let place = SegmentRef {
            network: address.clone(),
            segment: name.clone(),
        };
        SegmentView {
            name: name.clone(),
            range: range(documented, &place),
            public: segment.public,
            members: members.remove(&Some(place)).unwrap_or_default(),
        }
    });
    let mut view = NetworkView {
        address: address.to_string(),
        range: network.cidr.clone(),
        real_range: real_range(documented, address).filter(|range| *range != network.cidr),
        zones: network.zones,
        segments: segments.collect(),
        outside: outside.cloned().collect(),
        paths: ports
            .into_iter()
            .map(|((from, to), ports)| Path {
                from: from.clone(),
                to: to.to_owned(),
                ports: ports.into_iter().collect(),
            })
            .collect(),
        closed: closed.into_iter().map(|rule| rule.to.clone()).collect(),
    };
    let ranks = ranked(&view).1;
    let mut ordered: Vec<(usize, SegmentView)> = ranks.into_iter().zip(view.segments).collect();
    ordered.sort_by(|left, right| (left.0, &left.1.name).cmp(&(right.0, &right.1.name)));
    view.segments = ordered.into_iter().map(|(_, segment)| segment).collect();
    view
}

/// Returns the address range of a network, if the provider tells it before the network exists.
fn real_range(documented: &Documented, network: &ComponentAddress) -> Option<String> {
    let exports = documented.resources.as_ref()?.exports.get(network)?;
    exports.get("cidr").and_then(Value::as_str).map(str::to_owned)
}

/// Returns the address range of a segment, if the provider tells it before the segment exists.
fn range(documented: &Documented, place: &SegmentRef) -> Option<String> {
    let exports = documented.resources.as_ref()?.exports.get(&place.network)?;
    let segment = exports.get("segment")?.as_map()?.get(&place.segment)?;
    segment
        .as_map()?
        .get("cidr")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// Returns a component that lives somewhere, and where; a network is the place itself.
fn member(component: &Component) -> Option<(Option<&SegmentRef>, Member)> {
    let (place, what, made_of) = match &component.spec {
        ComponentSpec::Network(_) => return None,
        ComponentSpec::Postgres(postgres) => (
            postgres.segment.as_ref(),
            format!("PostgreSQL {}, {}", postgres.version, postgres.size.word()),
            servers(postgres),
        ),
        ComponentSpec::Redis(redis) => (
            redis.segment.as_ref(),
            format!("Redis {}, {}", redis.version, redis.size.word()),
            nodes(redis),
        ),
        ComponentSpec::BlobStore(store) => (
            store.segment.as_ref(),
            "Store of blobs".to_owned(),
            if store.versioning { "versions kept" } else { "" }.to_owned(),
        ),
        ComponentSpec::KeyVault(vault) => (None, "Vault".to_owned(), counted(vault.secrets.len(), "secret")),
    };
    let member = Member {
        address: component.address.to_string(),
        what,
        made_of,
    };
    Some((place, member))
}

fn servers(postgres: &Postgres) -> String {
    let mut parts = vec!["primary".to_owned()];
    if postgres.high_availability {
        parts.push("standby".to_owned());
    }
    if postgres.replicas > 0 {
        parts.push(counted(postgres.replicas as usize, "replica"));
    }
    if postgres.pooler.is_some() {
        parts.push("pooler".to_owned());
    }
    parts.join(", ")
}

fn nodes(redis: &Redis) -> String {
    let replicas = (redis.replicas > 0).then(|| counted(redis.replicas as usize, "replica"));
    match (redis.mode, replicas) {
        (RedisMode::Single, None) => "single".to_owned(),
        (RedisMode::Single, Some(replicas)) => format!("primary, {replicas}"),
        (RedisMode::Cluster, None) => format!("cluster of {}", counted(redis.shards as usize, "shard")),
        (RedisMode::Cluster, Some(replicas)) => {
            format!("{}, {replicas} each", counted(redis.shards as usize, "shard"))
        }
    }
}
