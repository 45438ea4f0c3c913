//! Stops a server or a replica and starts it again as it was.

use infra_provider::error::ProviderError;

use super::installed::{Installed, node, upstream};
use crate::postgres::kind::failed;
use crate::postgres::marker::{self, Phase};
use crate::redis::access;
use crate::redis::kind::inputs::settings_of;
use crate::redis::kind::marked::read;
use crate::redis::node::NodeError;
use crate::redis::node::start::start as start_node;
use crate::redis::node::stop::stop as stop_node;
use crate::redis::replication::follow;
use crate::redis::settings;
use crate::redis::site::RedisSite;

const STOP: &str = "stop a Redis server";
const START: &str = "start a Redis server";

/// Stops a server, which writes what it keeps.
pub(super) async fn stop(site: &RedisSite, name: &str) -> Result<(), ProviderError> {
    if read::<Installed>(site, name)?.is_none() {
        return Ok(());
    }
    let stopped = stop_node(&site.folder_of(name)).await;
    stopped.map_err(|error| failed(STOP, &error))
}

/// Starts a server with the users that its files hold; a replica has everything again when this returns.
pub(super) async fn start(site: &RedisSite, name: &str) -> Result<(), ProviderError> {
    let Some(mut marker) = read::<Installed>(site, name)?.filter(|marker| marker.phase == Phase::Made) else {
        return Ok(());
    };
    let node = node(site, name, &marker).await?;
    let upstream = upstream(site, &marker.applied)?;
    let wanted = settings_of(&marker.applied.inputs)?;
    let begun = async {
        let session = start_node(&node, &site.programs).await?;
        if let Some(upstream) = &upstream {
            follow(&session, upstream).await?;
        }
        settings::set(&session, &node.configuration.files, &wanted).await?;
        // It tells users that it read from a file in other words than those that were set while it ran.
        Ok::<_, NodeError>(access::seen(&session).await?)
    };
    let users = begun.await.map_err(|error| failed(START, &error))?;
    marker.applied.users = Some(users);
    let written = marker::write(&site.folder_of(name), &marker);
    written.map_err(|error| failed(START, &error))
}
