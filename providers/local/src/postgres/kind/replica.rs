//! The resource kind `local.postgres.replica`: a server that follows a primary.

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

use super::instance::{self, State, check_parameters, gone, outputs, state};
use super::server::{Bring, Restart, bring_up, shared_attributes, take_down};
use super::{attribute, endpoint_outputs, failed, malformed, observation, owner, refused, text};
use crate::postgres::connection::Session;
use crate::postgres::installed::{self, Installed, Wanted};
use crate::postgres::listening::{ListenRequest, Listening, STANDARD_PORT, leave, listen};
use crate::postgres::marker::{self, Marker, Phase};
use crate::postgres::replica::{self, Recovery};
use crate::postgres::server::Server;
use crate::postgres::site::PostgresSite;
use crate::postgres::slot;
use crate::postgres::tools::Tools;

/// The type of resource.
pub const REPLICA: &str = "local.postgres.replica";

const MAKE: &str = "make a PostgreSQL replica";
const CHANGE: &str = "change a PostgreSQL replica";
const LOOK: &str = "look at a PostgreSQL replica";

/// A replica connects again within this time after its primary was started anew; until then it is not judged.
const RECONNECT_WITHIN: Duration = Duration::from_secs(2);
/// How often the primary is asked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Manages the replicas of an environment.
#[derive(Debug)]
pub struct ReplicaKind {
    site: Arc<PostgresSite>,
}

impl ReplicaKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<PostgresSite>) -> Self {
        ReplicaKind { site }
    }

    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        let site = &self.site;
        let found = installed::read(site, name).map_err(|error| refused(LOOK, &error))?;
        let Some(marker) = found else { return Ok(None) };
        let state = state(site, &marker).await?;
        let mut attributes = instance::attributes(site, &marker, &state).await?;
        if let State::Answers(session) = &state
            && let Some(fault) = fault(site, &marker, session).await?
        {
            attributes.insert("status".to_owned(), Value::string(fault));
        }
        let condition = if marker.phase == Phase::Made {
            Condition::Complete
        } else {
            Condition::HalfMade
        };
        Ok(Some(Observed {
            id: ObjectId(name.to_owned()),
            attributes,
            outputs: outputs(site, &marker)?,
            condition,
            owner: owner(&marker.owner, &site.lineage),
        }))
    }

    fn applied(&self, marker: &Marker<Installed>) -> Result<Applied, ProviderError> {
        let id = ObjectId(text(&marker.applied.inputs, "name")?.to_owned());
        Ok(Applied {
            id,
            outputs: outputs(&self.site, marker)?,
        })
    }

    async fn make(&self, request: &CreateRequest, wanted: &Wanted) -> Result<Applied, ProviderError> {
        let site = &self.site;
        let primary = wanted.primary.as_deref().ok_or_else(|| malformed("primary"))?;
        let primary = installed::require(site, primary)
            .map_err(|error| refused(MAKE, &error))?
            .applied;
        let tools = check_parameters(site, primary.major, wanted).await?;
        let Listening { host, port } = listening(site, wanted).await?;
        let installed = Installed {
            inputs: request.inputs.clone(),
            cluster: primary.cluster,
            major: primary.major,
            host,
            port,
            tls: tools.tls,
        };
        let begun = installed::begin(site, &request.tag, installed);
        let mut marker = begun.map_err(|error| refused(MAKE, &error))?;
        let server = installed::server(site, &marker, &tools)
            .await
            .map_err(|error| failed(MAKE, &error))?;
        let made = replica::create(&server, &site.templates(), &tools).await;
        made.map_err(|error| failed(MAKE, &error))?;
        marker.phase = Phase::Made;
        marker::write(&site.folder_of(&wanted.name), &marker).map_err(|error| failed(MAKE, &error))?;
        self.applied(&marker)
    }

    /// Brings a replica that exists to what is wanted of it; one that cannot follow any more is made anew.
    async fn converge(
        &self,
        mut marker: Marker<Installed>,
        inputs: &Attributes,
        restart: Restart,
    ) -> Result<Applied, ProviderError> {
        let site = &self.site;
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
        let plan = Mending::of(site, &marker, Bring { state, restart }).await?;
        marker.applied.inputs = inputs.clone();
        let server = installed::server(site, &marker, &tools)
            .await
            .map_err(|error| failed(CHANGE, &error))?;
        plan.carry_out(&server, &tools).await?;
        if wanted.segment != before.segment {
            let left = leave(site, &wanted.name, before.segment.as_deref()).await;
            left.map_err(|error| failed(CHANGE, &error))?;
        }
        marker::write(&site.folder_of(&wanted.name), &marker).map_err(|error| failed(CHANGE, &error))?;
        self.applied(&marker)
    }
}

/// How a replica that exists is brought to what is wanted of it.
enum Mending {
    /// It takes over its files and follows on.
    Continue(Bring),
    /// It goes its own way or has no usable data: it is made anew.
    StartOver,
}

