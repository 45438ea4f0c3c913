//! Starts, reloads, stops and asks a PgBouncer.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use thiserror::Error;

use super::PoolerInstallation;
use super::configuration::{PoolerConfiguration, render, render_users};
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::launch::{Account, Launch, Place};
use crate::host::process::stop::{Request, StopError, stop as stop_process};
use crate::host::process::{self, Identity, ProcessError};
use crate::host::programs::Programs;
use crate::host::spawn::{REACHED_WITHIN, SpawnError, SpawnRequest, log_length, log_tail, spawn};
use crate::postgres::connection::{ConnectRequest, ConnectionError, Endpoint, Session, connect};
use crate::postgres::template::random_name;
use crate::postgres::{busy_port, process_record};

/// The program's name.
const PROGRAM: &str = "pgbouncer";
/// The console: a database that only exists in PgBouncer, for a user whom the kernel identifies at the socket.
const CONSOLE: &str = "pgbouncer";
/// How often it is asked whether it answers; a start takes some 20 ms.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// How long a start may take on a machine that is busy.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How long one question may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long transactions may take to their end.
const DRAINED_WITHIN: Duration = Duration::from_secs(5);
/// Lets transactions come to their end; an idle pooler takes a third of a second for it.
const SHUTDOWN: Request = Request {
    signal: Signal::INT,
    wait: DRAINED_WITHIN,
};
/// Cuts all connections. `TERM` would do so in old versions and wait for the last client in new ones.
const QUIT: Request = Request {
    signal: Signal::QUIT,
    wait: Duration::from_secs(5),
};

/// Why a pooler cannot be started, stopped or asked.
#[derive(Debug, Error)]
pub enum PoolerError {
    /// A file cannot be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Its process could not be started.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// Its process could not be stopped.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// Its process cannot be looked at.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It, or the server behind it, cannot be asked.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// Somebody else listens on its port.
    #[error("Port {port} of the pooler is already in use{}", .holder.as_deref().map(|holder| format!(" by {holder}")).unwrap_or_default())]
    BusyPort {
        /// The addresses it was to listen on.
        listen: Vec<IpAddr>,
        /// The port.
        port: u16,
        /// The process that has it, if it can be seen.
        holder: Option<String>,
    },
    /// It ended while starting.
    #[error("The pooler ended while it started: {log_tail}")]
    Ended {
        /// What it wrote last.
        log_tail: String,
    },
    /// It runs but does not answer.
    #[error("The pooler did not answer within {waited:?}: {log_tail}")]
    Late {
        /// How long we waited.
        waited: Duration,
        /// What it wrote last.
        log_tail: String,
    },
}

/// A pooler to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pooler {
    /// What its file says.
    pub configuration: PoolerConfiguration,
    /// The program.
    pub installation: PoolerInstallation,
    /// The ownership tag that its process carries.
    pub owner: String,
    /// The network it lives in.
    pub place: Place,
}

/// Writes the configuration files.
///
/// # Errors
/// [`DiskError`] when it cannot be written.
pub fn configure(pooler: &Pooler) -> Result<(), DiskError> {
    let configuration = &pooler.configuration;
    folder::private_directory(&configuration.folder)?;
    folder::private_directory(&configuration.sockets)?;
    let users = render_users(&random_name()?);
    folder::write_private(&configuration.users_file(), users.as_bytes())?;
    folder::write_private(
        &configuration.file(),
        render(configuration, &pooler.installation).as_bytes(),
    )
}

/// Starts a pooler unless it runs, and returns once it answers.
///
/// # Errors
/// [`PoolerError`]; one that ended while starting is explained by its own log.
pub async fn start(pooler: &Pooler, programs: &Programs) -> Result<Identity, PoolerError> {
    let configuration = &pooler.configuration;
    if let Some(running) = find_running(&configuration.folder, Some(&pooler.owner))? {
        process_record::write(&configuration.folder, &running)?;
        wait_until_ready(pooler, &running, 0).await?;
        return Ok(running);
    }
    configure(pooler)?;
    remove_stale_socket(configuration)?;
    let offset = log_length(&configuration.log());
    let identity = spawn(&spawn_request(pooler), programs)
        .await
        .map_err(|error| explain_spawn(pooler, error))?;
    process_record::write(&configuration.folder, &identity)?;
    wait_until_ready(pooler, &identity, offset).await?;
    refuse_half_listening(pooler, log_tail(&configuration.log(), offset)).await?;
    Ok(identity)
}

/// An old PgBouncer that cannot listen on its address only warns, and works on at its unix socket.
async fn refuse_half_listening(pooler: &Pooler, log: String) -> Result<(), PoolerError> {
    let configuration = &pooler.configuration;
    if !says_busy(&log) {
        return Ok(());
    }
    stop(&configuration.endpoint(), &configuration.folder, &pooler.owner).await?;
    Err(explain_end(pooler, log))
}

