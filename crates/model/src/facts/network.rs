//! The facts of a network.

use std::collections::{BTreeMap, BTreeSet};

use super::Branch;
use crate::component::network::{AllowRule, Network, Peer, Segment};
use crate::value::Value;

pub(super) fn describe(network: &Network, root: &mut Branch<'_>) {
    let Network {
        cidr,
        zones,
        segments,
        allow,
    } = network;
    root.set("cidr", cidr.as_str());
    root.set("zones", *zones);
    for (name, Segment { public }) in segments {
        root.branch("segment").branch(name).set("public", *public);
    }
    // Two rules between the same ends are one permission.
    let mut ports: BTreeMap<(&str, &Peer), BTreeSet<u16>> = BTreeMap::new();
    for AllowRule {
        from,
        to,
        ports: more,
    } in allow
    {
        ports.entry((to, from)).or_default().extend(more);
    }
    for ((to, from), ports) in ports {
        let ports = ports.into_iter().map(|port| Value::from(u32::from(port)));
        root.branch("allow")
            .branch(to)
            .branch("from")
            .set(peer(from), Value::list(ports));
    }
}

fn peer(peer: &Peer) -> &str {
    match peer {
        Peer::Internet => "internet",
        Peer::Segment(name) | Peer::Cidr(name) => name,
    }
}
