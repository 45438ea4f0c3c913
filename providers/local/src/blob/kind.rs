//! The resource kind `local.blob.store`: a server of ours with one bucket, and the key that opens it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use blob_server::control::{Question, Status, ask};
use blob_server::settings::{AccessKey, BucketSettings, Policy, Tenancy};
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::{Condition, Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};
use serde::{Deserialize, Serialize};

use super::error::BlobError;
use super::process::{BlobServer, DATA, find_running, start, stop, tell};
use super::site::BlobSite;
use crate::host::launch::Place;
use crate::host::process;
use crate::network::address::{attach, detach};
use crate::network::segment::holds;
use crate::postgres::installed::{Malformed, whole};
use crate::postgres::kind::{MOVED, RUNNING, failed, observation, owner, refused, text};
use crate::postgres::listening::free_port;
use crate::postgres::marker::{self, Marker, Phase};
use crate::postgres::primary::blocking;

mod rest;
pub mod schema;

/// The type of resource.
pub const STORE: &str = "local.blob.store";

const MAKE: &str = "make a blob store";
const CHANGE: &str = "change a blob store";
const LOOK: &str = "look at a blob store";
const REMOVE: &str = "remove a blob store";

/// The port of a store that has an address of its own.
const STANDARD_PORT: u16 = 9000;
/// How long a server may take to answer when it is only looked at.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How often it is asked until then: it may just be starting, or ending.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// What `status` says of a server that answers and does not serve what it should.
const ELSEWHERE: &str = "serving something else";
/// What `status` says of a server that reads the files of its bucket.
const OPENING: &str = "opening its blobs";
/// Attributes whose change needs a restart.
const NEED_RESTART: [&str; 2] = ["segment", "port"];

/// What a store was made with and last changed to; secrets are sealed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Installed {
    inputs: Attributes,
    host: IpAddr,
    port: u16,
}

/// Manages the stores of an environment.
#[derive(Debug)]
pub struct StoreKind {
    site: BlobSite,
}

