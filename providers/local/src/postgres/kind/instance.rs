//! What the kinds share of one server: how it does, where it answers, and how it goes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::ownership::OwnershipTag;

use super::{MOVED, RUNNING, failed, refused};
use crate::host::process;
use crate::network::segment::holds;
use crate::postgres::configuration::{ENGINE_ROLE, ServerFiles};
use crate::postgres::connection::{ConnectRequest, ConnectionError, Endpoint, Session, connect};
use crate::postgres::data_directory::{self, DataDirectoryError};
use crate::postgres::installed::{self, Installed, InstalledError, Wanted};
use crate::postgres::listening::leave;
use crate::postgres::marker::{self, Marker, MarkerError, Phase};
use crate::postgres::parameter;
use crate::postgres::primary::blocking;
use crate::postgres::server::stop::{abandon, find_running};
use crate::postgres::site::PostgresSite;
use crate::postgres::url::encoded_path;

/// How long a server may take to answer when it is only looked at; a healthy one needs a few milliseconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// How often it is asked until then: it may just be starting, or ending.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a server does.
#[derive(Debug)]
pub enum State {
    /// It answers.
    Answers(Session),
    /// Its process is gone.
    Stopped,
    /// Its process runs, but in a network that is not its segment's any more.
    CutOff,
    /// Its process runs, but its folder was moved away under it, and its files name the old one.
    Moved,
    /// Its process runs but does not answer.
    Unresponsive,
    /// Its data directory is not usable.
    Unusable(DataDirectoryError),
}

impl State {
    /// Returns what `status` says of it.
    #[must_use]
    pub fn status(&self) -> String {
        match self {
            Self::Answers(_) => RUNNING.to_owned(),
            Self::Stopped => "stopped".to_owned(),
            Self::CutOff => "cut off from its segment".to_owned(),
            Self::Moved => MOVED.to_owned(),
            Self::Unresponsive => "unresponsive".to_owned(),
            Self::Unusable(fault) => format!("unusable: {fault}"),
        }
    }

    /// Says whether the data is gone, so that nothing that lived in it exists any more.
    #[must_use]
    pub fn has_lost_data(&self) -> bool {
        matches!(self, Self::Unusable(DataDirectoryError::Damaged { .. }))
    }
}

/// Looks how a server does.
///
/// # Errors
/// When its processes or its segment cannot be looked at.
pub async fn state(site: &PostgresSite, marker: &Marker<Installed>) -> Result<State, ProviderError> {
    let operation = "look at a PostgreSQL server";
    let wanted = Wanted::read(&marker.applied.inputs).map_err(|error| refused(operation, &error))?;
    let files = installed::files(site, &wanted.name, wanted.primary.as_deref());
    let files = files.map_err(|error| refused(operation, &error))?;
    let running = find_running(&files, Some(&marker.owner)).map_err(|error| refused(operation, &error))?;
    let Some(running) = running else {
        return Ok(stopped(&files, marker));
    };
    if let Some(segment) = &wanted.segment
        && !holds(&site.network, segment, running.pid).map_err(|error| refused(operation, &error))?
    {
        return Ok(State::CutOff);
    }
    if marker::has_moved(&files.folder).map_err(|error| refused(operation, &error))? {
        return Ok(State::Moved);
    }
    let endpoint = endpoint(site, marker)?;
    let answer = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            if let Ok(session) = ask(&endpoint).await {
                return Ok(State::Answers(session));
            }
            // A process that was killed is there for some moments more.
            if !process::is_alive(&running).map_err(|error| refused(operation, &error))? {
                return Ok(stopped(&files, marker));
            }
        }
    };
    tokio::time::timeout(ANSWER_WITHIN, answer)
        .await
        .unwrap_or(Ok(State::Unresponsive))
}

async fn ask(endpoint: &Endpoint) -> Result<Session, ConnectionError> {
    connect(ConnectRequest {
        endpoint,
        database: "postgres",
        role: ENGINE_ROLE,
        within: ANSWER_WITHIN,
    })
    .await
}

fn stopped(files: &ServerFiles, marker: &Marker<Installed>) -> State {
    let checked = data_directory::check(&files.data(), &marker.applied.cluster, marker.applied.major);
    checked.err().map_or(State::Stopped, State::Unusable)
}

/// Returns where a server answers.
///
/// # Errors
/// When no directory is short enough for its socket.
pub fn endpoint(site: &PostgresSite, marker: &Marker<Installed>) -> Result<Endpoint, ProviderError> {
    let operation = "find the socket of a PostgreSQL server";
    let wanted = Wanted::read(&marker.applied.inputs).map_err(|error| refused(operation, &error))?;
    let sockets = site
        .sockets(&wanted.name)
        .map_err(|error| refused(operation, &error))?;
    Ok(Endpoint {
        sockets,
        port: marker.applied.port,
    })
}

/// Returns the outputs of a server.
///
/// # Errors
/// When no directory is short enough for its socket.
pub fn outputs(site: &PostgresSite, marker: &Marker<Installed>) -> Result<Attributes, ProviderError> {
    let endpoint = endpoint(site, marker)?;
    let name = marker.applied.inputs.get("name").cloned().unwrap_or_default();
    Ok(endpoint_values(name, &marker.applied.host.to_string(), &endpoint))
}

