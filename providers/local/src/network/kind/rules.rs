//! The resource kind `local.network.rules`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{
    AttributeSchema, Equality, OnChange, RecoveryClass, ResourceSchema, TypicalDurations,
};
use infra_model::snapshot::{Condition, Observation, Observed, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::{attribute, failed, malformed, observation, text};
use crate::network::rules::{self, RulesRequest, RulesState};
use crate::network::ruleset::{Allowed, Permission, from_list, to_list};
use crate::network::site::Site;

/// The type of resource.
pub const RULES: &str = "local.network.rules";

/// What `status` says of rules that the kernel enforces.
pub const ENFORCED: &str = "enforced";
/// What `status` says of rules that nobody enforces on this machine.
pub const ADVISORY: &str = "advisory";

/// Manages what may pass in an environment's networks. The rules of a router are one object: they are loaded
/// together or not at all.
#[derive(Debug)]
pub struct RulesKind {
    site: Arc<Site>,
}

impl RulesKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<Site>) -> Self {
        RulesKind { site }
    }

    async fn look(
        &self,
        router: &str,
        segments: &BTreeSet<String>,
    ) -> Result<Option<Observed>, ProviderError> {
        let state = rules::inspect(&self.site, router, segments).await;
        match state.map_err(|error| failed("look at a network's rules", error))? {
            RulesState::Absent => Ok(None),
            RulesState::Present { allowed, condition } => Ok(Some(Observed {
                id: ObjectId(router.to_owned()),
                attributes: Attributes::from([
                    ("router".to_owned(), Value::string(router)),
                    ("allow".to_owned(), allow_value(&allowed)),
                    ("status".to_owned(), Value::string(status(condition))),
                ]),
                outputs: Attributes::new(),
                condition: Condition::Complete,
                owner: Owner::Untagged,
            })),
        }
    }

    async fn apply(&self, inputs: &Attributes) -> Result<Applied, ProviderError> {
        let request = RulesRequest {
            router: text(inputs, "router")?.to_owned(),
            segments: segments(inputs)?,
            allowed: allowed(inputs)?,
        };
        rules::apply(&self.site, &request)
            .await
            .map_err(|error| failed("load a network's rules", error))?;
        Ok(Applied {
            id: ObjectId(request.router),
            outputs: Attributes::new(),
        })
    }
}

#[async_trait]
impl ResourceKind for RulesKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    fn can_rest(&self) -> bool {
        true
    }

    async fn start(&self, known: &Known) -> Result<Option<Attributes>, ProviderError> {
        self.apply(&known.inputs).await.map(|_| None)
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let looks = known.iter().map(|one| async {
            let seen = self.look(&one.id.0, &segments(&one.inputs)?).await?;
            Ok((one.key.clone(), observation(seen)))
        });
        Ok(try_join_all(looks).await?.into_iter().collect())
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let inputs = &request.inputs;
        let seen = self.look(text(inputs, "router")?, &segments(inputs)?).await?;
        // Other rules are not the ones that the create was asked for: it did not get that far.
        let wanted = [
            ("allow", Some(allow_value(&allowed(inputs)?))),
            ("status", inputs.get("status").cloned()),
        ];
        let same = |seen: &Observed| {
            wanted
                .iter()
                .all(|(name, value)| seen.attributes.get(*name) == value.as_ref())
        };
        Ok(seen.into_iter().filter(same).collect())
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        self.apply(&request.inputs).await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        self.apply(&request.inputs).await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let cleared = rules::clear(&self.site, &request.id.0).await;
        cleared.map_err(|error| failed("take a network's rules away", error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        Ok(observation(self.look(&id.0, &BTreeSet::new()).await?))
    }
}

/// Returns permissions as an attribute.
#[must_use]
pub fn allow_value(allowed: &Allowed) -> Value {
    Value::list(to_list(allowed).into_iter().map(|permission| {
        let ports = permission.ports.iter().map(|port| Value::from(i64::from(*port)));
        Value::map([
            ("from", Value::String(permission.from)),
            ("to", Value::String(permission.to)),
            ("ports", Value::list(ports)),
        ])
    }))
}

fn allowed(inputs: &Attributes) -> Result<Allowed, ProviderError> {
    let list = inputs
        .get("allow")
        .and_then(Value::as_list)
        .ok_or_else(|| malformed("allow"))?;
    let permissions: Option<Vec<Permission>> = list.iter().map(permission).collect();
    permissions.map(from_list).ok_or_else(|| malformed("allow"))
}

fn permission(value: &Value) -> Option<Permission> {
    let fields = value.as_map()?;
    let port = |value: &Value| u16::try_from(value.as_int()?).ok();
    Some(Permission {
        from: fields.get("from")?.as_str()?.to_owned(),
        to: fields.get("to")?.as_str()?.to_owned(),
        ports: fields
            .get("ports")?
            .as_list()?
            .iter()
            .map(port)
            .collect::<Option<_>>()?,
    })
}

fn segments(inputs: &Attributes) -> Result<BTreeSet<String>, ProviderError> {
    let list = inputs
        .get("segments")
        .and_then(Value::as_list)
        .ok_or_else(|| malformed("segments"))?;
    let names: Option<BTreeSet<String>> = list.iter().map(|name| name.as_str().map(str::to_owned)).collect();
    names.ok_or_else(|| malformed("segments"))
}

fn status(condition: rules::Condition) -> &'static str {
    match condition {
        rules::Condition::Enforced => ENFORCED,
        rules::Condition::Altered => "altered",
        rules::Condition::Closed => "closed",
        rules::Condition::Advisory => ADVISORY,
    }
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let unordered = |schema: AttributeSchema| AttributeSchema {
        equality: Equality::Unordered,
        ..schema
    };
    let segments = unordered(attribute(
        "The names of all segments of the network",
        OnChange::InPlace,
    ));
    let allow = "What may pass, as `from`, `to` and TCP `ports`; everything else is denied";
    let status =
        "`enforced`; `altered` when somebody changed them; `closed` when nothing is forwarded; or `advisory`";
    ResourceSchema {
        resource_type: RULES.parse().expect("a well-formed type"),
        summary: "What may pass between the segments of a network".to_owned(),
        version: 1,
        recovery: RecoveryClass::Content,
        attributes: BTreeMap::from([
            (
                "router".to_owned(),
                attribute("The router that enforces them", OnChange::Replace),
            ),
            (
                "segments".to_owned(),
                AttributeSchema {
                    observed: false,
                    ..segments
                },
            ),
            ("allow".to_owned(), unordered(attribute(allow, OnChange::InPlace))),
            ("status".to_owned(), attribute(status, OnChange::InPlace)),
        ]),
        outputs: BTreeMap::new(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 80,
            update_ms: 80,
            delete_ms: 10,
        },
    }
}
