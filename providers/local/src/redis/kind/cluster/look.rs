//! How a cluster does: each node by itself, and all together.

use std::time::Duration;

use futures::future::try_join_all;
use infra_model::sealing::Secret;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use super::LOOK;
use super::installed::{Installed, files, folder, part, shape};
use crate::postgres::kind::refused;
use crate::redis::access;
use crate::redis::cluster::Sessions;
use crate::redis::cluster::topology::{self, Topology};
use crate::redis::kind::RUNNING;
use crate::redis::kind::certified::{self, wants_tls};
use crate::redis::kind::inputs::seen;
use crate::redis::kind::marked::Installed as _;
use crate::redis::node::state::{Look, State, state};
use crate::redis::session::Endpoint;
use crate::redis::site::RedisSite;
use crate::redis::tls::Wanted;

/// How often a cluster that seems not to be at rest is asked again.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long it may take to come to rest by itself: news travels by gossip.
const RESTS_WITHIN: Duration = Duration::from_secs(2);

/// Returns the attributes of a cluster as they are.
pub(super) async fn attributes(
    site: &RedisSite,
    name: &str,
    installed: &Installed,
) -> Result<Attributes, ProviderError> {
    let password = access::password(&site.folder_of(name), &*site.sealing);
    let password = password.map_err(|error| refused(LOOK, &error))?;
    let states = states(site, name, installed, &password).await?;
    let mut status = states
        .iter()
        .filter(|(_, state)| !matches!(state, State::Answers(_)))
        .map(|(number, state)| format!("node {number} {}", state.status()))
        .collect::<Vec<_>>()
        .join(", ");
    let mut attributes = Attributes::new();
    let sessions = answering(states);
    if status.is_empty() {
        let topology = at_rest(&sessions, installed).await?;
        let wanted = shape(&installed.inputs)?;
        let fault = topology::fault(&topology, wanted.shards, wanted.replicas);
        status = fault.unwrap_or_else(|| RUNNING.to_owned());
        if !installed.leaving.is_empty() {
            "nodes are left that should have gone".clone_into(&mut status);
        }
        let shards = topology.values().filter(|seen| !seen.slots.is_empty()).count();
        let shards = i64::try_from(shards).unwrap_or(i64::MAX);
        attributes.insert("shards".to_owned(), Value::from(shards));
    }
    attributes.insert("status".to_owned(), Value::String(status));
    for (number, session) in &sessions {
        let found = seen(session, installed.users.as_deref()).await;
        let mut found = found.map_err(|error| refused(LOOK, &error))?;
        if wants_tls(&installed.inputs)
            && let Some(place) = installed.places.get(number)
        {
            let part = part(site, (name, *number), place.host);
            found.extend(certified::seen(site, session, &part).await?);
        }
        for (name, value) in found {
            // One node that differs is enough.
            if installed.inputs.get(&name) != Some(&value) {
                attributes.insert(name, value);
            }
        }
    }
    Ok(attributes)
}

/// Looks until nothing is wrong, or it is not by itself that it will become right.
async fn at_rest(sessions: &Sessions, installed: &Installed) -> Result<Topology, ProviderError> {
    let wanted = shape(&installed.inputs)?;
    let deadline = tokio::time::Instant::now() + RESTS_WITHIN;
    let mut pace = tokio::time::interval(LOOK_EVERY);
    loop {
        pace.tick().await;
        let topology = topology::look(sessions).await;
        let topology = topology.map_err(|error| refused(LOOK, &error))?;
        let fault = topology::fault(&topology, wanted.shards, wanted.replicas);
        if fault.is_none() || tokio::time::Instant::now() > deadline {
            return Ok(topology);
        }
    }
}

/// Returns how each node does.
pub(super) async fn states(
    site: &RedisSite,
    name: &str,
    installed: &Installed,
    password: &Secret,
) -> Result<Vec<(u32, State)>, ProviderError> {
    let home = site.folder_of(name);
    let looks = installed.places.iter().map(|(number, place)| {
        let home = &home;
        async move {
            let endpoint = Endpoint {
                socket: files(site, name, *number)?.socket(),
                password: password.clone(),
            };
            let look = Look {
                folder: &folder(site, name, *number),
                home,
                endpoint: &endpoint,
                network: &site.network,
                segment: installed.segment(),
                wanted: Wanted {
                    port: place.port,
                    tls: wants_tls(&installed.inputs),
                },
            };
            let state = state(&look).await.map_err(|error| refused(LOOK, &error))?;
            Ok((*number, state))
        }
    });
    try_join_all(looks).await
}

/// Returns the sessions of the nodes that answer.
pub(super) fn answering(states: Vec<(u32, State)>) -> Sessions {
    let session = |(number, state)| match state {
        State::Answers(session) => Some((number, session)),
        _ => None,
    };
    states.into_iter().filter_map(session).collect()
}