pub(super) fn endpoint_values(name: Value, host: &str, endpoint: &Endpoint) -> Attributes {
    [
        ("name", name),
        ("host", Value::string(host)),
        ("port", Value::from(i64::from(endpoint.port))),
        ("socket", Value::String(encoded_path(&endpoint.sockets))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Checks the parameters that a stack wants, before anything is written.
///
/// # Errors
/// When one is unknown, has a value that the server refuses, or is not the stack's to set.
pub async fn check_parameters(
    site: &PostgresSite,
    major: u16,
    wanted: &Wanted,
) -> Result<crate::postgres::tools::Tools, ProviderError> {
    let operation = "check the parameters of a PostgreSQL server";
    let tools = site
        .tools(major)
        .await
        .map_err(|error| refused(operation, &error))?;
    let checked = parameter::check(&tools.installation, &wanted.parameters).await;
    checked.map_err(|error| refused(operation, &error))?;
    Ok(tools)
}

/// Returns the attributes of a server as they are: what was applied to it last, but for what somebody changed since.
///
/// # Errors
/// When the server answers and then does not.
pub async fn attributes(
    site: &PostgresSite,
    marker: &Marker<Installed>,
    state: &State,
) -> Result<Attributes, ProviderError> {
    let mut attributes = marker.applied.inputs.clone();
    attributes.insert("status".to_owned(), Value::String(state.status()));
    let State::Answers(session) = state else {
        return Ok(attributes);
    };
    let operation = "read the parameters of a PostgreSQL server";
    let wanted = Wanted::read(&attributes).map_err(|error| refused(operation, &error))?;
    let files = installed::files(site, &wanted.name, wanted.primary.as_deref());
    let main = files.map_err(|error| refused(operation, &error))?.main_file();
    let overridden = overridden(session, &wanted, &main)
        .await
        .map_err(|error| refused(operation, &error))?;
    for map in ["parameters", "static_parameters"] {
        let Some(Value::Map(values)) = attributes.get_mut(map) else {
            continue;
        };
        for (name, value) in values {
            if let Some(effective) = overridden.get(name) {
                *value = Value::string(effective.as_str());
            }
        }
    }
    Ok(attributes)
}

/// Returns the parameters whose value does not come from our file, or waits for a restart, with their present value.
async fn overridden(
    session: &Session,
    wanted: &Wanted,
    main: &Path,
) -> Result<BTreeMap<String, String>, ConnectionError> {
    let names: Vec<&str> = wanted.parameters.keys().map(String::as_str).collect();
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    // A parameter of an extension that is not loaded is in no list and cannot be judged.
    let query = "select name::text, current_setting(name) from pg_settings \
                 where name = any($1) and (pending_restart or sourcefile is distinct from $2)";
    let rows = session
        .rows("read its settings", query, &[&names, &main.to_string_lossy()])
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Takes back what `ALTER SYSTEM` put over parameters that a stack sets.
///
/// # Errors
/// [`ConnectionError`] when the server refuses.
pub async fn reset_overrides(
    session: &Session,
    parameters: &BTreeMap<String, String>,
) -> Result<(), ConnectionError> {
    let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
    let query = "select name::text from pg_file_settings \
                 where name = any($1) and sourcefile like '%/postgresql.auto.conf'";
    for row in session.rows("read its settings", query, &[&names]).await? {
        let name: &str = row.get(0);
        let reset = format!("alter system reset {}", infra_provider::sql::identifier(name));
        session.run("reset a parameter", &reset).await?;
    }
    Ok(())
}

/// Removes a server with all it holds; one that is gone is success.
///
/// The folder goes last and its marker at the very end: as long as anything is left, it is known to be ours.
///
/// # Errors
/// When something of it stays.
pub async fn remove(site: &PostgresSite, name: &str) -> Result<(), ProviderError> {
    let operation = "remove a PostgreSQL server";
    let marker = installed::read(site, name).map_err(|error| refused(operation, &error))?;
    if let Some(mut marker) = marker {
        refuse_strangers(site, name, &marker.owner)?;
        marker.phase = Phase::Removing;
        let folder = site.folder_of(name);
        marker::write(&folder, &marker).map_err(|error| failed(operation, &error))?;
        let wanted = Wanted::read(&marker.applied.inputs).map_err(|error| failed(operation, &error))?;
        let files = installed::files(site, name, wanted.primary.as_deref());
        let files = files.map_err(|error| failed(operation, &error))?;
        abandon(&files, &marker.owner)
            .await
            .map_err(|error| failed(operation, &error))?;
        let left = leave(site, name, wanted.segment.as_deref()).await;
        left.map_err(|error| failed(operation, &error))?;
        site.remove_sockets(name)
            .map_err(|error| failed(operation, &error))?;
        let removed = blocking(move || marker::remove(&folder)).await;
        removed.map_err(|error| failed(operation, &error))?;
    }
    site.remove_if_empty().map_err(|error| failed(operation, &error))
}

fn refuse_strangers(site: &PostgresSite, name: &str, owner: &str) -> Result<(), ProviderError> {
    let tag: Option<OwnershipTag> = owner.parse().ok();
    if tag.is_some_and(|tag| tag.lineage == site.lineage) {
        return Ok(());
    }
    let error = MarkerError::Other {
        folder: site.folder_of(name),
        owner: owner.to_owned(),
    };
    Err(refused("remove a PostgreSQL server", &error))
}

/// Returns the error for an object that is gone.
pub(super) fn gone(operation: &str, name: &str) -> ProviderError {
    refused(
        operation,
        &InstalledError::Gone {
            name: name.to_owned(),
        },
    )
}

/// Returns the error for a name that an object of somebody else has.
pub(super) fn taken(operation: &str, what: &str) -> ProviderError {
    let message = format!("{what} exists already and was not made by this environment");
    let error = ProviderError::rejected(ErrorKind::AlreadyExists, operation, message);
    error.hint("Take it over with: infra import")
}
