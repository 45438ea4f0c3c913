//! The resource kind `local.network.router`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{OnChange, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::{Condition, Lineage, Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::{READY, attribute, check_owner, failed, malformed, observation, output, owner, text};
use crate::network::names;
use crate::network::realm::{RouterFile, Separation, remembered};
use crate::network::router::{self, RouterRequest, RouterState};
use crate::network::site::Site;

/// The type of resource.
pub const ROUTER: &str = "local.network.router";

const OPERATION: &str = "make a network's router";

/// Manages the routers of an environment's networks.
#[derive(Debug)]
pub struct RouterKind {
    site: Arc<Site>,
    environment: PathBuf,
    lineage: Lineage,
}

impl RouterKind {
    /// Returns the kind for one environment, by its own folder and the state that owns what is made.
    #[must_use]
    pub fn new(site: Arc<Site>, environment: PathBuf, lineage: Lineage) -> Self {
        RouterKind {
            site,
            environment,
            lineage,
        }
    }

    async fn look(&self, id: &str) -> Result<Option<Observed>, ProviderError> {
        let state = router::inspect(&self.site, id).await;
        match state.map_err(|error| failed("look at a network's router", error))? {
            RouterState::Absent => Ok(None),
            RouterState::Present { file, closed } => Ok(Some(self.observed(id, &file, closed))),
        }
    }

    fn observed(&self, id: &str, file: &RouterFile, closed: bool) -> Observed {
        let status = if closed { READY } else { "open" };
        let attributes = [
            ("name", Value::string(file.name.as_str())),
            ("enforcement", Value::string(file.separation.as_str())),
            ("status", Value::string(status)),
        ];
        Observed {
            id: ObjectId(id.to_owned()),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into(),
            outputs: outputs(id),
            condition: if closed {
                Condition::Complete
            } else {
                Condition::HalfMade
            },
            owner: owner(&file.owner, &self.lineage),
        }
    }

    async fn make(&self, request: RouterRequest) -> Result<Applied, ProviderError> {
        router::create(&self.site, &request)
            .await
            .map_err(|error| failed(OPERATION, error))?;
        let outputs = outputs(&request.router);
        Ok(Applied {
            id: ObjectId(request.router),
            outputs,
        })
    }

    /// Makes a router again that is remembered.
    async fn repair(&self, id: &str) -> Result<Applied, ProviderError> {
        let router = id.to_owned();
        let Some(file) = self.remembered(&router)? else {
            let gone = crate::network::error::NetworkError::RouterGone { router };
            return Err(failed("repair a network's router", gone));
        };
        let RouterFile {
            owner,
            name,
            separation,
        } = file;
        self.make(RouterRequest {
            router,
            owner,
            name,
            separation,
        })
        .await
    }

    fn remembered(&self, id: &str) -> Result<Option<RouterFile>, ProviderError> {
        remembered(&self.site, id).map_err(|error| failed(OPERATION, error))
    }
}

#[async_trait]
impl ResourceKind for RouterKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    fn can_rest(&self) -> bool {
        true
    }

    async fn stop(&self, known: &Known) -> Result<(), ProviderError> {
        let rested = router::rest(&self.site, &known.id.0).await;
        rested.map_err(|error| failed("stop a network's router", error))
    }

    async fn start(&self, known: &Known) -> Result<Option<Attributes>, ProviderError> {
        self.repair(&known.id.0).await.map(|_| None)
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let looks = known.iter().map(|one| async {
            let mut seen = self.look(&one.id.0).await?;
            // A router that was finished once and is open now is drift, to be repaired where it is.
            seen.iter_mut()
                .for_each(|seen| seen.condition = Condition::Complete);
            Ok((one.key.clone(), observation(seen)))
        });
        Ok(try_join_all(looks).await?.into_iter().collect())
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let id = names::router(&self.environment, text(&request.inputs, "name")?);
        if self.remembered(&id)?.is_none() {
            // A create that was cut short may have left the draft of its first file.
            self.site.forget(&id).map_err(|error| failed(OPERATION, error))?;
        }
        Ok(self.look(&id).await?.into_iter().collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let name = text(&request.inputs, "name")?.to_owned();
        let router = names::router(&self.environment, &name);
        if let Some(earlier) = self.remembered(&router)? {
            check_owner(&router, &earlier.owner, &request.tag)?;
        }
        let separation = separation(&request.inputs)?;
        self.make(RouterRequest {
            router,
            owner: request.tag.to_string(),
            name,
            separation,
        })
        .await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        self.repair(&request.id.0).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let removed = router::destroy(&self.site, &request.id.0).await;
        removed.map_err(|error| failed("remove a network's router", error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}
fn separation(inputs: &Attributes) -> Result<Separation, ProviderError> {
    Separation::parse(text(inputs, "enforcement")?).ok_or_else(|| malformed("enforcement"))
}

fn outputs(id: &str) -> Attributes {
    Attributes::from([("router".to_owned(), Value::string(id))])
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let mut name = attribute("The network that it serves", OnChange::Replace);
    name.carried = true;
    let enforcement = "How its segments are kept apart: `namespaces`, `rootless` or `advisory`";
    let status = "`ready`, or `open` when it does not deny what no rule allows";
    ResourceSchema {
        resource_type: ROUTER.parse().expect("a well-formed type"),
        summary: "The router of a network, a namespace that denies what no rule allows".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: BTreeMap::from([
            ("name".to_owned(), name),
            (
                "enforcement".to_owned(),
                attribute(enforcement, OnChange::Replace),
            ),
            ("status".to_owned(), attribute(status, OnChange::InPlace)),
        ]),
        outputs: BTreeMap::from([(
            "router".to_owned(),
            output("What segments and rules name to belong to it"),
        )]),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 30,
            update_ms: 20,
            delete_ms: 15,
        },
    }
}