impl StoreKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: BlobSite) -> Self {
        StoreKind { site }
    }

    fn marker(&self, name: &str) -> Result<Option<Marker<Installed>>, ProviderError> {
        marker::read(&self.site.folder_of(name)).map_err(|error| refused(LOOK, &error))
    }

    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError> {
        let Some(marker) = self.marker(name)? else {
            return Ok(None);
        };
        let mut attributes = marker.applied.inputs.clone();
        let status = self
            .status(name, &marker)
            .await
            .map_err(|error| refused(LOOK, &error))?;
        attributes.insert("status".to_owned(), Value::string(status));
        let condition = match marker.phase {
            Phase::Made => Condition::Complete,
            Phase::Making | Phase::Removing => Condition::HalfMade,
        };
        Ok(Some(Observed {
            id: ObjectId(name.to_owned()),
            attributes,
            outputs: outputs(name, &marker.applied),
            condition,
            owner: owner(&marker.owner, &self.site.servers.lineage),
        }))
    }

    async fn status(&self, name: &str, marker: &Marker<Installed>) -> Result<&'static str, BlobError> {
        let folder = self.site.folder_of(name);
        let inputs = &marker.applied.inputs;
        let bucket = bucket_settings(inputs)?;
        if marker.phase == Phase::Made && !folder.join(DATA).join(&bucket.name).is_dir() {
            return Ok("without its data");
        }
        let Some(running) = find_running(&self.site, &folder, &marker.owner)? else {
            return Ok("stopped");
        };
        if let Some(segment) = inputs.get("segment").and_then(Value::as_str)
            && !holds(&self.site.servers.network, segment, running.pid)?
        {
            return Ok("cut off from its segment");
        }
        if marker::has_moved(&folder)? {
            return Ok(MOVED);
        }
        let control = self.site.control(name)?;
        let answer = async {
            let mut pace = tokio::time::interval(LOOK_EVERY);
            loop {
                pace.tick().await;
                if let Ok(status) = ask(&control, &Question::Status, ANSWER_WITHIN).await {
                    return Ok(judge(&status, &bucket));
                }
                // A process that was killed is there for some moments more.
                if !process::is_alive(&running)? {
                    return Ok("stopped");
                }
            }
        };
        tokio::time::timeout(ANSWER_WITHIN, answer)
            .await
            .unwrap_or(Ok("unresponsive"))
    }

    /// Returns the server that follows from inputs with their secrets, ready to be started.
    async fn server(
        &self,
        name: &str,
        marker: &Marker<Installed>,
        inputs: &Attributes,
    ) -> Result<BlobServer, BlobError> {
        let (site, applied) = (&self.site, &marker.applied);
        site.servers.make_run_directory()?;
        let place = match inputs.get("segment").and_then(Value::as_str) {
            Some(segment) => {
                attach(&site.servers.network, segment, &network_name(name))
                    .await?
                    .place
            }
            None => Place::Host,
        };
        Ok(BlobServer {
            folder: site.folder_of(name),
            control: site.control(name)?,
            listen: SocketAddr::new(applied.host, applied.port),
            place,
            owner: marker.owner.clone(),
            tenancy: tenancy(inputs)?,
        })
    }

    async fn listening(&self, name: &str, inputs: &Attributes) -> Result<(IpAddr, u16), BlobError> {
        let port = whole(inputs, "port")?;
        let Some(segment) = inputs.get("segment").and_then(Value::as_str) else {
            let port = port.unwrap_or_else(|| free_port(&self.site.folder_of(name)));
            return Ok((IpAddr::V4(Ipv4Addr::LOCALHOST), port));
        };
        let attachment = attach(&self.site.servers.network, segment, &network_name(name)).await?;
        Ok((IpAddr::V4(attachment.address), port.unwrap_or(STANDARD_PORT)))
    }

    async fn leave(&self, name: &str, segment: Option<&str>) -> Result<(), BlobError> {
        if let Some(segment) = segment {
            detach(&self.site.servers.network, segment, &network_name(name)).await?;
        }
        Ok(())
    }

    async fn change(&self, request: &UpdateRequest, marker: &mut Marker<Installed>) -> Result<(), BlobError> {
        let (site, name, inputs) = (&self.site, &request.id.0, &request.inputs);
        let before = marker
            .applied
            .inputs
            .get("segment")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let answers = [RUNNING, ELSEWHERE, OPENING].contains(&self.status(name, marker).await?);
        let moves = request
            .changed
            .iter()
            .any(|changed| NEED_RESTART.contains(&changed.as_str()));
        if moves {
            (marker.applied.host, marker.applied.port) = self.listening(name, inputs).await?;
        }
        marker.applied.inputs = site.sealed(inputs);
        let server = self.server(name, marker, inputs).await?;
        if answers && !moves {
            tell(&server).await?;
        } else {
            stop(site, &server.folder, &server.owner).await?;
            start(site, &server).await?;
        }
        let now = inputs.get("segment").and_then(Value::as_str);
        if before.as_deref() != now {
            self.leave(name, before.as_deref()).await?;
        }
        Ok(())
    }

    async fn remove(&self, name: &str, mut marker: Marker<Installed>) -> Result<(), BlobError> {
        let folder = self.site.folder_of(name);
        marker.phase = Phase::Removing;
        marker::write(&folder, &marker)?;
        stop(&self.site, &folder, &marker.owner).await?;
        let segment = marker.applied.inputs.get("segment").and_then(Value::as_str);
        self.leave(name, segment).await?;
        self.site.remove_control(name)?;
        Ok(blocking(move || marker::remove(&folder)).await?)
    }

    fn finish(&self, name: &str, mut marker: Marker<Installed>) -> Result<Applied, ProviderError> {
        marker.phase = Phase::Made;
        let written = marker::write(&self.site.folder_of(name), &marker);
        written.map_err(|error| failed(MAKE, &error))?;
        Ok(Applied {
            id: ObjectId(name.to_owned()),
            outputs: outputs(name, &marker.applied),
        })
    }
}

