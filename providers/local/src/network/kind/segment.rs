//! The resource kind `local.network.segment`.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::{Condition, Lineage, Observation, Observed};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::{READY, attribute, check_owner, failed, malformed, observation, output, owner, text};
use crate::network::names;
use crate::network::segment::{self, SegmentFile, SegmentRequest, SegmentState};
use crate::network::site::Site;

/// The type of resource.
pub const SEGMENT: &str = "local.network.segment";

const LOOK: &str = "look at a network's segment";
const MAKE: &str = "make a network's segment";

/// Manages the segments of an environment's networks.
#[derive(Debug)]
pub struct SegmentKind {
    site: Arc<Site>,
    lineage: Lineage,
}

impl SegmentKind {
    /// Returns the kind for one environment, by the state that owns what is made.
    #[must_use]
    pub fn new(site: Arc<Site>, lineage: Lineage) -> Self {
        SegmentKind { site, lineage }
    }

    async fn look(&self, id: &str) -> Result<Option<Observed>, ProviderError> {
        let state = segment::inspect(&self.site, id)
            .await
            .map_err(|error| failed(LOOK, error))?;
        match state {
            SegmentState::Absent => Ok(None),
            SegmentState::Present { file, broken } => Ok(Some(self.observed(id, file, broken)?)),
        }
    }

    fn observed(
        &self,
        id: &str,
        file: SegmentFile,
        broken: Option<String>,
    ) -> Result<Observed, ProviderError> {
        let condition = if broken.is_none() {
            Condition::Complete
        } else {
            Condition::HalfMade
        };
        let status = broken.map_or(READY.to_owned(), |fault| format!("broken: {fault}"));
        let owner = owner(&file.owner, &self.lineage);
        let attributes = [
            ("router", file.router),
            ("name", file.name),
            ("cidr", file.cidr),
            ("status", status),
        ];
        Ok(Observed {
            id: ObjectId(id.to_owned()),
            attributes: attributes
                .map(|(name, text)| (name.to_owned(), Value::String(text)))
                .into(),
            outputs: self.outputs(id)?,
            condition,
            owner,
        })
    }

    fn outputs(&self, id: &str) -> Result<Attributes, ProviderError> {
        let words = segment::enter(&self.site, id).map_err(|error| failed(LOOK, error))?;
        let words: Vec<String> = words
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let enter = Value::String(words.join(" "));
        Ok(Attributes::from([
            ("segment".to_owned(), Value::string(id)),
            ("enter".to_owned(), enter),
        ]))
    }

    async fn make(&self, request: SegmentRequest) -> Result<Applied, ProviderError> {
        let id = segment::create(&self.site, &request)
            .await
            .map_err(|error| failed(MAKE, error))?;
        let outputs = self.outputs(&id)?;
        Ok(Applied {
            id: ObjectId(id),
            outputs,
        })
    }

    /// Makes a segment again that is remembered.
    async fn repair(&self, id: &str, inputs: &Attributes) -> Result<Applied, ProviderError> {
        let earlier = segment::remembered(&self.site, id).map_err(|error| failed(MAKE, error))?;
        let Some(earlier) = earlier else {
            let segment = id.to_owned();
            let gone = crate::network::error::NetworkError::SegmentGone { segment };
            return Err(failed("repair a network's segment", gone));
        };
        self.make(wanted(inputs, earlier.owner)?).await
    }
}

#[async_trait]
impl ResourceKind for SegmentKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    fn can_rest(&self) -> bool {
        true
    }

    async fn stop(&self, known: &Known) -> Result<(), ProviderError> {
        let rested = segment::rest(&self.site, &known.id.0).await;
        rested.map_err(|error| failed("stop a network's segment", error))
    }

    async fn start(&self, known: &Known) -> Result<Option<Attributes>, ProviderError> {
        let applied = self.repair(&known.id.0, &known.inputs).await?;
        // The way in names the process that holds the namespaces, which is another one now.
        Ok(Some(applied.outputs))
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let looks = known.iter().map(|one| async {
            let mut seen = self.look(&one.id.0).await?;
            // A segment that was finished once and lost a part is drift: servers inside live on while it is
            // repaired where it is.
            seen.iter_mut()
                .for_each(|seen| seen.condition = Condition::Complete);
            Ok((one.key.clone(), observation(seen)))
        });
        Ok(try_join_all(looks).await?.into_iter().collect())
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        Ok(self.look(&id(&request.inputs)?).await?.into_iter().collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let id = id(&request.inputs)?;
        let earlier = segment::remembered(&self.site, &id).map_err(|error| failed(MAKE, error))?;
        if let Some(earlier) = earlier {
            check_owner(&id, &earlier.owner, &request.tag)?;
        }
        self.make(wanted(&request.inputs, request.tag.to_string())?).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        self.repair(&request.id.0, &request.inputs).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let removed = segment::destroy(&self.site, &request.id.0).await;
        removed.map_err(|error| failed("remove a network's segment", error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0).await?))
    }
}

fn id(inputs: &Attributes) -> Result<String, ProviderError> {
    Ok(names::segment(text(inputs, "router")?, text(inputs, "name")?))
}

fn wanted(inputs: &Attributes, owner: String) -> Result<SegmentRequest, ProviderError> {
    Ok(SegmentRequest {
        router: text(inputs, "router")?.to_owned(),
        name: text(inputs, "name")?.to_owned(),
        subnet: text(inputs, "cidr")?.parse().map_err(|_| malformed("cidr"))?,
        owner,
    })
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let enter = OutputSchema {
        changes_on_update: true,
        ..output("The command that runs a program inside the segment, to be put before it")
    };
    let status = "`ready`, or what is wrong with its link";
    ResourceSchema {
        resource_type: SEGMENT.parse().expect("a well-formed type"),
        summary: "A segment of a network, a namespace with one link to the router".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: BTreeMap::from([
            (
                "router".to_owned(),
                attribute("The router that it is linked to", OnChange::Replace),
            ),
            (
                "name".to_owned(),
                attribute("Its name in the network", OnChange::Replace),
            ),
            (
                "cidr".to_owned(),
                attribute("Its address range", OnChange::Replace),
            ),
            ("status".to_owned(), attribute(status, OnChange::InPlace)),
        ]),
        outputs: BTreeMap::from([
            ("segment".to_owned(), output("What servers name to join it")),
            ("enter".to_owned(), enter),
        ]),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 40,
            update_ms: 40,
            delete_ms: 20,
        },
    }
}
