//! The resource kind `local.postgres.server`: a primary with its data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{OnChange, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::{Condition, Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::instance::{self, State, check_parameters, gone, state};
use super::{
    attribute, carried, endpoint_outputs, failed, malformed, named, observation, output, owner, refused,
    rest, text,
};
use crate::postgres::connection::ConnectionError;
use crate::postgres::installed::{self, Installed, Wanted};
use crate::postgres::listening::{ListenRequest, Listening, STANDARD_PORT, leave, listen};
use crate::postgres::marker::{self, Marker, Phase};
use crate::postgres::server::reload::reload;
use crate::postgres::server::start::start;
use crate::postgres::server::stop::stop;
use crate::postgres::server::{Server, configure, session};
use crate::postgres::site::PostgresSite;
use crate::postgres::template::random_name;
use crate::postgres::tools::Tools;
use crate::postgres::{database, primary, slot};

/// The type of resource.
pub const SERVER: &str = "local.postgres.server";

const MAKE: &str = "make a PostgreSQL server";
const CHANGE: &str = "change a PostgreSQL server";
const LOOK: &str = "look at a PostgreSQL server";

/// Attributes whose change needs a restart.
const NEED_RESTART: [&str; 3] = ["static_parameters", "segment", "port"];

/// Manages the primaries of an environment.
#[derive(Debug)]
pub struct ServerKind {
    site: Arc<PostgresSite>,
}

impl ServerKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<PostgresSite>) -> Self {
        ServerKind { site }
    }

    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        let found = installed::read(&self.site, name).map_err(|error| refused(LOOK, &error))?;
        let Some(marker) = found else { return Ok(None) };
        let state = state(&self.site, &marker).await?;
        let condition = if marker.phase == Phase::Made {
            Condition::Complete
        } else {
            Condition::HalfMade
        };
        Ok(Some(Observed {
            id: ObjectId(name.to_owned()),
            attributes: instance::attributes(&self.site, &marker, &state).await?,
            outputs: outputs(&self.site, &marker)?,
            condition,
            owner: owner(&marker.owner, &self.site.lineage),
        }))
    }

    fn applied(&self, marker: &Marker<Installed>) -> Result<Applied, ProviderError> {
        let id = ObjectId(text(&marker.applied.inputs, "name")?.to_owned());
        Ok(Applied {
            id,
            outputs: outputs(&self.site, marker)?,
        })
    }

    async fn make(&self, request: &CreateRequest, tools: &Tools) -> Result<Applied, ProviderError> {
        let site = &self.site;
        let wanted = Wanted::read(&request.inputs).map_err(|error| refused(MAKE, &error))?;
        let Listening { host, port } = listening(site, &wanted).await?;
        let installed = Installed {
            inputs: request.inputs.clone(),
            cluster: random_name().map_err(|error| refused(MAKE, &error))?,
            major: tools.installation.major,
            host,
            port,
            tls: tools.tls,
        };
        let begun = installed::begin(site, &request.tag, installed);
        let mut marker = begun.map_err(|error| refused(MAKE, &error))?;
        let server = installed::server(site, &marker, tools)
            .await
            .map_err(|error| failed(MAKE, &error))?;
        let made = primary::create(&server, &site.templates(), tools).await;
        made.map_err(|error| failed(MAKE, &error))?;
        marker.phase = Phase::Made;
        marker::write(&site.folder_of(&wanted.name), &marker).map_err(|error| failed(MAKE, &error))?;
        self.applied(&marker)
    }

    /// Brings a server that exists to what is wanted of it.
    async fn converge(&self, change: Change<'_>) -> Result<Applied, ProviderError> {
        let site = &self.site;
        let Change {
            mut marker,
            inputs,
            restart,
        } = change;
        let before = Wanted::read(&marker.applied.inputs).map_err(|error| refused(CHANGE, &error))?;
        let wanted = Wanted::read(inputs).map_err(|error| refused(CHANGE, &error))?;
        let tools = check_parameters(site, marker.applied.major, &wanted).await?;
        if wanted.segment != before.segment
            || wanted.port.is_some() && wanted.port != Some(marker.applied.port)
        {
            Listening {
                host: marker.applied.host,
                port: marker.applied.port,
            } = listening(site, &wanted).await?;
        }
        let state = state(site, &marker).await?;
        marker.applied.inputs = inputs.clone();
        let server = installed::server(site, &marker, &tools)
            .await
            .map_err(|error| failed(CHANGE, &error))?;
        bring_up(&server, Bring { state, restart }, &tools).await?;
        if wanted.segment != before.segment {
            let left = leave(site, &wanted.name, before.segment.as_deref()).await;
            left.map_err(|error| failed(CHANGE, &error))?;
        }
        database::ensure_built_in(&server.endpoint())
            .await
            .map_err(|error| failed(CHANGE, &error))?;
        drop_abandoned_slots(site, &wanted.name, &server)
            .await
            .map_err(|error| failed(CHANGE, &error))?;
        marker::write(&site.folder_of(&wanted.name), &marker).map_err(|error| failed(CHANGE, &error))?;
        self.applied(&marker)
    }
}

