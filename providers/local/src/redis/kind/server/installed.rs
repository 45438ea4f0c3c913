//! What is remembered of a server beside its data, and the process that follows from it.

use std::net::IpAddr;
use std::path::PathBuf;

use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use serde::{Deserialize, Serialize};

use super::{LOOK, MAKE};
use crate::host::launch::Place;
use crate::network::address::attach;
use crate::postgres::kind::{failed, refused};
use crate::postgres::marker::{Marker, Phase};
use crate::postgres::url::encoded_path;
use crate::redis::access;
use crate::redis::configuration::{Configuration, NodeFiles};
use crate::redis::kind::certified::{self, Part, certified};
use crate::redis::kind::inputs::{port_of, settings_of};
use crate::redis::kind::marked::{self, require};
use crate::redis::listening::{ListenRequest, Listening, listen, network_name};
use crate::redis::node::Node;
use crate::redis::replication::Upstream;
use crate::redis::site::RedisSite;

/// What a server was made with and last changed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Installed {
    /// The inputs, without the password.
    pub(super) inputs: Attributes,
    pub(super) host: IpAddr,
    pub(super) port: u16,
    /// The fingerprint of its users as it told them when they were set.
    pub(super) users: Option<String>,
}

impl marked::Installed for Installed {
    fn segment(&self) -> Option<&str> {
        self.inputs.get("segment").and_then(Value::as_str)
    }

    fn parts(&self, site: &RedisSite, name: &str) -> Vec<(String, PathBuf)> {
        vec![(name.to_owned(), site.folder_of(name))]
    }
}

impl Installed {
    /// Returns the name of the server that it follows, if it is a replica.
    pub(super) fn primary(&self) -> Option<&str> {
        self.inputs.get("primary").and_then(Value::as_str)
    }

    /// Returns where it listens.
    pub(super) fn listening(&self) -> Listening {
        Listening {
            host: self.host,
            port: self.port,
        }
    }

    /// Returns the outputs of the server.
    pub(super) fn outputs(&self, site: &RedisSite, name: &str) -> Result<Attributes, ProviderError> {
        let outputs = [
            ("name", Value::string(name)),
            ("host", Value::String(self.host.to_string())),
            ("port", Value::from(i64::from(self.port))),
            (
                "socket",
                Value::String(encoded_path(&files(site, name)?.socket())),
            ),
        ];
        let mut outputs: Attributes = outputs.map(|(name, value)| (name.to_owned(), value)).into();
        outputs.extend(certified::outputs(site, &self.inputs)?);
        Ok(outputs)
    }
}

/// Returns where the files of a server are.
pub(super) fn files(site: &RedisSite, name: &str) -> Result<NodeFiles, ProviderError> {
    let sockets = site.sockets(name).map_err(|error| refused(LOOK, &error))?;
    Ok(NodeFiles {
        folder: site.folder_of(name),
        sockets,
    })
}

/// Returns the server as one that shows a certificate.
pub(super) fn part<'a>(site: &RedisSite, name: &'a str, installed: &Installed) -> Part<'a> {
    Part {
        name,
        folder: site.folder_of(name),
        host: installed.host,
    }
}

/// Decides where a server listens. One that has a free port keeps it, also while it has it itself.
pub(super) async fn listening(
    site: &RedisSite,
    (name, before): (&str, Option<&Installed>),
    inputs: &Attributes,
) -> Result<Listening, ProviderError> {
    let segment = inputs.get("segment").and_then(Value::as_str);
    let has_free = |before: &&Installed| {
        let has = [marked::Installed::segment(*before), segment] == [None, None];
        has && matches!(port_of(&before.inputs), Ok(None))
    };
    let kept = before.filter(has_free).map(|before| before.port);
    let request = ListenRequest {
        name,
        segment,
        port: port_of(inputs)?.or(kept),
    };
    listen(site, &request)
        .await
        .map_err(|error| refused(MAKE, &error))
}

/// Returns whom a replica follows, and how it logs in there; nothing for what is no replica.
pub(super) fn upstream(site: &RedisSite, installed: &Installed) -> Result<Option<Upstream>, ProviderError> {
    let Some(primary) = installed.primary() else {
        return Ok(None);
    };
    let followed = require::<Installed>(site, primary)?;
    let password = access::password(&site.folder_of(primary), &*site.sealing);
    Ok(Some(Upstream {
        at: followed.applied.listening(),
        password: password.map_err(|error| refused(MAKE, &error))?,
    }))
}

/// Returns the server that follows from what is remembered, ready to be started in its segment.
///
/// Its file names whom it follows only once it is made: before that nobody knows of it, and it begins to follow when it
/// is told to, a second sooner than one that was refused at its start because it had no password yet.
pub(super) async fn node(
    site: &RedisSite,
    name: &str,
    marker: &Marker<Installed>,
) -> Result<Node, ProviderError> {
    let installed = &marker.applied;
    let installation = site.installation().await;
    let installation = installation.map_err(|error| refused(MAKE, &error))?;
    site.make_run_directory().map_err(|error| failed(MAKE, &error))?;
    let engine = access::ensure(&site.folder_of(name), &*site.sealing);
    let place = match marked::Installed::segment(installed) {
        Some(segment) => {
            let attached = attach(&site.network, segment, &network_name(name)).await;
            attached.map_err(|error| failed(MAKE, &error))?.place
        }
        None => Place::Host,
    };
    let follows = match marker.phase {
        Phase::Made => upstream(site, installed)?.map(|upstream| upstream.at),
        Phase::Making | Phase::Removing => None,
    };
    Ok(Node {
        configuration: Configuration {
            files: files(site, name)?,
            listen: Some(installed.host),
            port: installed.port,
            bus: None,
            follows,
            tls: certified(site, &installed.inputs, &part(site, name, installed)).await?,
            settings: settings_of(&installed.inputs)?,
        },
        installation,
        owner: marker.owner.clone(),
        place,
        engine: engine.map_err(|error| failed(MAKE, &error))?,
    })
}
