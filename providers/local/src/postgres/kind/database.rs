//! The resource kind `local.postgres.database`: a database with its owner, extensions and access.

use std::collections::BTreeMap;
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
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};
use infra_provider::sql::access::Level;
use infra_provider::sql::database::Database;

use super::instance::{gone, taken};
use super::tenancy::{self, Host, identity, parse_identity};
use super::{attribute, carried, failed, malformed, named, output, refused, text, wake};
use crate::postgres::connection::Endpoint;
use crate::postgres::database::{self, Change, FoundDatabase};
use crate::postgres::site::PostgresSite;

/// The type of resource.
pub const DATABASE: &str = "local.postgres.database";

const MAKE: &str = "make a PostgreSQL database";
const CHANGE: &str = "change a PostgreSQL database";
const LOOK: &str = "look at PostgreSQL databases";

/// Manages the databases of an environment's servers.
#[derive(Debug)]
pub struct DatabaseKind {
    site: Arc<PostgresSite>,
}

/// A database to look at, and what of it is worth looking at.
struct Sought<'a> {
    endpoint: &'a Endpoint,
    server: &'a str,
    wanted: &'a Database,
    found: &'a FoundDatabase,
}

impl DatabaseKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<PostgresSite>) -> Self {
        DatabaseKind { site }
    }

    async fn observed(&self, sought: &Sought<'_>) -> Result<Observed, ProviderError> {
        let Sought {
            endpoint,
            server,
            wanted,
            found,
        } = sought;
        let known = Database {
            owner: found.owner.clone(),
            ..(*wanted).clone()
        };
        // Nobody can look into one whose removal has begun.
        let seen = match found.invalid {
            true => known,
            false => database::look_inside(endpoint, &known)
                .await
                .map_err(|error| refused(LOOK, &error))?,
        };
        let half_made = found.invalid || found.is_half_made() && wanted.name != database::BUILT_IN;
        let owner = match &found.comment {
            Some(comment) => comment.tag.owner(&self.site.lineage),
            None => Owner::Untagged,
        };
        Ok(Observed {
            id: identity(server, &wanted.name),
            attributes: attributes(server, &seen),
            outputs: outputs(&wanted.name),
            condition: if half_made {
                Condition::HalfMade
            } else {
                Condition::Complete
            },
            owner,
        })
    }

    /// Looks at the databases of one server; one that does not answer is left out.
    async fn look(
        &self,
        server: &str,
        sought: &[(RecordKey, Database)],
    ) -> Result<Vec<(RecordKey, Observation)>, ProviderError> {
        let host = tenancy::host(&self.site, server).await?;
        let (keys, wanted): (Vec<_>, Vec<_>) = sought.iter().cloned().unzip();
        let seen = self.look_into(server, &host, &wanted).await?;
        Ok(keys.into_iter().zip(seen).collect())
    }

    /// Looks at one database once nobody makes or removes it any more; its server is started if it does not run.
    async fn look_at_one(&self, server: &str, wanted: Database) -> Result<Observation, ProviderError> {
        let host = tenancy::awake(&self.site, server).await?;
        if let Host::Answers { session, .. } = &host {
            let settled = database::settle(session, &wanted.name).await;
            settled.map_err(|error| refused(LOOK, &error))?;
        }
        let mut seen = self.look_into(server, &host, &[wanted]).await?;
        Ok(seen.pop().unwrap_or(Observation::Absent))
    }

    /// Returns what is seen of each database; nothing at all if the server does not answer.
    async fn look_into(
        &self,
        server: &str,
        host: &Host,
        wanted: &[Database],
    ) -> Result<Vec<Observation>, ProviderError> {
        let (endpoint, session) = match host {
            Host::Silent => return Ok(Vec::new()),
            Host::Absent => return Ok(vec![Observation::Absent; wanted.len()]),
            Host::Answers { endpoint, session } => (endpoint, session),
        };
        let databases = database::list(session)
            .await
            .map_err(|error| refused(LOOK, &error))?;
        let databases = &databases;
        let looks = wanted.iter().map(|wanted| async move {
            let Some(found) = databases.get(&wanted.name) else {
                return Ok(Observation::Absent);
            };
            let sought = Sought {
                endpoint,
                server,
                wanted,
                found,
            };
            Ok(Observation::Present(self.observed(&sought).await?))
        });
        try_join_all(looks).await
    }

    fn tag(&self, request: &UpdateRequest) -> OwnershipTag {
        OwnershipTag {
            lineage: self.site.lineage.clone(),
            address: request.address.clone(),
            token: request.token.clone(),
        }
    }
}

/// Reads what a stack wants from the inputs of a resource.
fn wanted(inputs: &Attributes) -> Result<Database, ProviderError> {
    let list = |name: &str| match inputs.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => texts(value).ok_or_else(|| malformed(name)),
    };
    let access = match inputs.get("access") {
        None | Some(Value::Null) => BTreeMap::new(),
        Some(value) => levels(value).ok_or_else(|| malformed("access"))?,
    };
    Ok(Database {
        name: text(inputs, "name")?.to_owned(),
        owner: text(inputs, "owner")?.to_owned(),
        extensions: list("extensions")?,
        access,
    })
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value
        .as_list()?
        .iter()
        .map(|value| value.as_str().map(str::to_owned))
        .collect()
}

