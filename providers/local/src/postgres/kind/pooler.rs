//! The resource kind `local.postgres.pooler`: PgBouncer before a server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{OnChange, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::{Condition, Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};
use serde::{Deserialize, Serialize};

use super::instance::{endpoint_values, gone};
use super::tenancy::Host;
use super::{
    MOVED, RUNNING, attribute, carried, endpoint_outputs, failed, malformed, named, observation, owner,
    refused, tenancy, text,
};
use crate::host::folder::read_if_present;
use crate::host::launch::Place;
use crate::host::process;
use crate::network::address::attach;
use crate::network::segment::holds;
use crate::postgres::certificate;
use crate::postgres::connection::Endpoint;
use crate::postgres::installed::whole;
use crate::postgres::listening::{ListenRequest, Listening, leave, listen, network_name};
use crate::postgres::marker::{self, Marker, Phase};
use crate::postgres::pooler::configuration::{Mode, PoolerConfiguration};
use crate::postgres::pooler::process::{Pooler, find_running, is_healthy, reload, start, stop};
use crate::postgres::pooler::{configuration, locate, lookup};
use crate::postgres::site::PostgresSite;

mod rest;

/// The type of resource.
pub const POOLER: &str = "local.postgres.pooler";

const MAKE: &str = "make a PostgreSQL pooler";
const CHANGE: &str = "change a PostgreSQL pooler";
const LOOK: &str = "look at a PostgreSQL pooler";
const REMOVE: &str = "remove a PostgreSQL pooler";

/// The port of a pooler that has an address of its own.
const STANDARD_PORT: u16 = 6432;
/// How long a pooler may take to answer when it is only looked at.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How often it is asked until then: it may just be starting, or ending.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What `status` says of a pooler that answers but sends its clients where no server is.
const ELSEWHERE: &str = "not connected to its server";
/// What `status` says of a pooler that answers but finds no password of its clients.
const NO_LOOKUP: &str = "unable to look up passwords";
/// Attributes whose change needs a restart.
const NEED_RESTART: [&str; 2] = ["segment", "port"];

/// What a pooler was made with and last changed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Installed {
    inputs: Attributes,
    host: std::net::IpAddr,
    port: u16,
}

/// Manages the poolers of an environment.
#[derive(Debug)]
pub struct PoolerKind {
    site: Arc<PostgresSite>,
}