#[async_trait]
impl ResourceKind for StoreKind {
    fn schema(&self) -> ResourceSchema {
        schema::schema()
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
        let name = text(&request.inputs, "name")?;
        let folder = self.site.folder_of(name);
        marker::read_own::<Installed>(&folder, &request.tag).map_err(|error| refused(MAKE, &error))?;
        let (host, port) = self
            .listening(name, &request.inputs)
            .await
            .map_err(|error| refused(MAKE, &error))?;
        let installed = Installed {
            inputs: self.site.sealed(&request.inputs),
            host,
            port,
        };
        let marker = Marker::making(&request.tag, installed);
        marker::write(&folder, &marker).map_err(|error| failed(MAKE, &error))?;
        let made = async {
            let server = self.server(name, &marker, &request.inputs).await?;
            // One that an earlier attempt started may listen elsewhere.
            stop(&self.site, &folder, &server.owner).await?;
            start(&self.site, &server).await
        };
        made.await.map_err(|error| failed(MAKE, &error))?;
        self.finish(name, marker)
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let name = &request.id.0;
        let gone = BlobError::Gone { name: name.clone() };
        let mut marker = self.marker(name)?.ok_or_else(|| refused(CHANGE, &gone))?;
        let changed = self.change(request, &mut marker).await;
        changed.map_err(|error| failed(CHANGE, &error))?;
        self.finish(name, marker)
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let name = &request.id.0;
        if let Some(marker) = self.marker(name)? {
            let removed = self.remove(name, marker).await;
            removed.map_err(|error| failed(REMOVE, &error))?;
        }
        self.site
            .remove_if_empty()
            .map_err(|error| failed(REMOVE, &error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}

/// Returns what a server that answers does: it may have lost what it was told, and only we tell it.
fn judge(status: &Status, bucket: &BucketSettings) -> &'static str {
    let is_served = status.buckets.get(&bucket.name) == Some(&bucket.policy);
    let is_open = status.keys.values().any(|buckets| buckets.contains(&bucket.name));
    match (is_served && is_open, &status.opening) {
        (true, _) => RUNNING,
        (false, Some(_)) => OPENING,
        (false, None) => ELSEWHERE,
    }
}

fn bucket_settings(inputs: &Attributes) -> Result<BucketSettings, BlobError> {
    let name = inputs.get("bucket").and_then(Value::as_str).unwrap_or_default();
    Ok(BucketSettings {
        name: name.to_owned(),
        policy: Policy {
            versioning: inputs.get("versioning") == Some(&Value::Bool(true)),
            expire_days: whole(inputs, "expire_days")?,
            expire_noncurrent_days: whole(inputs, "expire_noncurrent_days")?,
        },
    })
}

fn tenancy(inputs: &Attributes) -> Result<Tenancy, BlobError> {
    let bucket = bucket_settings(inputs)?;
    let key = AccessKey {
        id: secret(inputs, "access_key")?.to_owned(),
        secret: secret(inputs, "secret_key")?.to_owned().into(),
        buckets: vec![bucket.name.clone()],
    };
    Ok(Tenancy {
        buckets: vec![bucket],
        keys: vec![key],
    })
}

fn secret<'a>(inputs: &'a Attributes, name: &'static str) -> Result<&'a str, BlobError> {
    match inputs.get(name) {
        Some(Value::Secret(secret)) => Ok(secret.expose()),
        _ => Err(Malformed(name).into()),
    }
}

fn outputs(name: &str, installed: &Installed) -> Attributes {
    let address = SocketAddr::new(installed.host, installed.port);
    let outputs = [
        ("name", Value::string(name)),
        ("endpoint", Value::String(format!("http://{address}"))),
        ("host", Value::String(installed.host.to_string())),
        ("port", Value::from(i64::from(installed.port))),
    ];
    outputs.map(|(name, value)| (name.to_owned(), value)).into()
}

/// The name under which a server has its address in a segment.
fn network_name(name: &str) -> String {
    format!("blob/{name}")
}
