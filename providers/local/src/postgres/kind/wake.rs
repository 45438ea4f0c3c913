//! Starts a stopped server for those who must know or change what lives in it: an observation does without, but a
//! deletion, or a call whose answer was lost, cannot be told from outside.

use infra_provider::error::ProviderError;

use super::instance::{State, endpoint, gone, state};
use super::{failed, refused};
use crate::postgres::connection::Endpoint;
use crate::postgres::database;
use crate::postgres::installed::{self, Installed, InstalledError};
use crate::postgres::marker::{self, Marker, Phase};
use crate::postgres::server::start::start;
use crate::postgres::server::stop::stop;
use crate::postgres::server::{Server, ServerError};
use crate::postgres::site::PostgresSite;
use crate::postgres::tools::Tools;

const OPERATION: &str = "start a PostgreSQL server";

/// Returns where a server answers that others live in, started if it does not run; nothing when it does not exist, or
/// when its data is gone and with it all that lived there.
///
/// # Errors
/// When it exists and does not start.
pub async fn started(site: &PostgresSite, name: &str) -> Result<Option<Endpoint>, ProviderError> {
    let marker = installed::read(site, name).map_err(|error| refused(OPERATION, &error))?;
    let Some(marker) = marker.filter(|marker| marker.phase == Phase::Made) else {
        return Ok(None);
    };
    let _alone = site.waking.lock().await;
    match state(site, &marker).await? {
        // At its socket it answers also where its segment is gone.
        State::Answers(_) | State::CutOff => {}
        lost if lost.has_lost_data() => return Ok(None),
        _ => wake(site, &marker).await?,
    }
    endpoint(site, &marker).map(Some)
}

/// Returns where a server answers that must be there, started if it does not run.
///
/// # Errors
/// When it does not exist, or does not start.
pub async fn require_started(site: &PostgresSite, name: &str) -> Result<Endpoint, ProviderError> {
    let found = started(site, name).await?;
    found.ok_or_else(|| gone(OPERATION, name))
}

async fn wake(site: &PostgresSite, marker: &Marker<Installed>) -> Result<(), ProviderError> {
    let tools = site
        .tools(marker.applied.major)
        .await
        .map_err(|error| refused(OPERATION, &error))?;
    let server = match installed::server(site, marker, &tools).await {
        // After the machine was started anew its segment is not there until an apply has made it.
        Err(InstalledError::Network(_)) => installed::withdrawn(site, marker, &tools),
        server => server,
    };
    let server = server.map_err(|error| refused(OPERATION, &error))?;
    match start_anew(&server, &tools).await {
        Err(ServerError::BusyPort { .. }) => {
            let withdrawn = installed::withdrawn(site, marker, &tools);
            let withdrawn = withdrawn.map_err(|error| refused(OPERATION, &error))?;
            start_anew(&withdrawn, &tools).await
        }
        started => started,
    }
    .map_err(|error| failed(OPERATION, &error))?;
    // Says also that its files name the folder in which it is.
    let written = marker::write(&server.configuration.files.folder, marker);
    written.map_err(|error| failed(OPERATION, &error))
}

/// One that runs and does not answer is ended first. What a removal of the server's own database left is completed,
/// without which nobody can ask it anything.
async fn start_anew(server: &Server, tools: &Tools) -> Result<(), ServerError> {
    stop(&server.configuration.files, &server.owner).await?;
    start(server, tools).await?;
    Ok(database::ensure_built_in(&server.endpoint()).await?)
}
