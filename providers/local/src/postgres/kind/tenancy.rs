//! What the kinds share of objects that live inside a server: their identity, and the way to ask for them.

use std::collections::BTreeMap;

use infra_model::record::{ObjectId, RecordKey};
use infra_provider::error::ProviderError;
use infra_provider::request::Known;

use super::instance::{self, State, endpoint, state};
use super::{refused, wake};
use crate::postgres::connection::{Endpoint, Session};
use crate::postgres::installed;
use crate::postgres::marker::Phase;
use crate::postgres::server;
use crate::postgres::site::PostgresSite;

/// The server that an object lives in.
#[derive(Debug)]
pub enum Host {
    /// It or its data does not exist, and so nothing in it does.
    Absent,
    /// It exists but does not answer: nobody knows what is in it.
    Silent,
    /// It answers.
    Answers {
        /// Where.
        endpoint: Endpoint,
        /// A session in its own database.
        session: Session,
    },
}

/// Looks at the server that objects live in.
///
/// # Errors
/// When something foreign is in its place.
pub async fn host(site: &PostgresSite, name: &str) -> Result<Host, ProviderError> {
    let found = installed::read(site, name);
    let found = found.map_err(|error| refused("look at a PostgreSQL server", &error))?;
    // In one that is half made or half removed nothing lives.
    let Some(marker) = found.filter(|marker| marker.phase == Phase::Made) else {
        return Ok(Host::Absent);
    };
    match state(site, &marker).await? {
        lost if lost.has_lost_data() => Ok(Host::Absent),
        State::Answers(session) => Ok(Host::Answers {
            endpoint: endpoint(site, &marker)?,
            session,
        }),
        _ => Ok(Host::Silent),
    }
}

/// Looks at the server that objects live in, started if it does not run.
///
/// # Errors
/// When it does not start, or something foreign is in its place.
pub async fn awake(site: &PostgresSite, name: &str) -> Result<Host, ProviderError> {
    match wake::started(site, name).await? {
        None => Ok(Host::Absent),
        Some(endpoint) => {
            let session = connected(&endpoint).await?;
            Ok(Host::Answers { endpoint, session })
        }
    }
}

/// Connects to a server to change something in it; it is started if it does not run.
///
/// # Errors
/// When it does not start or answer; the call may be made again.
pub async fn session(site: &PostgresSite, name: &str) -> Result<Session, ProviderError> {
    connected(&wake::require_started(site, name).await?).await
}

async fn connected(endpoint: &Endpoint) -> Result<Session, ProviderError> {
    let session = server::session(endpoint, "postgres").await;
    session.map_err(|error| refused("connect to a PostgreSQL server", &error))
}

/// Returns where a server answers that must be there.
///
/// # Errors
/// When it is not.
pub fn endpoint_of(site: &PostgresSite, name: &str) -> Result<Endpoint, ProviderError> {
    let marker = installed::require(site, name);
    instance::endpoint(
        site,
        &marker.map_err(|error| refused("connect to a PostgreSQL server", &error))?,
    )
}

/// Returns the identity of an object that lives in a server.
#[must_use]
pub fn identity(server: &str, name: &str) -> ObjectId {
    ObjectId(format!("{server}/{name}"))
}

/// Returns the server and the name in an identity; server names have no slash.
#[must_use]
pub fn parse_identity(id: &ObjectId) -> Option<(&str, &str)> {
    id.0.split_once('/')
}

/// Returns what is known of each server, by the names of what lives in it.
#[must_use]
pub fn servers(known: &[Known]) -> BTreeMap<String, Vec<(RecordKey, String)>> {
    let mut servers: BTreeMap<String, Vec<(RecordKey, String)>> = BTreeMap::new();
    for one in known {
        let (server, name) = parse_identity(&one.id).unwrap_or(("", &one.id.0));
        servers
            .entry(server.to_owned())
            .or_default()
            .push((one.key.clone(), name.to_owned()));
    }
    servers
}
