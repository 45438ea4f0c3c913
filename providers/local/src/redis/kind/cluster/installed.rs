//! What is remembered of a cluster beside its data, and the nodes that follow from it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use infra_model::sealing::Secret;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use serde::{Deserialize, Serialize};

use crate::host::launch::Place;
use crate::network::address::attach;
use crate::postgres::kind::{failed, malformed, refused};
use crate::redis::cluster::form::NodePlace;
use crate::redis::cluster::roles::Shape;
use crate::redis::configuration::{Configuration, NodeFiles};
use crate::redis::kind::certified::{self, Part, certified};
use crate::redis::kind::inputs::settings_of;
use crate::redis::kind::marked::{self, Installed as _};
use crate::redis::listening::{STANDARD_PORT, free_port, network_name};
use crate::redis::node::Node;
use crate::redis::site::RedisSite;

/// The port of the bus of a node that has an address of its own.
const STANDARD_BUS: u16 = 16_379;

/// What a cluster was made with and last changed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Installed {
    /// The inputs, without the password.
    pub(super) inputs: Attributes,
    /// Where each node answers, by its number; written before it is started.
    pub(super) places: BTreeMap<u32, NodePlace>,
    /// Nodes that are being removed, with their identities.
    pub(super) leaving: BTreeMap<u32, String>,
    /// The numbers of the nodes, primaries first, when it last came to rest.
    pub(super) order: Vec<u32>,
    /// The fingerprint of its users as a node told them when they were set.
    pub(super) users: Option<String>,
}

impl Installed {
    /// Returns what is remembered of a cluster that has no node yet.
    pub(super) fn new(inputs: Attributes) -> Self {
        Installed {
            inputs,
            places: BTreeMap::new(),
            leaving: BTreeMap::new(),
            order: Vec::new(),
            users: None,
        }
    }

    /// Returns the numbers of all nodes that may exist.
    pub(super) fn numbers(&self) -> BTreeSet<u32> {
        self.places.keys().chain(self.leaving.keys()).copied().collect()
    }

    /// Returns the outputs of the cluster.
    pub(super) fn outputs(&self, site: &RedisSite, name: &str) -> Result<Attributes, ProviderError> {
        let first = self.places.values().next();
        let nodes = self.order.iter().filter_map(|number| self.places.get(number));
        let nodes = nodes.map(|place| Value::String(format!("{}:{}", place.host, place.port)));
        let host = first.map_or(Value::Null, |place| Value::String(place.host.to_string()));
        let port = first.map_or(Value::Null, |place| Value::from(i64::from(place.port)));
        let outputs = [
            ("name", Value::string(name)),
            ("host", host),
            ("port", port),
            ("nodes", Value::list(nodes)),
        ];
        let mut outputs: Attributes = outputs.map(|(name, value)| (name.to_owned(), value)).into();
        outputs.extend(certified::outputs(site, &self.inputs)?);
        Ok(outputs)
    }
}

impl marked::Installed for Installed {
    fn segment(&self) -> Option<&str> {
        self.inputs.get("segment").and_then(Value::as_str)
    }

    fn parts(&self, site: &RedisSite, name: &str) -> Vec<(String, PathBuf)> {
        let part = |number| (node_name(name, number), folder(site, name, number));
        self.numbers().into_iter().map(part).collect()
    }
}

/// Returns how large a cluster shall be.
pub(super) fn shape(inputs: &Attributes) -> Result<Shape, ProviderError> {
    let number = |name: &'static str| {
        let value = inputs.get(name).and_then(Value::as_int);
        let value = value.and_then(|value| usize::try_from(value).ok());
        value.ok_or_else(|| malformed(name))
    };
    Ok(Shape {
        shards: number("shards")?,
        replicas: number("replicas")?,
    })
}

/// Returns the name of a node in its network and of its socket: no server has a dot in its name.
pub(super) fn node_name(cluster: &str, number: u32) -> String {
    format!("{cluster}.{number}")
}

/// Returns the folder of a node.
pub(super) fn folder(site: &RedisSite, cluster: &str, number: u32) -> PathBuf {
    site.folder_of(cluster).join("nodes").join(number.to_string())
}

/// Returns where the files of a node are.
pub(super) fn files(site: &RedisSite, cluster: &str, number: u32) -> Result<NodeFiles, ProviderError> {
    let sockets = site.sockets(&node_name(cluster, number));
    Ok(NodeFiles {
        folder: folder(site, cluster, number),
        sockets: sockets.map_err(|error| refused(super::LOOK, &error))?,
    })
}

/// Returns a node as one that shows a certificate.
pub(super) fn part<'a>(site: &RedisSite, (cluster, number): (&'a str, u32), host: IpAddr) -> Part<'a> {
    Part {
        name: cluster,
        folder: folder(site, cluster, number),
        host,
    }
}

/// Adds places for so many nodes, with the lowest numbers that are free.
pub(super) async fn add_places(
    site: &RedisSite,
    cluster: &str,
    installed: &mut Installed,
    count: usize,
) -> Result<(), ProviderError> {
    let taken = installed.numbers();
    for number in (1..).filter(|number| !taken.contains(number)).take(count) {
        let place = place(site, &node_name(cluster, number), installed).await?;
        installed.places.insert(number, place);
    }
    Ok(())
}

async fn place(site: &RedisSite, node: &str, installed: &Installed) -> Result<NodePlace, ProviderError> {
    if let Some(segment) = installed.segment() {
        let attached = attach(&site.network, segment, &network_name(node)).await;
        return Ok(NodePlace {
            host: IpAddr::V4(attached.map_err(|error| failed(super::MAKE, &error))?.address),
            port: STANDARD_PORT,
            bus: STANDARD_BUS,
        });
    }
    let places = installed.places.values();
    let mut taken: BTreeSet<u16> = places.flat_map(|place| [place.port, place.bus]).collect();
    let port = free_port(site, node, &taken);
    taken.insert(port);
    Ok(NodePlace {
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port,
        bus: free_port(site, &format!("{node}.bus"), &taken),
    })
}

/// A node to put together.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeRequest<'a> {
    pub(super) cluster: &'a str,
    pub(super) number: u32,
    pub(super) installed: &'a Installed,
    pub(super) owner: &'a str,
    pub(super) engine: &'a Secret,
}

/// Returns a node that follows from what is remembered, ready to be started in its segment.
pub(super) async fn node(site: &RedisSite, request: &NodeRequest<'_>) -> Result<Node, ProviderError> {
    let NodeRequest {
        cluster,
        number,
        installed,
        ..
    } = *request;
    let place = installed.places.get(&number).ok_or_else(|| malformed("places"))?;
    let installation = site.installation().await;
    let network = match installed.segment() {
        Some(segment) => {
            let attached = attach(&site.network, segment, &network_name(&node_name(cluster, number))).await;
            attached.map_err(|error| failed(super::MAKE, &error))?.place
        }
        None => Place::Host,
    };
    Ok(Node {
        configuration: Configuration {
            files: files(site, cluster, number)?,
            listen: Some(place.host),
            port: place.port,
            bus: Some(place.bus),
            follows: None,
            tls: certified(
                site,
                &installed.inputs,
                &part(site, (cluster, number), place.host),
            )
            .await?,
            settings: settings_of(&installed.inputs)?,
        },
        installation: installation.map_err(|error| refused(super::MAKE, &error))?,
        owner: request.owner.to_owned(),
        place: network,
        engine: request.engine.clone(),
    })
}
