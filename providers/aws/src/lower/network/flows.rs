//! What passes in a network, from whom to whom: security groups and network ACLs are both made of it.

use std::collections::BTreeSet;

use infra_model::component::ComponentSpec;
use infra_model::component::network::{Network, Peer};

use super::endpoints::{Endpoints, ports};
use super::settings::Settings;
use crate::lower::postgres::server;
use crate::lower::scene::Scene;

/// Everybody.
pub(super) const ANYWHERE: &str = "0.0.0.0/0";
/// The port of services of AWS and of most others in the internet.
pub(super) const HTTPS: u16 = 443;

/// One end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// A segment.
    Segment(String),
    /// Addresses in CIDR notation.
    Range(String),
    /// The network's interface endpoints.
    Endpoints,
    /// A service of AWS with a gateway endpoint.
    Gateway(String),
}

/// Who may connect to whom, at one TCP port. Answers are not told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow {
    /// Who connects.
    pub(super) from: End,
    /// Who is connected to.
    pub(super) to: End,
    /// The port connected to.
    pub(super) port: u16,
}

/// Returns all that passes in a network. What is wrong in its settings was reported by those who own them.
pub(super) fn of(scene: &Scene<'_>, network: &Network) -> BTreeSet<Flow> {
    let settings = Settings::of(scene, network, &mut Vec::new());
    let endpoints = Endpoints::of(scene, network, &mut Vec::new());
    let mut flows: BTreeSet<Flow> = allowed(network).chain(of_poolers(scene)).collect();
    for segment in &settings.egress {
        flows.insert(to_service(segment, End::Range(ANYWHERE.to_owned()), HTTPS));
    }
    for segment in network.segments.keys() {
        let gateways = endpoints.gateways.iter().cloned().map(End::Gateway);
        flows.extend(gateways.map(|gateway| to_service(segment, gateway, HTTPS)));
        let ports = endpoints.interfaces.iter().flat_map(|service| ports(service));
        flows.extend(ports.map(|port| to_service(segment, End::Endpoints, *port)));
    }
    flows
}

/// Returns what the network's rules allow.
fn allowed(network: &Network) -> impl Iterator<Item = Flow> {
    network.allow.iter().flat_map(|rule| {
        let from = match &rule.from {
            Peer::Internet => End::Range(ANYWHERE.to_owned()),
            Peer::Segment(name) => End::Segment(name.clone()),
            Peer::Cidr(range) => End::Range(range.clone()),
        };
        rule.ports.iter().map(move |port| Flow {
            from: from.clone(),
            to: End::Segment(rule.to.clone()),
            port: *port,
        })
    })
}

/// Returns what passes between poolers and their databases: both stand in one segment and carry its group, which does not let its own
/// members through to each other by itself.
///
/// Source: "Getting started with RDS Proxy" in the user guide of RDS, about one security group for both.
fn of_poolers(scene: &Scene<'_>) -> impl Iterator<Item = Flow> {
    let ours = &scene.component.address;
    scene.stack.components.values().filter_map(move |component| {
        let ComponentSpec::Postgres(postgres) = &component.spec else {
            return None;
        };
        let _pooler = postgres.pooler.as_ref()?;
        let segment = postgres.segment.as_ref()?;
        let end = || End::Segment(segment.segment.clone());
        let port = server::port(&Scene { component, ..*scene });
        (segment.network == *ours).then_some(Flow {
            from: end(),
            to: end(),
            port: port.as_int().and_then(|port| u16::try_from(port).ok())?,
        })
    })
}

fn to_service(segment: &str, to: End, port: u16) -> Flow {
    Flow {
        from: End::Segment(segment.to_owned()),
        to,
        port,
    }
}