/// Returns where a server answers, and whose data it has.
fn outputs(site: &PostgresSite, marker: &Marker<Installed>) -> Result<Attributes, ProviderError> {
    let mut outputs = instance::outputs(site, marker)?;
    let cluster = Value::string(marker.applied.cluster.as_str());
    outputs.insert("cluster".to_owned(), cluster);
    Ok(outputs)
}

/// A server that exists and what is wanted of it.
struct Change<'a> {
    marker: Marker<Installed>,
    inputs: &'a Attributes,
    restart: Restart,
}

/// Whether a server that runs well is started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    /// Something changed that is only read at a start.
    Needed,
    /// A reload is enough.
    Avoided,
}

impl Restart {
    pub(super) fn of(changed: &[String]) -> Self {
        let needed = changed.iter().any(|name| NEED_RESTART.contains(&name.as_str()));
        if needed { Self::Needed } else { Self::Avoided }
    }
}

async fn listening(site: &PostgresSite, wanted: &Wanted) -> Result<Listening, ProviderError> {
    let request = ListenRequest {
        name: &wanted.name,
        segment: wanted.segment.as_deref(),
        port: wanted.port,
        standard_port: STANDARD_PORT,
    };
    listen(site, &request)
        .await
        .map_err(|error| refused(MAKE, &error))
}

/// How a server does and how it shall take over its files.
pub(super) struct Bring {
    pub(super) state: State,
    pub(super) restart: Restart,
}

/// Has a server run with the files that it should have.
pub(super) async fn bring_up(server: &Server, bring: Bring, tools: &Tools) -> Result<(), ProviderError> {
    match (bring.state, bring.restart) {
        (State::Answers(session), Restart::Avoided) => {
            configure(&server.configuration).map_err(|error| failed(CHANGE, &error))?;
            let reset = instance::reset_overrides(&session, &server.configuration.parameters).await;
            reset.map_err(|error| failed(CHANGE, &error))?;
            reload(&session)
                .await
                .map(drop)
                .map_err(|error| failed(CHANGE, &error))
        }
        (state, _) => {
            take_down(server, state).await?;
            start(server, tools)
                .await
                .map(drop)
                .map_err(|error| failed(CHANGE, &error))
        }
    }
}

/// Stops a server so that its next start is with the files that it should have.
pub(super) async fn take_down(server: &Server, state: State) -> Result<(), ProviderError> {
    configure(&server.configuration).map_err(|error| failed(CHANGE, &error))?;
    if let State::Answers(session) = state {
        let reset = instance::reset_overrides(&session, &server.configuration.parameters).await;
        reset.map_err(|error| failed(CHANGE, &error))?;
    }
    let stopped = stop(&server.configuration.files, &server.owner).await;
    stopped.map_err(|error| failed(CHANGE, &error))
}

