//! The resource kind `local.redis.server`: one Redis with its data.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{
    AttributeSchema, OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};
use infra_model::snapshot::{Condition, Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};
use serde::{Deserialize, Serialize};

use super::inputs::{SECRET, password_of, port_of, public, refuse_strangers, seen, settings_of};
use crate::host::launch::Place;
use crate::network::address::attach;
use crate::postgres::kind::{attribute, carried, failed, named, observation, output, owner, refused, text};
use crate::postgres::marker::{self, Marker, Phase};
use crate::postgres::primary::blocking;
use crate::postgres::url::encoded_path;
use crate::redis::access;
use crate::redis::configuration::{Configuration, NodeFiles};
use crate::redis::listening::{ListenRequest, Listening, leave, listen, network_name};
use crate::redis::node::start::start;
use crate::redis::node::state::{Look, State, state};
use crate::redis::node::stop::{abandon, stop};
use crate::redis::node::{Node, write_users};
use crate::redis::session::Endpoint;
use crate::redis::settings;
use crate::redis::site::RedisSite;

mod rest;

/// The type of resource.
pub const SERVER: &str = "local.redis.server";

const MAKE: &str = "make a Redis server";
const CHANGE: &str = "change a Redis server";
const LOOK: &str = "look at a Redis server";
const REMOVE: &str = "remove a Redis server";

/// Attributes whose change needs a restart.
const NEED_RESTART: [&str; 2] = ["segment", "port"];

/// What a server was made with and last changed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Installed {
    /// The inputs, without the password.
    inputs: Attributes,
    host: IpAddr,
    port: u16,
    /// The fingerprint of its users as it told them when they were set.
    users: Option<String>,
}

impl Installed {
    fn segment(&self) -> Option<&str> {
        self.inputs.get("segment").and_then(Value::as_str)
    }
}

/// Manages the single servers of an environment.
#[derive(Debug)]
pub struct ServerKind {
    site: Arc<RedisSite>,
}