impl PoolerKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<PostgresSite>) -> Self {
        PoolerKind { site }
    }

    fn marker(&self, name: &str) -> Result<Option<Marker<Installed>>, ProviderError> {
        marker::read(&self.site.folder_of(name)).map_err(|error| refused(LOOK, &error))
    }

    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        let Some(marker) = self.marker(name)? else {
            return Ok(None);
        };
        let mut attributes = marker.applied.inputs.clone();
        let status = self.status(name, &marker).await?;
        attributes.insert("status".to_owned(), Value::string(status));
        let condition = if marker.phase == Phase::Made {
            Condition::Complete
        } else {
            Condition::HalfMade
        };
        Ok(Some(Observed {
            id: ObjectId(name.to_owned()),
            attributes,
            outputs: self.outputs(name, &marker)?,
            condition,
            owner: owner(&marker.owner, &self.site.lineage),
        }))
    }

    async fn status(&self, name: &str, marker: &Marker<Installed>) -> Result<&'static str, ProviderError> {
        let folder = self.site.folder_of(name);
        let running = find_running(&folder, Some(&marker.owner)).map_err(|error| refused(LOOK, &error))?;
        let Some(running) = running else {
            return Ok("stopped");
        };
        if let Some(segment) = marker.applied.inputs.get("segment").and_then(Value::as_str) {
            let held = holds(&self.site.network, segment, running.pid);
            if !held.map_err(|error| refused(LOOK, &error))? {
                return Ok("cut off from its segment");
            }
        }
        if marker::has_moved(&folder).map_err(|error| refused(LOOK, &error))? {
            return Ok(MOVED);
        }
        let endpoint = self.endpoint(name, marker.applied.port)?;
        let answer = async {
            let mut pace = tokio::time::interval(LOOK_EVERY);
            loop {
                pace.tick().await;
                if is_healthy(&endpoint, ANSWER_WITHIN).await {
                    return Ok(self.fault(name, marker).await?.unwrap_or(RUNNING));
                }
                // A process that was killed is there for some moments more.
                if !process::is_alive(&running).map_err(|error| refused(LOOK, &error))? {
                    return Ok("stopped");
                }
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, answer)
            .await
            .unwrap_or(Ok("unresponsive"))
    }

    /// Returns why clients cannot log in through a pooler that answers; nothing while its server does not, because then
    /// nobody can tell.
    async fn fault(
        &self,
        name: &str,
        marker: &Marker<Installed>,
    ) -> Result<Option<&'static str>, ProviderError> {
        let server = text(&marker.applied.inputs, "server")?;
        let Host::Answers { endpoint, .. } = tenancy::host(&self.site, server).await? else {
            return Ok(None);
        };
        let file = read_if_present(&self.site.folder_of(name).join(configuration::FILE));
        let file = file.map_err(|error| refused(LOOK, &error))?.unwrap_or_default();
        let file = String::from_utf8_lossy(&file);
        if !configuration::names_upstream(&file, &endpoint) {
            return Ok(Some(ELSEWHERE));
        }
        let in_one = configuration::has_one_lookup_database(&file);
        let exists = lookup::exists(&endpoint, in_one).await;
        let exists = exists.map_err(|error| refused(LOOK, &error))?;
        Ok((!exists).then_some(NO_LOOKUP))
    }

    fn endpoint(&self, name: &str, port: u16) -> Result<Endpoint, ProviderError> {
        let sockets = self.site.sockets(name).map_err(|error| refused(LOOK, &error))?;
        Ok(Endpoint { sockets, port })
    }

    fn outputs(&self, name: &str, marker: &Marker<Installed>) -> Result<Attributes, ProviderError> {
        let endpoint = self.endpoint(name, marker.applied.port)?;
        Ok(endpoint_values(
            Value::string(name),
            &marker.applied.host.to_string(),
            &endpoint,
        ))
    }

    /// Returns the pooler that follows from what is remembered, ready to be started.
    async fn pooler(&self, name: &str, marker: &Marker<Installed>) -> Result<Pooler, ProviderError> {
        let (site, installed) = (&self.site, &marker.applied);
        let inputs = &installed.inputs;
        let installation = locate(&site.servers, &site.programs)
            .await
            .map_err(|error| refused(MAKE, &error))?;
        let upstream = tenancy::endpoint_of(site, text(inputs, "server")?)?;
        lookup::ensure(&upstream, &installation)
            .await
            .map_err(|error| failed(MAKE, &error))?;
        site.make_run_directory().map_err(|error| failed(MAKE, &error))?;
        let folder = site.folder_of(name);
        let tls = match installation.tls {
            true => Some(certificate::ensure(&folder.join("tls"), name, &[installed.host])).transpose(),
            false => Ok(None),
        };
        let place = match inputs.get("segment").and_then(Value::as_str) {
            Some(segment) => {
                let attached = attach(&site.network, segment, &network_name(name)).await;
                attached.map_err(|error| failed(MAKE, &error))?.place
            }
            None => Place::Host,
        };
        let number = |name| {
            whole::<u32>(inputs, name)
                .ok()
                .flatten()
                .ok_or_else(|| malformed(name))
        };
        Ok(Pooler {
            configuration: PoolerConfiguration {
                folder,
                sockets: self.endpoint(name, installed.port)?.sockets,
                listen: vec![installed.host],
                port: installed.port,
                upstream,
                mode: Mode::by_name(text(inputs, "mode")?).ok_or_else(|| malformed("mode"))?,
                size: number("size")?,
                clients_max: number("clients_max")?,
                tls: tls.map_err(|error| failed(MAKE, &error))?,
            },
            installation,
            owner: marker.owner.clone(),
            place,
        })
    }

    async fn listening(&self, name: &str, inputs: &Attributes) -> Result<Listening, ProviderError> {
        let request = ListenRequest {
            name,
            segment: inputs.get("segment").and_then(Value::as_str),
            port: whole(inputs, "port").map_err(|error| refused(MAKE, &error))?,
            standard_port: STANDARD_PORT,
        };
        listen(&self.site, &request)
            .await
            .map_err(|error| refused(MAKE, &error))
    }

    async fn finish(&self, name: &str, mut marker: Marker<Installed>) -> Result<Applied, ProviderError> {
        marker.phase = Phase::Made;
        let written = marker::write(&self.site.folder_of(name), &marker);
        written.map_err(|error| failed(MAKE, &error))?;
        Ok(Applied {
            id: ObjectId(name.to_owned()),
            outputs: self.outputs(name, &marker)?,
        })
    }
}

