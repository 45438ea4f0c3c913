//! The resource kind `local.postgres.role`: a role that logs in with a password.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{AttributeSchema, OnChange, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::{Condition, Observation, Observed, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::kind::ResourceKind;
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::instance::{gone, taken};
use super::tenancy::{self, Host, identity, parse_identity};
use super::{attribute, carried, failed, malformed, named, observation, output, refused, text, wake};
use crate::postgres::role::{self, FoundRole, Login, Role, is_reserved};
use crate::postgres::site::PostgresSite;

/// The type of resource.
pub const ROLE: &str = "local.postgres.role";

const MAKE: &str = "make a PostgreSQL role";
const CHANGE: &str = "change a PostgreSQL role";
const LOOK: &str = "look at PostgreSQL roles";

/// What `login` says of a role that logs in with the password that the stack gives it.
pub const PASSWORD: &str = "password";

/// Manages the roles of an environment's servers.
#[derive(Debug)]
pub struct RoleKind {
    site: Arc<PostgresSite>,
}

impl RoleKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<PostgresSite>) -> Self {
        RoleKind { site }
    }

    fn observed(&self, server: &str, name: &str, found: &FoundRole) -> Observed {
        let login = match found.login {
            Login::Password => PASSWORD,
            Login::OtherPassword => "another password",
            Login::Disabled => "disabled",
        };
        let attributes = [("server", server), ("name", name), ("login", login)];
        let owner = found
            .comment
            .as_ref()
            .map(|comment| comment.tag.owner(&self.site.lineage));
        Observed {
            id: identity(server, name),
            attributes: attributes
                .map(|(name, text)| (name.to_owned(), Value::string(text)))
                .into(),
            outputs: outputs(name),
            condition: Condition::Complete,
            owner: owner.unwrap_or(Owner::Untagged),
        }
    }

    /// Looks at one role; its server is started if it does not run.
    async fn look(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        let Some((server, name)) = parse_identity(id) else {
            return Ok(Observation::Absent);
        };
        let Host::Answers { session, .. } = tenancy::awake(&self.site, server).await? else {
            return Ok(Observation::Absent);
        };
        let roles = role::list(&session)
            .await
            .map_err(|error| refused(LOOK, &error))?;
        let found = roles.get(name).map(|found| self.observed(server, name, found));
        Ok(observation(found))
    }

    async fn set(&self, request: &Setting<'_>) -> Result<Applied, ProviderError> {
        let Setting {
            server,
            name,
            inputs,
            tag,
            operation,
        } = request;
        let password = match inputs.get("password") {
            Some(Value::Secret(secret)) => secret.expose(),
            Some(Value::String(text)) => text,
            _ => return Err(malformed("password")),
        };
        let session = tenancy::session(&self.site, server).await?;
        let set = role::ensure(&session, &Role { name, password, tag }).await;
        set.map_err(|error| failed(operation, &error))?;
        Ok(Applied {
            id: identity(server, name),
            outputs: outputs(name),
        })
    }
}

/// A role to make or to change.
struct Setting<'a> {
    server: &'a str,
    name: &'a str,
    inputs: &'a Attributes,
    tag: &'a OwnershipTag,
    operation: &'static str,
}

#[async_trait]
impl ResourceKind for RoleKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let servers = tenancy::servers(known);
        let looks = servers.iter().map(|(server, known)| async move {
            let host = tenancy::host(&self.site, server).await?;
            let roles = match &host {
                // What lives in a server that does not answer was not looked at.
                Host::Silent => return Ok(Vec::new()),
                Host::Absent => BTreeMap::new(),
                Host::Answers { session, .. } => {
                    role::list(session).await.map_err(|error| refused(LOOK, &error))?
                }
            };
            let look = |(key, name): &(RecordKey, String)| {
                let found = roles.get(name).map(|found| self.observed(server, name, found));
                (key.clone(), observation(found))
            };
            Ok(known.iter().map(look).collect())
        });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn examine(&self, known: &Known) -> Result<Option<Observation>, ProviderError> {
        self.look(&known.id).await.map(Some)
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let id = identity(text(&request.inputs, "server")?, text(&request.inputs, "name")?);
        match self.look(&id).await? {
            Observation::Present(observed) => Ok(vec![observed]),
            Observation::Absent => Ok(Vec::new()),
        }
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let (server, name) = (text(&request.inputs, "server")?, text(&request.inputs, "name")?);
        if is_reserved(name) {
            let message = format!("The name `{name}` is reserved");
            return Err(ProviderError::rejected(ErrorKind::Invalid, MAKE, message));
        }
        let session = tenancy::session(&self.site, server).await?;
        let roles = role::list(&session)
            .await
            .map_err(|error| refused(MAKE, &error))?;
        let is_ours = |found: &FoundRole| {
            found
                .comment
                .as_ref()
                .is_some_and(|comment| comment.is_owned_by(&request.tag))
        };
        if roles.get(name).is_some_and(|found| !is_ours(found)) {
            return Err(taken(MAKE, &format!("The role `{name}`")));
        }
        let (inputs, tag) = (&request.inputs, &request.tag);
        self.set(&Setting {
            server,
            name,
            inputs,
            tag,
            operation: MAKE,
        })
        .await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (server, name) = parse_identity(&request.id).ok_or_else(|| gone(CHANGE, &request.id.0))?;
        let tag = OwnershipTag {
            lineage: self.site.lineage.clone(),
            address: request.address.clone(),
            token: request.token.clone(),
        };
        self.set(&Setting {
            server,
            name,
            inputs: &request.inputs,
            tag: &tag,
            operation: CHANGE,
        })
        .await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let Some((server, name)) = parse_identity(&request.id) else {
            return Ok(());
        };
        match wake::started(&self.site, server).await? {
            Some(endpoint) => {
                let removed = role::remove(&endpoint, name).await;
                removed.map_err(|error| failed("remove a PostgreSQL role", &error))
            }
            None => Ok(()),
        }
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        self.look(id).await
    }
}

fn outputs(name: &str) -> Attributes {
    Attributes::from([("name".to_owned(), Value::string(name))])
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let login = "`password`, or how else it logs in";
    let password = AttributeSchema {
        observed: false,
        ..attribute(
            "Its password; only a verifier of it is sent to the server",
            OnChange::InPlace,
        )
    };
    ResourceSchema {
        resource_type: ROLE.parse().expect("a well-formed type"),
        summary: "A role that logs in to a PostgreSQL server with a password".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: named([
            (
                "server",
                attribute("The server that it is a role of", OnChange::Replace),
            ),
            ("name", carried("Its name")),
            ("password", password),
            ("login", attribute(login, OnChange::InPlace)),
        ]),
        outputs: BTreeMap::from([("name".to_owned(), output("Its name, which databases refer to"))]),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 20,
            update_ms: 20,
            delete_ms: 40,
        },
    }
}
