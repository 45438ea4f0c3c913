//! The resource kind `local.postgres.seed`: SQL that was brought into a database, once per content.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::{AttributeSchema, OnChange, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::{Condition, Observation, Observed, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::instance::gone;
use super::tenancy::{self, Host};
use super::{attribute, carried, failed, malformed, named, observation, output, refused, text, wake};
use crate::postgres::database;
use crate::postgres::seeding::{self, FoundSeed, Seed, SeedError, Whose};
use crate::postgres::site::PostgresSite;

/// The type of resource.
pub const SEED: &str = "local.postgres.seed";

const MAKE: &str = "bring a seed into a database";
const LOOK: &str = "look at the seeds of a database";

/// Manages what was brought into the databases of an environment's servers.
#[derive(Debug)]
pub struct SeedKind {
    site: Arc<PostgresSite>,
}

/// Where a seed is: no name of a server or database has a slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place<'a> {
    server: &'a str,
    database: &'a str,
    name: &'a str,
}

impl<'a> Place<'a> {
    fn parse(id: &'a ObjectId) -> Option<Self> {
        let (server, rest) = id.0.split_once('/')?;
        let (database, name) = rest.split_once('/')?;
        Some(Place {
            server,
            database,
            name,
        })
    }

    fn of(inputs: &'a Attributes) -> Result<Self, ProviderError> {
        Ok(Place {
            server: text(inputs, "server")?,
            database: text(inputs, "database")?,
            name: text(inputs, "name")?,
        })
    }

    fn id(&self) -> ObjectId {
        ObjectId(format!("{}/{}/{}", self.server, self.database, self.name))
    }
}

impl SeedKind {
    /// Returns the kind for one environment.
    #[must_use]
    pub fn new(site: Arc<PostgresSite>) -> Self {
        SeedKind { site }
    }

    fn observed(&self, place: &Place<'_>, found: &FoundSeed) -> Observed {
        let files = found.files.iter().map(|file| Value::string(file.as_str()));
        let owner = found.tag.as_ref().map(|tag| tag.owner(&self.site.lineage));
        Observed {
            id: place.id(),
            attributes: [
                ("server", Value::string(place.server)),
                ("database", Value::string(place.database)),
                ("name", Value::string(place.name)),
                ("files", Value::list(files)),
                ("content", Value::string(found.content.as_str())),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
            outputs: outputs(place.name),
            condition: Condition::Complete,
            owner: owner.unwrap_or(Owner::Untagged),
        }
    }

    /// Looks at seeds of one server; nothing at all if it does not answer.
    async fn look(
        &self,
        host: &Host,
        places: &[Place<'_>],
    ) -> Result<Option<Vec<Observation>>, ProviderError> {
        let (endpoint, session) = match host {
            Host::Silent => return Ok(None),
            Host::Absent => return Ok(Some(vec![Observation::Absent; places.len()])),
            Host::Answers { endpoint, session } => (endpoint, session),
        };
        let databases = database::list(session).await;
        let databases = databases.map_err(|error| refused(LOOK, &error))?;
        let mut remembered = BTreeMap::new();
        for place in places {
            let is_whole = databases.get(place.database).is_some_and(|found| !found.invalid);
            if is_whole && !remembered.contains_key(place.database) {
                let seeds = seeding::list(endpoint, place.database).await;
                remembered.insert(place.database, seeds.map_err(|error| refused(LOOK, &error))?);
            }
        }
        let look = |place: &Place<'_>| {
            let found = remembered
                .get(place.database)
                .and_then(|seeds| seeds.get(place.name));
            observation(found.map(|found| self.observed(place, found)))
        };
        Ok(Some(places.iter().map(look).collect()))
    }

    /// Looks at one seed; its server is started if it does not run.
    async fn look_at_one(&self, place: Place<'_>) -> Result<Observation, ProviderError> {
        let host = tenancy::awake(&self.site, place.server).await?;
        let seen = self.look(&host, &[place]).await?;
        Ok(seen
            .and_then(|mut seen| seen.pop())
            .unwrap_or(Observation::Absent))
    }

    async fn bring(
        &self,
        place: &Place<'_>,
        inputs: &Attributes,
        tag: &OwnershipTag,
        whose: Whose,
    ) -> Result<Applied, ProviderError> {
        let endpoint = wake::require_started(&self.site, place.server).await?;
        let applied = seeding::apply(&endpoint, place.database, &wanted(inputs)?, tag, whose).await;
        applied.map_err(|error| match &error {
            SeedError::Connection(cause) if cause.is_unreachable() => failed(MAKE, &error),
            SeedError::Escaped { .. } => failed(MAKE, &error),
            _ => refused(MAKE, &error),
        })?;
        Ok(Applied {
            id: place.id(),
            outputs: outputs(place.name),
        })
    }
}

/// Reads what a stack wants from the inputs of a resource.
fn wanted(inputs: &Attributes) -> Result<Seed, ProviderError> {
    let paths = inputs.get("files").and_then(Value::as_list);
    let texts = inputs.get("sql").and_then(Value::as_map);
    let (Some(paths), Some(texts)) = (paths, texts) else {
        return Err(malformed("files"));
    };
    let file = |path: &Value| {
        let path = path.as_str()?;
        Some((path.to_owned(), texts.get(path)?.as_str()?.to_owned()))
    };
    Ok(Seed {
        name: text(inputs, "name")?.to_owned(),
        role: text(inputs, "role")?.to_owned(),
        files: paths
            .iter()
            .map(|path| file(path).ok_or_else(|| malformed("sql")))
            .collect::<Result<_, _>>()?,
        content: text(inputs, "content")?.to_owned(),
    })
}

fn outputs(name: &str) -> Attributes {
    Attributes::from([("name".to_owned(), Value::string(name))])
}

#[async_trait]
impl ResourceKind for SeedKind {
    fn schema(&self) -> ResourceSchema {
        schema()
    }

