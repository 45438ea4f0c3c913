//! Stops a server of blobs and starts it again as it was.

use infra_provider::error::ProviderError;

use super::StoreKind;
use crate::blob::error::BlobError;
use crate::blob::process::{start, stop};
use crate::postgres::kind::{failed, refused};
use crate::postgres::marker::Phase;

const START: &str = "start a store of blobs";

impl StoreKind {
    /// Stops a server; what it acknowledged is on disk.
    pub(super) async fn rested(&self, name: &str) -> Result<(), ProviderError> {
        let Some(marker) = self.marker(name)? else {
            return Ok(());
        };
        let stopped = stop(&self.site, &self.site.folder_of(name), &marker.owner).await;
        stopped.map_err(|error| failed("stop a store of blobs", &error))
    }

    /// Starts a server with the keys that lie sealed beside its data.
    pub(super) async fn woken(&self, name: &str) -> Result<(), ProviderError> {
        let Some(marker) = self.marker(name)?.filter(|marker| marker.phase == Phase::Made) else {
            return Ok(());
        };
        let inputs = self.site.opened(&marker.applied.inputs);
        let inputs = inputs.map_err(|error| refused(START, &error))?;
        let started = async {
            let server = self.server(name, &marker, &inputs).await?;
            start(&self.site, &server).await
        };
        started.await.map_err(|error: BlobError| failed(START, &error))?;
        self.finish(name, marker).map(drop)
    }
}