fn levels(value: &Value) -> Option<BTreeMap<String, Level>> {
    let level = |value: &Value| Level::by_name(value.as_str()?);
    value
        .as_map()?
        .iter()
        .map(|(role, value)| Some((role.clone(), level(value)?)))
        .collect()
}

fn attributes(server: &str, database: &Database) -> Attributes {
    let extensions = database
        .extensions
        .iter()
        .map(|name| Value::string(name.as_str()));
    let access = database
        .access
        .iter()
        .map(|(role, level)| (role.as_str(), Value::string(level.name())));
    [
        ("server", Value::string(server)),
        ("name", Value::string(database.name.as_str())),
        ("owner", Value::string(database.owner.as_str())),
        ("extensions", Value::list(extensions)),
        ("access", Value::map(access)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn outputs(name: &str) -> Attributes {
    Attributes::from([("name".to_owned(), Value::string(name))])
}

#[async_trait]
impl ResourceKind for DatabaseKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let mut servers: BTreeMap<String, Vec<(RecordKey, Database)>> = BTreeMap::new();
        for one in known {
            let (server, _) = parse_identity(&one.id).ok_or_else(|| malformed("id"))?;
            let wanted = wanted(&one.inputs)?;
            servers
                .entry(server.to_owned())
                .or_default()
                .push((one.key.clone(), wanted));
        }
        let looks = servers.iter().map(|(server, sought)| self.look(server, sought));
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn examine(&self, known: &Known) -> Result<Option<Observation>, ProviderError> {
        let (server, _) = parse_identity(&known.id).ok_or_else(|| malformed("id"))?;
        self.look_at_one(server, wanted(&known.inputs)?).await.map(Some)
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        let wanted = wanted(&request.inputs)?;
        match self.look_at_one(text(&request.inputs, "server")?, wanted).await? {
            // Only the engine makes databases that are its own: an earlier call did, and did not get further.
            Observation::Present(mut seen) => {
                if seen.condition == Condition::HalfMade && seen.owner == Owner::Untagged {
                    seen.owner = request.tag.owner(&self.site.lineage);
                }
                Ok(vec![seen])
            }
            Observation::Absent => Ok(Vec::new()),
        }
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let server = text(&request.inputs, "server")?;
        let wanted = wanted(&request.inputs)?;
        let session = tenancy::session(&self.site, server).await?;
        let endpoint = tenancy::endpoint_of(&self.site, server)?;
        let databases = database::list(&session)
            .await
            .map_err(|error| refused(MAKE, &error))?;
        let is_ours = |found: &FoundDatabase| match &found.comment {
            Some(comment) => comment.is_owned_by(&request.tag),
            None => found.is_half_made(),
        };
        if databases.get(&wanted.name).is_some_and(|found| !is_ours(found)) {
            return Err(taken(MAKE, &format!("The database `{}`", wanted.name)));
        }
        let made = database::create(&endpoint, &wanted, &request.tag).await;
        made.map_err(|error| failed(MAKE, &error))?;
        Ok(Applied {
            id: identity(server, &wanted.name),
            outputs: outputs(&wanted.name),
        })
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (server, name) = parse_identity(&request.id).ok_or_else(|| gone(CHANGE, &request.id.0))?;
        let endpoint = wake::require_started(&self.site, server).await?;
        let (wanted, before) = (wanted(&request.inputs)?, wanted(&request.before)?);
        let change = Change {
            wanted: &wanted,
            before: &before,
            tag: &self.tag(request),
        };
        // The change is one transaction: what the server refuses has changed nothing.
        database::change(&endpoint, &change)
            .await
            .map_err(|error| match error.is_unreachable() {
                true => failed(CHANGE, &error),
                false => refused(CHANGE, &error),
            })?;
        Ok(Applied {
            id: request.id.clone(),
            outputs: outputs(name),
        })
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        let Some((server, name)) = parse_identity(&request.id) else {
            return Ok(());
        };
        match wake::started(&self.site, server).await? {
            Some(endpoint) => {
                let removed = database::remove(&endpoint, name).await;
                removed.map_err(|error| failed("remove a PostgreSQL database", &error))
            }
            None => Ok(()),
        }
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        let Some((server, name)) = parse_identity(id) else {
            return Ok(Observation::Absent);
        };
        let wanted = Database {
            name: name.to_owned(),
            owner: String::new(),
            extensions: Vec::new(),
            access: BTreeMap::new(),
        };
        self.look_at_one(server, wanted).await
    }
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let extensions = AttributeSchema {
        equality: Equality::Unordered,
        ..attribute(
            "Its extensions; others that somebody created are left alone",
            OnChange::InPlace,
        )
    };
    let access = "What roles beside the owner may do in it: `read`, `write` or `admin`";
    ResourceSchema {
        resource_type: DATABASE.parse().expect("a well-formed type"),
        summary: "A database of a PostgreSQL server, with its owner, extensions and access".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: named([
            (
                "server",
                attribute("The server that it lives in", OnChange::Replace),
            ),
            ("name", carried("Its name")),
            ("owner", attribute("The role that owns it", OnChange::InPlace)),
            ("extensions", extensions),
            ("access", attribute(access, OnChange::InPlace)),
        ]),
        outputs: BTreeMap::from([("name".to_owned(), output("Its name"))]),
        holds_data: true,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 150,
            update_ms: 40,
            delete_ms: 60,
        },
    }
}
