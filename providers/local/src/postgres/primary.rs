//! Makes the data of a primary and the identities that the engine, replicas and the pooler use in it.

use std::path::Path;

use infra_provider::sql::{identifier, literal};
use thiserror::Error;

use super::configuration::{POOLER_ROLE, REPLICATION_ROLE};
use super::connection::Endpoint;
use super::data_directory;
use super::pooler::lookup;
use super::server::start::start;
use super::server::stop::stop;
use super::server::{self, Server, ServerError};
use super::template::{self, TemplateError};
use super::tools::Tools;
use crate::host::disk::DiskError;
use crate::host::folder;

/// Why a primary cannot be made.
#[derive(Debug, Error)]
pub enum PrimaryError {
    /// There is no template to copy.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The server did not do what it should.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// Makes a primary's data anew and starts it.
///
/// Only for a server whose creation has not finished: what an earlier attempt left of its data and its archived log is removed.
/// A replica that replayed another attempt's log could never follow.
///
/// # Errors
/// [`PrimaryError`]; the same call may be repeated.
pub async fn create(server: &Server, templates: &Path, tools: &Tools) -> Result<(), PrimaryError> {
    let files = &server.configuration.files;
    let template = template::ensure(templates, tools).await?;
    stop(files, &server.owner).await?;
    let (data, archive, cluster) = (files.data(), files.archive.clone(), server.cluster.clone());
    blocking(move || {
        folder::remove_tree(&archive)?;
        folder::remove_tree(&data)?;
        data_directory::copy(&template, &data)?;
        data_directory::mark(&data, &cluster)
    })
    .await
    .map_err(ServerError::from)?;
    // The disk is told to keep the copy while the server starts; neither waits for the other.
    let data = files.data();
    let (synced, started) = tokio::join!(
        blocking(move || data_directory::sync(&data)),
        begin(server, tools)
    );
    synced.map_err(ServerError::from)?;
    Ok(started?)
}

async fn begin(server: &Server, tools: &Tools) -> Result<(), ServerError> {
    start(server, tools).await?;
    ensure_system_roles(&server.endpoint()).await
}

/// Makes the roles of replicas and poolers, which have no password and are admitted at the unix socket alone, and what
/// a pooler needs to look up the passwords of others.
///
/// # Errors
/// [`ServerError::Connection`] when the server cannot be asked.
pub async fn ensure_system_roles(primary: &Endpoint) -> Result<(), ServerError> {
    let session = server::session(primary, "postgres").await?;
    let role = |name: &str, options: &str| {
        format!(
            "if not exists (select from pg_roles where rolname = {}) then create role {} {options}; end if;",
            literal(name),
            identifier(name),
        )
    };
    let statements = format!(
        "do $$ begin {} {} end $$",
        role(REPLICATION_ROLE, "login replication"),
        role(POOLER_ROLE, "login"),
    );
    session.run("make its system roles", &statements).await?;
    Ok(lookup::ensure_in(&session).await?)
}

/// Runs work on files where it keeps no other task waiting.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DiskError> + Send + 'static,
) -> Result<T, DiskError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
