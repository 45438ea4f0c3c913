//! The way to a server: where the instance answers, and the password of its master user at this moment.

use std::time::Duration;

use aws_sdk_rds::types::{DbInstance, Filter};
use infra_model::sealing::Secret;
use infra_model::value::Attributes;
use infra_provider::error::{ErrorKind, ProviderError};
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use super::session::{self, Session};
use super::tls::Authorities;
use crate::failure::rejected;
use crate::kinds::inputs::{optional_text, text};
use crate::kinds::objects::Place;

/// The database that every server has.
pub(super) const BUILT_IN: &str = "postgres";
/// How long a server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is done when a server is looked for.
const CONNECT: &str = "connect to PostgreSQL";

/// How a server is found, and its password.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    /// The name of the instance.
    pub(super) instance: String,
    /// The ARN of the secret with the password of the master user; none where RDS keeps it.
    pub(super) secret: Option<String>,
}

impl Way {
    /// Returns the way to an instance whose password RDS keeps.
    pub(super) fn managed(instance: &str) -> Self {
        Way {
            instance: instance.to_owned(),
            secret: None,
        }
    }

    /// Returns the way that the inputs of a resource tell.
    pub(super) fn of(inputs: &Attributes) -> Result<Self, ProviderError> {
        Ok(Way {
            instance: text(inputs, "instance")?.to_owned(),
            secret: optional_text(inputs, "master_secret").map(str::to_owned),
        })
    }
}

/// A server that answers somewhere.
#[derive(Debug)]
pub(super) struct Server {
    host: String,
    port: u16,
    user: String,
    password: Secret,
}

/// Finds the instance and reads the password; nothing if there is no such instance.
pub(super) async fn find(place: &Place, way: &Way) -> Result<Option<Server>, ProviderError> {
    let Some(instance) = describe(place, &way.instance).await? else {
        return Ok(None);
    };
    let answers_at = instance
        .endpoint()
        .and_then(|endpoint| Some((endpoint.address()?, endpoint.port()?)));
    let Some((host, port)) = answers_at else {
        let status = instance.db_instance_status().unwrap_or("unknown");
        let message = format!("The instance `{}` has no address: it is `{status}`", way.instance);
        return Err(ProviderError::rejected(ErrorKind::Busy, CONNECT, message));
    };
    let managed = instance
        .master_user_secret()
        .and_then(|secret| secret.secret_arn());
    let Some(arn) = way.secret.as_deref().or(managed) else {
        let message = format!(
            "Nobody knows where the password of the instance `{}` is kept",
            way.instance
        );
        let hint = "Let RDS keep it: aws rds modify-db-instance --manage-master-user-password";
        return Err(ProviderError::rejected(ErrorKind::Invalid, CONNECT, message).hint(hint));
    };
    let named = instance.master_username().unwrap_or(BUILT_IN);
    let (user, password) = login(place, arn, named).await?;
    Ok(Some(Server {
        host: host.to_owned(),
        port: u16::try_from(port).unwrap_or(5432),
        user,
        password,
    }))
}

/// Finds a server that must be there.
pub(super) async fn needed(place: &Place, way: &Way) -> Result<Server, ProviderError> {
    find(place, way).await?.ok_or_else(|| {
        let message = format!("There is no instance `{}`", way.instance);
        ProviderError::rejected(ErrorKind::NotFound, CONNECT, message)
    })
}

async fn describe(place: &Place, instance: &str) -> Result<Option<DbInstance>, ProviderError> {
    let filter = Filter::builder().name("db-instance-id").values(instance).build();
    let call = place.clients.rds().describe_db_instances().filters(filter);
    let answer = call
        .send()
        .await
        .map_err(|error| rejected("rds.DescribeDBInstances", error))?;
    let found = answer.db_instances.and_then(|all| all.into_iter().next());
    Ok(found.filter(|instance| instance.db_instance_status() != Some("deleting")))
}

/// Reads user and password. RDS writes both as JSON; a secret of ours may be the password alone.
async fn login(place: &Place, arn: &str, user: &str) -> Result<(String, Secret), ProviderError> {
    let call = place.clients.secrets().get_secret_value().secret_id(arn);
    let answer = call
        .send()
        .await
        .map_err(|error| rejected("secretsmanager.GetSecretValue", error))?;
    let value = answer.secret_string.unwrap_or_default();
    let json: Option<serde_json::Value> = serde_json::from_str(&value).ok();
    let member = |name: &str| json.as_ref()?.get(name)?.as_str().map(str::to_owned);
    Ok((
        member("username").unwrap_or_else(|| user.to_owned()),
        Secret::new(member("password").unwrap_or(value)),
    ))
}

impl Server {
    /// Opens a session in a database, as the master user.
    pub(super) async fn session(&self, place: &Place, database: &str) -> Result<Session, ProviderError> {
        let mut config = Config::new();
        config
            .host(&self.host)
            .port(self.port)
            .user(&self.user)
            .password(self.password.expose())
            .dbname(database)
            .ssl_mode(SslMode::Require)
            .connect_timeout(PATIENCE)
            .application_name("infra");
        let authorities = Authorities {
            file: place.settings.database_ca_file.as_deref(),
            region: &place.clients.region,
        };
        session::open(&config, &authorities).await
    }
}