    fn leaves(&self) -> Option<&'static str> {
        Some("what it brought in stays as long as the database does; only the record that it has run goes")
    }

    fn is_made_up(&self) -> bool {
        true
    }

    async fn observe(&self, known: &[Known]) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
        let mut servers: BTreeMap<&str, (Vec<RecordKey>, Vec<Place<'_>>)> = BTreeMap::new();
        for one in known {
            let place = Place::parse(&one.id).ok_or_else(|| malformed("id"))?;
            let (keys, places) = servers.entry(place.server).or_default();
            keys.push(one.key.clone());
            places.push(place);
        }
        let looks = servers.into_iter().map(|(server, (keys, places))| async move {
            let host = tenancy::host(&self.site, server).await?;
            let seen = self.look(&host, &places).await?.unwrap_or_default();
            Ok::<_, ProviderError>(keys.into_iter().zip(seen).collect::<Vec<_>>())
        });
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn examine(&self, known: &Known) -> Result<Option<Observation>, ProviderError> {
        let place = Place::parse(&known.id).ok_or_else(|| malformed("id"))?;
        self.look_at_one(place).await.map(Some)
    }

    async fn find(&self, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
        match self.look_at_one(Place::of(&request.inputs)?).await? {
            Observation::Present(observed) => Ok(vec![observed]),
            Observation::Absent => Ok(Vec::new()),
        }
    }

    async fn create(&self, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let place = Place::of(&request.inputs)?;
        self.bring(&place, &request.inputs, &request.tag, Whose::TheSame)
            .await
    }

    async fn update(&self, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let place = Place::parse(&request.id).ok_or_else(|| gone(MAKE, &request.id.0))?;
        let tag = OwnershipTag {
            lineage: self.site.lineage.clone(),
            address: request.address.clone(),
            token: request.token.clone(),
        };
        self.bring(&place, &request.inputs, &tag, Whose::OfThisState)
            .await
    }

    async fn delete(&self, request: &DeleteRequest) -> Result<(), ProviderError> {
        const FORGET: &str = "forget a seed";
        let Some(place) = Place::parse(&request.id) else {
            return Ok(());
        };
        let host = tenancy::awake(&self.site, place.server).await?;
        let Host::Answers { endpoint, session } = &host else {
            return Ok(());
        };
        let databases = database::list(session).await;
        let databases = databases.map_err(|error| refused(FORGET, &error))?;
        if databases.get(place.database).is_none_or(|found| found.invalid) {
            return Ok(());
        }
        let forgotten = seeding::forget(endpoint, place.database, place.name).await;
        forgotten.map_err(|error| failed(FORGET, &error))
    }

    async fn read(&self, id: &ObjectId) -> Result<Observation, ProviderError> {
        match Place::parse(id) {
            Some(place) => self.look_at_one(place).await,
            None => Ok(Observation::Absent),
        }
    }
}

/// Returns what the planner must know of the type.
#[must_use]
pub fn schema() -> ResourceSchema {
    let unseen = |summary: &str| AttributeSchema {
        observed: false,
        ..attribute(summary, OnChange::InPlace)
    };
    let content = "The digest of its texts; when it differs from what has run, they run again";
    ResourceSchema {
        resource_type: SEED.parse().expect("a well-formed type"),
        summary: "SQL that was brought into a PostgreSQL database, once per content".to_owned(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: named([
            ("server", attribute("The server", OnChange::Replace)),
            (
                "database",
                attribute("The database that it is brought into", OnChange::Replace),
            ),
            ("name", carried("Its name")),
            ("role", unseen("The role in whose name it runs")),
            (
                "files",
                attribute("The paths of its files, in order", OnChange::InPlace),
            ),
            ("content", attribute(content, OnChange::InPlace)),
            (
                "sql",
                unseen("The texts of its files, by path; in clear in the state and its history"),
            ),
        ]),
        outputs: BTreeMap::from([("name".to_owned(), output("Its name"))]),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 30,
            update_ms: 30,
            delete_ms: 10,
        },
    }
}