/// Drops the slots of replicas that went while this server did not run: each would keep the log forever.
async fn drop_abandoned_slots(
    site: &PostgresSite,
    name: &str,
    server: &Server,
) -> Result<(), ConnectionError> {
    let session = session(&server.endpoint(), "postgres").await?;
    let kept: BTreeSet<String> = installed::names(site)
        .iter()
        .filter(|other| follows(site, other, name))
        .map(|other| slot::name(other))
        .collect();
    for found in slot::list(&session).await?.difference(&kept) {
        slot::remove(&session, found).await?;
    }
    Ok(())
}

fn follows(site: &PostgresSite, name: &str, primary: &str) -> bool {
    let Ok(Some(marker)) = installed::read(site, name) else {
        return false;
    };
    marker.applied.inputs.get("primary").and_then(Value::as_str) == Some(primary)
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
        rest::stop(&self.site, &known.id.0).await
    }

    async fn start(&self, known: &Known) -> Result<Option<Attributes>, ProviderError> {
        rest::start(&self.site, &known.id.0).await.map(|_| None)
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
        let site = &self.site;
        let wanted = Wanted::read(&request.inputs).map_err(|error| refused(MAKE, &error))?;
        let major = wanted.major.ok_or_else(|| malformed("version"))?;
        let folder = site.folder_of(&wanted.name);
        let found = marker::read_own::<Installed>(&folder, &request.tag);
        match found.map_err(|error| refused(MAKE, &error))? {
            // Made already, by a call whose answer was lost: its data stays.
            Some(marker) if marker.phase == Phase::Made && marker.applied.major == major => {
                let inputs = &request.inputs;
                self.converge(Change {
                    marker,
                    inputs,
                    restart: Restart::Needed,
                })
                .await
            }
            Some(marker) if marker.phase == Phase::Made => {
                let message = format!(
                    "`{}` holds data of PostgreSQL {}",
                    wanted.name, marker.applied.major
                );
                Err(ProviderError::rejected(ErrorKind::AlreadyExists, MAKE, message))
            }
            _ => {
                let tools = check_parameters(site, major, &wanted).await?;
                self.make(request, &tools).await
            }
        }
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let name = &request.id.0;
        let found = installed::read(&self.site, name).map_err(|error| refused(CHANGE, &error))?;
        let marker = found.ok_or_else(|| gone(CHANGE, name))?;
        let restart = Restart::of(&request.changed);
        self.converge(Change {
            marker,
            inputs: &request.inputs,
            restart,
        })
        .await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        instance::remove(&self.site, &request.id.0).await
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let status = "`running`, or what is wrong with it";
    let mut attributes = shared_attributes();
    let version = "The major version; another one starts with an empty data directory";
    attributes.insert("version".to_owned(), attribute(version, OnChange::Replace));
    let days = "For how many days archived log is kept";
    attributes.insert("archive_days".to_owned(), attribute(days, OnChange::InPlace));
    attributes.insert("status".to_owned(), attribute(status, OnChange::InPlace));
    let mut outputs = BTreeMap::from(endpoint_outputs());
    let cluster = "The identity of its data: another one when it was made anew";
    outputs.insert("cluster".to_owned(), output(cluster));
    ResourceSchema {
        resource_type: SERVER.parse().expect("a well-formed type"),
        summary: "A PostgreSQL server that takes writes, with its data and its archived log".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes,
        outputs,
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 350,
            update_ms: 250,
            delete_ms: 120,
        },
    }
}

/// The attributes of a primary and of a replica.
pub(super) fn shared_attributes() -> BTreeMap<String, infra_model::schema::AttributeSchema> {
    let segment = "The segment that it joins; without one it is reached from this machine alone";
    let port = "Its port; without one 5432 in a segment, else a free one";
    let parameters = "Server parameters that take effect with a reload";
    let static_parameters = "Server parameters that take effect with a restart";
    named([
        (
            "name",
            carried("Its name in the environment, and that of its folder"),
        ),
        ("segment", attribute(segment, OnChange::Disruptive)),
        ("port", attribute(port, OnChange::Disruptive)),
        ("parameters", attribute(parameters, OnChange::InPlace)),
        (
            "static_parameters",
            attribute(static_parameters, OnChange::Disruptive),
        ),
    ])
}