impl Mending {
    async fn of(
        site: &PostgresSite,
        marker: &Marker<Installed>,
        bring: Bring,
    ) -> Result<Self, ProviderError> {
        let session = match &bring.state {
            State::Answers(session) => session,
            State::Unusable(_) => return Ok(Self::StartOver),
            _ => return Ok(Self::Continue(bring)),
        };
        match replica::recovery(session)
            .await
            .map_err(|error| refused(CHANGE, &error))?
        {
            Recovery::Promoted => Ok(Self::StartOver),
            Recovery::Paused => Ok(Self::Continue(Bring {
                restart: Restart::Needed,
                ..bring
            })),
            Recovery::Running => {
                if bring.restart == Restart::Needed
                    && let Some(primary) = primary_session(site, marker).await
                {
                    let name = slot::name(text(&marker.applied.inputs, "name")?);
                    slot::catch_up(&primary, &name)
                        .await
                        .map_err(|error| refused(CHANGE, &error))?;
                }
                Ok(Self::Continue(bring))
            }
        }
    }

    async fn carry_out(self, server: &Server, tools: &Tools) -> Result<(), ProviderError> {
        let followed = match self {
            Self::Continue(bring) => {
                match (&bring.state, bring.restart) {
                    (State::Answers(_), Restart::Avoided) => bring_up(server, bring, tools).await?,
                    // Started by the repair, which knows what to do with one that cannot.
                    _ => take_down(server, bring.state).await?,
                }
                replica::repair(server, tools).await
            }
            Self::StartOver => replica::start_over(server, tools).await,
        };
        followed.map_err(|error| failed(CHANGE, &error))
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

/// Returns what is wrong with a replica that answers; nothing while its primary does not, because then nobody can tell.
async fn fault(
    site: &PostgresSite,
    marker: &Marker<Installed>,
    replica: &Session,
) -> Result<Option<&'static str>, ProviderError> {
    match replica::recovery(replica)
        .await
        .map_err(|error| refused(LOOK, &error))?
    {
        Recovery::Promoted => return Ok(Some("promoted")),
        Recovery::Paused => return Ok(Some("paused")),
        Recovery::Running => {}
    }
    let Some(primary) = primary_session(site, marker).await else {
        return Ok(None);
    };
    let name = slot::name(text(&marker.applied.inputs, "name")?);
    let followed = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            // A primary that went away meanwhile has nothing to say about its replicas.
            match slot::followed(&primary).await {
                Ok(followed) if !followed.contains(&name) => {}
                _ => return,
            }
        }
    };
    let judged = tokio::time::timeout(RECONNECT_WITHIN, followed).await;
    Ok(judged.err().map(|_| "not following its primary"))
}

async fn primary_session(site: &PostgresSite, marker: &Marker<Installed>) -> Option<Session> {
    let primary = marker.applied.inputs.get("primary")?.as_str()?;
    let primary = installed::read(site, primary).ok()??;
    match state(site, &primary).await.ok()? {
        State::Answers(session) => Some(session),
        _ => None,
    }
}

#[async_trait]
impl ResourceKind for ReplicaKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    fn can_rest(&self) -> bool {
        true
    }

    async fn stop(&self, known: &Known) -> Result<(), ProviderError> {
        super::rest::stop(&self.site, &known.id.0).await
    }

    async fn start(&self, known: &Known) -> Result<Option<Attributes>, ProviderError> {
        super::rest::start(&self.site, &known.id.0).await.map(|_| None)
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
        let wanted = Wanted::read(&request.inputs).map_err(|error| refused(MAKE, &error))?;
        let folder = self.site.folder_of(&wanted.name);
        let found = marker::read_own::<Installed>(&folder, &request.tag);
        match found.map_err(|error| refused(MAKE, &error))? {
            Some(marker) if marker.phase == Phase::Made && follows_same(&marker, &self.site) => {
                self.converge(marker, &request.inputs, Restart::Needed).await
            }
            _ => self.make(request, &wanted).await,
        }
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let name = &request.id.0;
        let found = installed::read(&self.site, name).map_err(|error| refused(CHANGE, &error))?;
        let marker = found.ok_or_else(|| gone(CHANGE, name))?;
        self.converge(marker, &request.inputs, Restart::of(&request.changed))
            .await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let name = &request.id.0;
        let marker = installed::read(&self.site, name).map_err(|error| refused(LOOK, &error))?;
        let primary = match &marker {
            Some(marker) => primary_session(&self.site, marker).await,
            None => None,
        };
        instance::remove(&self.site, name).await?;
        // A primary that does not answer drops the slot when it is started again.
        match primary {
            Some(primary) => slot::remove(&primary, &slot::name(name))
                .await
                .map_err(|error| failed("remove a replica", &error)),
            None => Ok(()),
        }
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}

/// Says whether a replica's data still belongs to the cluster of its primary, which may have been made anew.
fn follows_same(marker: &Marker<Installed>, site: &PostgresSite) -> bool {
    let primary = marker.applied.inputs.get("primary").and_then(Value::as_str);
    let primary = primary.and_then(|primary| installed::require(site, primary).ok());
    primary.is_some_and(|primary| primary.applied.cluster == marker.applied.cluster)
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let status = "`running`, or what is wrong with it or with its way of following the primary";
    let mut attributes = shared_attributes();
    let primary = "The server that it follows";
    attributes.insert("primary".to_owned(), attribute(primary, OnChange::Replace));
    attributes.insert("status".to_owned(), attribute(status, OnChange::InPlace));
    ResourceSchema {
        resource_type: REPLICA.parse().expect("a well-formed type"),
        summary: "A PostgreSQL server that follows a primary and takes reads".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes,
        outputs: endpoint_outputs().into(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 300,
            update_ms: 300,
            delete_ms: 100,
        },
    }
}