#[async_trait]
impl ResourceKind for PoolerKind {
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
            self.site
                .remove_if_vacant(name)
                .map_err(|error| refused(LOOK, &error))?;
        }
        Ok(found.into_iter().collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let name = text(&request.inputs, "name")?;
        let folder = self.site.folder_of(name);
        marker::read_own::<Installed>(&folder, &request.tag).map_err(|error| refused(MAKE, &error))?;
        let Listening { host, port } = self.listening(name, &request.inputs).await?;
        let installed = Installed {
            inputs: request.inputs.clone(),
            host,
            port,
        };
        let marker = Marker::making(&request.tag, installed);
        marker::write(&folder, &marker).map_err(|error| failed(MAKE, &error))?;
        let pooler = self.pooler(name, &marker).await?;
        // One that an earlier attempt started may have other files.
        stop(&pooler.configuration.endpoint(), &folder, &pooler.owner)
            .await
            .map_err(|error| failed(MAKE, &error))?;
        start(&pooler, &self.site.programs)
            .await
            .map_err(|error| failed(MAKE, &error))?;
        self.finish(name, marker).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let name = &request.id.0;
        let mut marker = self.marker(name)?.ok_or_else(|| gone(CHANGE, name))?;
        let before = marker
            .applied
            .inputs
            .get("segment")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let listened = self.endpoint(name, marker.applied.port)?;
        let answers = [RUNNING, ELSEWHERE, NO_LOOKUP].contains(&self.status(name, &marker).await?);
        let moves = request
            .changed
            .iter()
            .any(|changed| NEED_RESTART.contains(&changed.as_str()));
        if moves {
            let listening = self.listening(name, &request.inputs).await?;
            (marker.applied.host, marker.applied.port) = (listening.host, listening.port);
        }
        marker.applied.inputs = request.inputs.clone();
        let pooler = self.pooler(name, &marker).await?;
        if answers && !moves {
            reload(&pooler).await.map_err(|error| failed(CHANGE, &error))?;
        } else {
            stop(&listened, &self.site.folder_of(name), &marker.owner)
                .await
                .map_err(|error| failed(CHANGE, &error))?;
            start(&pooler, &self.site.programs)
                .await
                .map_err(|error| failed(CHANGE, &error))?;
        }
        let now = request.inputs.get("segment").and_then(Value::as_str);
        if before.as_deref() != now {
            let left = leave(&self.site, name, before.as_deref()).await;
            left.map_err(|error| failed(CHANGE, &error))?;
        }
        self.finish(name, marker).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let (site, name) = (&self.site, &request.id.0);
        if let Some(mut marker) = self.marker(name)? {
            marker.phase = Phase::Removing;
            let endpoint = self.endpoint(name, marker.applied.port)?;
            let folder = site.folder_of(name);
            marker::write(&folder, &marker).map_err(|error| failed(REMOVE, &error))?;
            stop(&endpoint, &folder, &marker.owner)
                .await
                .map_err(|error| failed(REMOVE, &error))?;
            let segment = marker.applied.inputs.get("segment").and_then(Value::as_str);
            leave(site, name, segment)
                .await
                .map_err(|error| failed(REMOVE, &error))?;
            site.remove_sockets(name)
                .map_err(|error| failed(REMOVE, &error))?;
            marker::remove(&folder).map_err(|error| failed(REMOVE, &error))?;
        }
        site.remove_if_empty().map_err(|error| failed(REMOVE, &error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let segment = "The segment that it joins; without one it is reached from this machine alone";
    let port = "Its port; without one 6432 in a segment, else a free one";
    ResourceSchema {
        resource_type: POOLER.parse().expect("a well-formed type"),
        summary: "PgBouncer before a PostgreSQL server".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: named([
            (
                "name",
                carried("Its name in the environment, and that of its folder"),
            ),
            ("server", attribute("The server behind it", OnChange::InPlace)),
            (
                "server_port",
                attribute("The port that the stack fixes for that server", OnChange::InPlace),
            ),
            (
                "cluster",
                attribute("The identity of that server's data", OnChange::InPlace),
            ),
            ("segment", attribute(segment, OnChange::Disruptive)),
            ("port", attribute(port, OnChange::Disruptive)),
            (
                "mode",
                attribute("When a server connection returns to the pool", OnChange::InPlace),
            ),
            (
                "size",
                attribute("Server connections per database and user", OnChange::InPlace),
            ),
            (
                "clients_max",
                attribute("Client connections at most", OnChange::InPlace),
            ),
            (
                "databases",
                attribute("The databases behind it", OnChange::InPlace),
            ),
            (
                "status",
                attribute("`running`, or what is wrong with it", OnChange::InPlace),
            ),
        ]),
        outputs: endpoint_outputs().into(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 100,
            update_ms: 60,
            delete_ms: 40,
        },
    }
}