fn says_busy(log: &str) -> bool {
    log.contains("Address already in use")
}

fn spawn_request(pooler: &Pooler) -> SpawnRequest {
    let configuration = &pooler.configuration;
    let mut launch = Launch::new(pooler.installation.program.clone());
    launch.arguments = vec![configuration.file().into()];
    launch.working_directory = configuration.folder.clone();
    launch.place = pooler.place.clone();
    launch.account = Account::NotRoot;
    launch.owner = Some(pooler.owner.clone());
    SpawnRequest {
        launch,
        log: configuration.log(),
        reached_within: REACHED_WITHIN,
    }
}

/// PgBouncer refuses to start on the socket of a killed one; that none runs was checked before.
fn remove_stale_socket(configuration: &PoolerConfiguration) -> Result<(), DiskError> {
    folder::remove_file(
        &configuration
            .sockets
            .join(format!(".s.PGSQL.{}", configuration.port)),
    )
}

async fn wait_until_ready(pooler: &Pooler, identity: &Identity, offset: u64) -> Result<(), PoolerError> {
    let log = pooler.configuration.log();
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            if is_healthy(&pooler.configuration.endpoint(), CONNECT_WITHIN).await {
                return Ok(());
            }
            if !process::is_alive(identity)? {
                return Err(explain_end(pooler, log_tail(&log, offset)));
            }
        }
    };
    let late = || PoolerError::Late {
        waited: READY_WITHIN,
        log_tail: log_tail(&log, offset),
    };
    tokio::time::timeout(READY_WITHIN, wait)
        .await
        .unwrap_or_else(|_| Err(late()))
}

fn explain_spawn(pooler: &Pooler, error: SpawnError) -> PoolerError {
    match error {
        SpawnError::Ended { log_tail, .. } => explain_end(pooler, log_tail),
        error => error.into(),
    }
}

fn explain_end(pooler: &Pooler, log_tail: String) -> PoolerError {
    if says_busy(&log_tail) {
        let PoolerConfiguration { listen, port, .. } = &pooler.configuration;
        let holder = busy_port::holder(*port, &pooler.place);
        return PoolerError::BusyPort {
            listen: listen.clone(),
            port: *port,
            holder,
        };
    }
    PoolerError::Ended { log_tail }
}

/// Says whether a pooler answers on its console.
pub async fn is_healthy(endpoint: &Endpoint, within: Duration) -> bool {
    let asked = async {
        let session = console(endpoint).await?;
        session.run("show its pools", "SHOW POOLS").await
    };
    matches!(tokio::time::timeout(within, asked).await, Ok(Ok(())))
}

/// Has a running pooler read its file again, without cutting a connection.
///
/// # Errors
/// [`PoolerError`] when it cannot be written or asked.
pub async fn reload(pooler: &Pooler) -> Result<(), PoolerError> {
    configure(pooler)?;
    let session = console(&pooler.configuration.endpoint()).await?;
    Ok(session.run("reload", "RELOAD").await?)
}

async fn console(endpoint: &Endpoint) -> Result<Session, ConnectionError> {
    connect(ConnectRequest {
        endpoint,
        database: CONSOLE,
        role: CONSOLE,
        within: CONNECT_WITHIN,
    })
    .await
}

/// Stops a pooler; one that does not run is success.
///
/// # Errors
/// [`PoolerError::Stop`] when it does not even end when killed.
pub async fn stop(endpoint: &Endpoint, folder: &Path, owner: &str) -> Result<(), PoolerError> {
    if let Some(running) = find_running(folder, Some(owner))? {
        let requests = match tokio::time::timeout(DRAINED_WITHIN, pause(endpoint)).await {
            Ok(Err(_)) => &[SHUTDOWN, QUIT][..],
            Ok(Ok(())) | Err(_) => &[QUIT],
        };
        stop_process(&running, requests).await?;
    }
    Ok(process_record::remove(folder)?)
}

/// Lets transactions come to their end and keeps new ones waiting. A shutdown does so too, but looks only three times a
/// second whether the last one has ended (`do_full_maint` in PgBouncer's `janitor.c`).
async fn pause(endpoint: &Endpoint) -> Result<(), ConnectionError> {
    console(endpoint).await?.run("pause", "PAUSE").await
}

/// Returns the pooler's process if it runs.
///
/// # Errors
/// [`ProcessError`] when the process file system cannot be read.
pub fn find_running(folder: &Path, owner: Option<&str>) -> Result<Option<Identity>, ProcessError> {
    match process_record::recorded(folder)? {
        Some(recorded) => Ok(Some(recorded)),
        None => owner.map_or(Ok(None), |owner| process_record::search(owner, PROGRAM)),
    }
}
