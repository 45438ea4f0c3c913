//! Stops a pooler and starts it again as it was.

use infra_provider::error::ProviderError;

use super::PoolerKind;
use crate::postgres::kind::failed;
use crate::postgres::marker::Phase;
use crate::postgres::pooler::process::{start, stop};

impl PoolerKind {
    /// Stops a pooler; its clients are let finish what they have begun.
    pub(super) async fn rested(&self, name: &str) -> Result<(), ProviderError> {
        let Some(marker) = self.marker(name)? else {
            return Ok(());
        };
        let endpoint = self.endpoint(name, marker.applied.port)?;
        let stopped = stop(&endpoint, &self.site.folder_of(name), &marker.owner).await;
        stopped.map_err(|error| failed("stop a pooler", &error))
    }

    /// Starts a pooler whose server runs.
    pub(super) async fn woken(&self, name: &str) -> Result<(), ProviderError> {
        let Some(marker) = self.marker(name)?.filter(|marker| marker.phase == Phase::Made) else {
            return Ok(());
        };
        let pooler = self.pooler(name, &marker).await?;
        let started = start(&pooler, &self.site.programs).await;
        started.map_err(|error| failed("start a pooler", &error))?;
        self.finish(name, marker).await.map(drop)
    }
}