impl ServerKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<RedisSite>) -> Self {
        ServerKind { site }
    }

    fn marker(&self, name: &str) -> Result<Option<Marker<Installed>>, ProviderError> {
        marker::read(&self.site.folder_of(name)).map_err(|error| refused(LOOK, &error))
    }

    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        let Some(marker) = self.marker(name)? else {
            return Ok(None);
        };
        let made = marker.phase == Phase::Made;
        let mut attributes = marker.applied.inputs.clone();
        let found = if made {
            self.state(name, &marker).await?
        } else {
            State::Stopped
        };
        attributes.insert("status".to_owned(), Value::string(found.status()));
        if let State::Answers(session) = &found {
            let seen = seen(session, marker.applied.users.as_deref()).await;
            attributes.extend(seen.map_err(|error| refused(LOOK, &error))?);
        }
        Ok(Some(Observed {
            id: ObjectId(name.to_owned()),
            attributes,
            outputs: self.outputs(name, &marker.applied)?,
            condition: if made {
                Condition::Complete
            } else {
                Condition::HalfMade
            },
            owner: owner(&marker.owner, &self.site.lineage),
        }))
    }

    async fn state(&self, name: &str, marker: &Marker<Installed>) -> Result<State, ProviderError> {
        let folder = self.site.folder_of(name);
        let password = access::password(&folder, &*self.site.sealing);
        let endpoint = Endpoint {
            socket: self.files(name)?.socket(),
            password: password.map_err(|error| refused(LOOK, &error))?,
        };
        let look = Look {
            folder: &folder,
            home: &folder,
            endpoint: &endpoint,
            network: &self.site.network,
            segment: marker.applied.segment(),
        };
        state(&look).await.map_err(|error| refused(LOOK, &error))
    }

    fn files(&self, name: &str) -> Result<NodeFiles, ProviderError> {
        let sockets = self.site.sockets(name).map_err(|error| refused(LOOK, &error))?;
        Ok(NodeFiles {
            folder: self.site.folder_of(name),
            sockets,
        })
    }

    fn outputs(&self, name: &str, installed: &Installed) -> Result<Attributes, ProviderError> {
        let outputs = [
            ("name", Value::string(name)),
            ("host", Value::String(installed.host.to_string())),
            ("port", Value::from(i64::from(installed.port))),
            ("socket", Value::String(encoded_path(&self.files(name)?.socket()))),
        ];
        Ok(outputs.map(|(name, value)| (name.to_owned(), value)).into())
    }

    /// Returns the server that follows from what is remembered, ready to be started in its segment.
    async fn node(&self, name: &str, marker: &Marker<Installed>) -> Result<Node, ProviderError> {
        let (site, installed) = (&self.site, &marker.applied);
        let installation = site.installation().await;
        let installation = installation.map_err(|error| refused(MAKE, &error))?;
        site.make_run_directory().map_err(|error| failed(MAKE, &error))?;
        let engine = access::ensure(&site.folder_of(name), &*site.sealing);
        let place = match installed.segment() {
            Some(segment) => {
                let attached = attach(&site.network, segment, &network_name(name)).await;
                attached.map_err(|error| failed(MAKE, &error))?.place
            }
            None => Place::Host,
        };
        Ok(Node {
            configuration: Configuration {
                files: self.files(name)?,
                listen: Some(installed.host),
                port: installed.port,
                bus: None,
                settings: settings_of(&installed.inputs)?,
            },
            installation,
            owner: marker.owner.clone(),
            place,
            engine: engine.map_err(|error| failed(MAKE, &error))?,
        })
    }

    async fn listening(&self, name: &str, inputs: &Attributes) -> Result<Listening, ProviderError> {
        let request = ListenRequest {
            name,
            segment: inputs.get("segment").and_then(Value::as_str),
            port: port_of(inputs)?,
        };
        listen(&self.site, &request)
            .await
            .map_err(|error| refused(MAKE, &error))
    }

    /// Has a server run as remembered, and then be set to what is wanted. What is remembered is the last thing written:
    /// until then a repeated call starts from the same place.
    async fn converge(&self, change: Change<'_>) -> Result<Applied, ProviderError> {
        let Change {
            name,
            mut marker,
            inputs,
            restart,
            operation,
        } = change;
        let (site, client) = (&self.site, password_of(inputs)?);
        let wanted = settings_of(inputs)?;
        let left = marker.applied.segment().map(str::to_owned);
        let found = if marker.phase == Phase::Made {
            self.state(name, &marker).await?
        } else {
            State::Unresponsive
        };
        if restart {
            let Listening { host, port } = self.listening(name, inputs).await?;
            (marker.applied.host, marker.applied.port) = (host, port);
            move_to(&mut marker.applied.inputs, inputs);
        }
        let node = self.node(name, &marker).await?;
        let users = access::users(client, &node.engine);
        let files = &node.configuration.files;
        write_users(files, &users).map_err(|error| failed(operation, &error))?;
        let session = match found {
            State::Answers(session) if !restart => session,
            _ => {
                stop(&site.folder_of(name))
                    .await
                    .map_err(|error| failed(operation, &error))?;
                let started = start(&node, &site.programs).await;
                started.map_err(|error| failed(operation, &error))?
            }
        };
        let set = settings::set(&session, files, &wanted).await;
        set.map_err(|error| failed(operation, &error))?;
        let set = access::set(&session, &users).await;
        set.map_err(|error| failed(operation, &error))?;
        let seen = access::seen(&session).await;
        marker.applied.users = Some(seen.map_err(|error| failed(operation, &error))?);
        if restart && left.as_deref() != marker.applied.segment() {
            let left = leave(site, name, left.as_deref()).await;
            left.map_err(|error| failed(operation, &error))?;
        }
        marker.applied.inputs = public(inputs);
        marker.phase = Phase::Made;
        let node = self.node(name, &marker).await?;
        let written = crate::redis::node::configure(&node.configuration);
        written.map_err(|error| failed(operation, &error))?;
        let written = marker::write(&site.folder_of(name), &marker);
        written.map_err(|error| failed(operation, &error))?;
        Ok(Applied {
            id: ObjectId(name.to_owned()),
            outputs: self.outputs(name, &marker.applied)?,
        })
    }

    async fn begin(&self, name: &str, request: &CreateRequest) -> Result<Marker<Installed>, ProviderError> {
        let Listening { host, port } = self.listening(name, &request.inputs).await?;
        let installed = Installed {
            inputs: public(&request.inputs),
            host,
            port,
            users: None,
        };
        let marker = Marker::making(&request.tag, installed);
        let written = crate::host::folder::private_directory(&self.site.folder)
            .and_then(|()| marker::write(&self.site.folder_of(name), &marker));
        written.map_err(|error| failed(MAKE, &error))?;
        Ok(marker)
    }
}

/// A server that exists, perhaps half, and what is wanted of it.
struct Change<'a> {
    name: &'a str,
    marker: Marker<Installed>,
    inputs: &'a Attributes,
    restart: bool,
    operation: &'static str,
}

