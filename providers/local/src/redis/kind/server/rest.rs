//! Stops a server and starts it again as it was.

use infra_provider::error::ProviderError;

use super::{ServerKind, settings_of};
use crate::postgres::kind::failed;
use crate::postgres::marker::{self, Phase};
use crate::redis::access;
use crate::redis::node::start::start;
use crate::redis::node::stop::stop;
use crate::redis::settings;

const START: &str = "start a Redis server";

impl ServerKind {
    /// Stops a server, which writes what it keeps.
    pub(super) async fn rested(&self, name: &str) -> Result<(), ProviderError> {
        if self.marker(name)?.is_none() {
            return Ok(());
        }
        let stopped = stop(&self.site.folder_of(name)).await;
        stopped.map_err(|error| failed("stop a Redis server", &error))
    }

    /// Starts a server with the users that its files hold.
    pub(super) async fn woken(&self, name: &str) -> Result<(), ProviderError> {
        let Some(mut marker) = self.marker(name)?.filter(|marker| marker.phase == Phase::Made) else {
            return Ok(());
        };
        let node = self.node(name, &marker).await?;
        let started = start(&node, &self.site.programs).await;
        let session = started.map_err(|error| failed(START, &error))?;
        let files = &node.configuration.files;
        let set = settings::set(&session, files, &settings_of(&marker.applied.inputs)?).await;
        set.map_err(|error| failed(START, &error))?;
        // It tells users that it read from a file in other words than those that were set while it ran.
        let seen = access::seen(&session).await;
        marker.applied.users = Some(seen.map_err(|error| failed(START, &error))?);
        let written = marker::write(&self.site.folder_of(name), &marker);
        written.map_err(|error| failed(START, &error))
    }
}
