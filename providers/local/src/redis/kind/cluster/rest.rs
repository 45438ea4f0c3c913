//! Stops a cluster and starts it again as it was: all nodes side by side, which know each other from before.

use futures::future::try_join_all;
use infra_provider::error::ProviderError;

use super::installed::{self, Installed, NodeRequest, files, node, shape};
use crate::postgres::kind::failed;
use crate::postgres::marker::{self, Phase};
use crate::redis::access::{self, ENGINE_USER};
use crate::redis::cluster::Sessions;
use crate::redis::cluster::converge::at_rest;
use crate::redis::kind::inputs::settings_of;
use crate::redis::kind::marked::read;
use crate::redis::node::NodeError;
use crate::redis::node::start::start as start_node;
use crate::redis::node::stop::stop as stop_node;
use crate::redis::session::Session;
use crate::redis::settings;
use crate::redis::site::RedisSite;

const STOP: &str = "stop a Redis cluster";
const START: &str = "start a Redis cluster";

/// Stops all nodes, which write what they keep.
pub(super) async fn stop(site: &RedisSite, name: &str) -> Result<(), ProviderError> {
    let marker = read::<Installed>(site, name)?;
    let numbers = marker.map(|marker| marker.applied.numbers()).unwrap_or_default();
    let ends = numbers
        .into_iter()
        .map(|number| async move { stop_node(&installed::folder(site, name, number)).await });
    let stopped = try_join_all(ends).await;
    stopped.map(drop).map_err(|error| failed(STOP, &error))
}

/// Starts all nodes and waits until they agree.
pub(super) async fn start(site: &RedisSite, name: &str) -> Result<(), ProviderError> {
    let Some(mut marker) = read::<Installed>(site, name)?.filter(|marker| marker.phase == Phase::Made) else {
        return Ok(());
    };
    site.make_run_directory().map_err(|error| failed(START, &error))?;
    let engine = access::ensure(&site.folder_of(name), &*site.sealing);
    let engine = engine.map_err(|error| failed(START, &error))?;
    let requests = marker.applied.places.keys().map(|number| NodeRequest {
        cluster: name,
        number: *number,
        installed: &marker.applied,
        owner: &marker.owner,
        engine: &engine,
    });
    let started = try_join_all(requests.map(|request| started(site, request))).await?;
    let sessions: Sessions = started.into_iter().collect();
    let rested = at_rest(&sessions, shape(&marker.applied.inputs)?).await;
    rested.map_err(|error| failed(START, &error))?;
    if let Some(session) = sessions.values().next() {
        let seen = access::seen(session).await;
        marker.applied.users = Some(seen.map_err(|error| failed(START, &error))?);
    }
    let written = marker::write(&site.folder_of(name), &marker);
    written.map_err(|error| failed(START, &error))
}

/// Starts a node. The password with which it follows another one is in no file.
async fn started(site: &RedisSite, request: NodeRequest<'_>) -> Result<(u32, Session), ProviderError> {
    let node = node(site, &request).await?;
    let files = files(site, request.cluster, request.number)?;
    let wanted = settings_of(&request.installed.inputs)?;
    let password = request.engine.expose();
    let begun = async {
        let session = start_node(&node, &site.programs).await?;
        let login = ["CONFIG", "SET", "masteruser", ENGINE_USER, "masterauth", password];
        session.run("take the login of replicas", &login).await?;
        settings::set(&session, &files, &wanted).await?;
        Ok::<_, NodeError>(session)
    };
    let session = begun.await.map_err(|error| failed(START, &error))?;
    Ok((request.number, session))
}
