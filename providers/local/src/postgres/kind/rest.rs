//! Stops servers and starts them again as they were, for an environment that rests.

use infra_provider::error::ProviderError;

use super::instance::{State, state};
use super::{failed, refused};
use crate::postgres::installed::{self, Wanted};
use crate::postgres::marker::{self, Phase};
use crate::postgres::replica;
use crate::postgres::server::start::start as start_server;
use crate::postgres::server::stop::stop as stop_server;
use crate::postgres::site::PostgresSite;

const STOP: &str = "stop a PostgreSQL server";
const START: &str = "start a PostgreSQL server";

/// Stops a server, primary or replica, after it has written out what it holds.
///
/// # Errors
/// When it does not end.
pub async fn stop(site: &PostgresSite, name: &str) -> Result<(), ProviderError> {
    let Some(marker) = installed::read(site, name).map_err(|error| refused(STOP, &error))? else {
        return Ok(());
    };
    let wanted = Wanted::read(&marker.applied.inputs).map_err(|error| refused(STOP, &error))?;
    let files = installed::files(site, name, wanted.primary.as_deref());
    let files = files.map_err(|error| refused(STOP, &error))?;
    let stopped = stop_server(&files, &marker.owner).await;
    stopped.map_err(|error| failed(STOP, &error))
}

/// Starts a server, primary or replica; a replica also follows. One that is half made is left to an apply.
///
/// # Errors
/// When it does not start.
pub async fn start(site: &PostgresSite, name: &str) -> Result<(), ProviderError> {
    let found = installed::read(site, name).map_err(|error| refused(START, &error))?;
    let Some(marker) = found.filter(|marker| marker.phase == Phase::Made) else {
        return Ok(());
    };
    if matches!(state(site, &marker).await?, State::Answers(_)) {
        return Ok(());
    }
    let tools = site.tools(marker.applied.major).await;
    let tools = tools.map_err(|error| refused(START, &error))?;
    let server = installed::server(site, &marker, &tools).await;
    let server = server.map_err(|error| refused(START, &error))?;
    // What runs and does not answer, or runs in a segment that is gone, would be taken for the server.
    let stopped = stop_server(&server.configuration.files, &server.owner).await;
    stopped.map_err(|error| failed(START, &error))?;
    match server.configuration.upstream {
        Some(_) => {
            let followed = replica::repair(&server, &tools).await;
            followed.map_err(|error| failed(START, &error))?;
        }
        None => drop(
            start_server(&server, &tools)
                .await
                .map_err(|error| failed(START, &error))?,
        ),
    }
    let written = marker::write(&server.configuration.files.folder, &marker);
    written.map_err(|error| failed(START, &error))
}