#[async_trait]
impl ResourceKind for ServerKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    fn can_rest(&self) -> bool {
        true
    }

    async fn stop(&self, known: &Known) -> Result<(), ProviderError> {
        self.rested(&known.id.0).await
    }

    async fn start(&self, known: &Known) -> Result<Option<Attributes>, ProviderError> {
        self.woken(&known.id.0).await.map(|_| None)
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let looks = known
            .iter()
            .map(|one| async { Ok((one.key.clone(), observation(self.look(&one.id.0).await?))) });
        Ok(try_join_all(looks).await?.into_iter().collect())
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let name = text(&request.inputs, "name")?;
        let found = self.look(name).await?;
        if found.is_none() {
            let removed = self.site.remove_if_vacant(name);
            removed.map_err(|error| refused(LOOK, &error))?;
        }
        Ok(found.into_iter().collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (text(&request.inputs, "name")?, &request.inputs);
        let found = marker::read_own::<Installed>(&self.site.folder_of(name), &request.tag);
        let found = found.map_err(|error| refused(MAKE, &error))?;
        let marker = match found {
            // Made already, by a call whose answer was lost: its data stays.
            Some(marker) if marker.phase == Phase::Made => marker,
            _ => self.begin(name, request).await?,
        };
        let change = Change {
            name,
            marker,
            inputs,
            restart: false,
            operation: MAKE,
        };
        self.converge(change).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let name = &request.id.0;
        let marker = self.marker(name)?;
        let marker = marker.ok_or_else(|| gone(name))?;
        let needs_restart = |name: &String| NEED_RESTART.contains(&name.as_str());
        let restart = request.changed.iter().any(needs_restart);
        let inputs = &request.inputs;
        let change = Change {
            name,
            marker,
            inputs,
            restart,
            operation: CHANGE,
        };
        self.converge(change).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let (site, name) = (&self.site, &request.id.0);
        if let Some(mut marker) = self.marker(name)? {
            refuse_strangers(site, name, &marker.owner)?;
            marker.phase = Phase::Removing;
            let folder = site.folder_of(name);
            marker::write(&folder, &marker).map_err(|error| failed(REMOVE, &error))?;
            abandon(&folder).await.map_err(|error| failed(REMOVE, &error))?;
            let left = leave(site, name, marker.applied.segment()).await;
            left.map_err(|error| failed(REMOVE, &error))?;
            site.remove_sockets(name)
                .map_err(|error| failed(REMOVE, &error))?;
            let removed = blocking(move || marker::remove(&folder)).await;
            removed.map_err(|error| failed(REMOVE, &error))?;
        }
        site.remove_if_empty().map_err(|error| failed(REMOVE, &error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}

/// Takes over where a server shall be, and nothing else yet.
fn move_to(before: &mut Attributes, inputs: &Attributes) {
    for name in NEED_RESTART {
        match inputs.get(name) {
            Some(value) => before.insert(name.to_owned(), value.clone()),
            None => before.remove(name),
        };
    }
}

fn gone(name: &str) -> ProviderError {
    let message = format!("The server `{name}` does not exist");
    ProviderError::rejected(ErrorKind::NotFound, CHANGE, message)
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    ResourceSchema {
        resource_type: SERVER.parse().expect("a well-formed type"),
        summary: "A Redis server with its data".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: attributes(),
        outputs: outputs(),
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 60,
            update_ms: 40,
            delete_ms: 40,
        },
    }
}

fn attributes() -> BTreeMap<String, AttributeSchema> {
    let segment = "The segment that it joins; without one it is reached from this machine alone";
    let port = "Its port; without one 6379 in a segment, else a free one";
    let password = AttributeSchema {
        observed: false,
        ..attribute(
            "Its clients' password; a digest of it is all that is written down",
            OnChange::InPlace,
        )
    };
    let persistence = "What survives its end: `none`, `snapshot` or `append_only`";
    let login = "`password`, or that its users were changed by somebody else";
    named([
        (
            "name",
            carried("Its name in the environment, and that of its folder"),
        ),
        ("segment", attribute(segment, OnChange::Disruptive)),
        ("port", attribute(port, OnChange::Disruptive)),
        (SECRET, password),
        (
            "memory_mb",
            attribute("Memory in MiB at which keys are evicted", OnChange::InPlace),
        ),
        ("eviction", attribute("What is evicted then", OnChange::InPlace)),
        ("persistence", attribute(persistence, OnChange::InPlace)),
        ("login", attribute(login, OnChange::InPlace)),
        (
            "status",
            attribute("`running`, or what is wrong with it", OnChange::InPlace),
        ),
    ])
}

/// They do not change on update: a server keeps its address and port, also when it is started again.
fn outputs() -> BTreeMap<String, OutputSchema> {
    [
        ("name", "Its name in the environment"),
        ("host", "The address on which it listens"),
        ("port", "The port on which it listens"),
        ("socket", "Its unix socket, encoded for a URL"),
    ]
    .map(|(name, summary)| (name.to_owned(), output(summary)))
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_moves_takes_nothing_else_over_yet() {
        let inputs = |entries: &[(&str, &str)]| -> Attributes {
            let entry = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::string(*text));
            entries.iter().map(entry).collect()
        };
        let mut before = inputs(&[("segment", "a"), ("persistence", "snapshot")]);
        move_to(
            &mut before,
            &inputs(&[("port", "1"), ("persistence", "append_only")]),
        );
        assert_eq!(before, inputs(&[("persistence", "snapshot"), ("port", "1")]));
    }
}
