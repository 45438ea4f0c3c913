//! Starts and stops the server of a store, and tells it its bucket and keys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use blob_server::control::{self, ControlError, Question};
use blob_server::settings::{ServerSettings, Tenancy};
use rustix::process::Signal;

use super::error::BlobError;
use super::site::BlobSite;
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::launch::{Account, Launch, Place};
use crate::host::process::stop::{Request, stop as stop_process};
use crate::host::process::{self, Identity};
use crate::host::spawn::{REACHED_WITHIN, SpawnError, SpawnRequest, log_length, log_tail, spawn};
use crate::postgres::{busy_port, process_record};

/// The file that says where it listens and keeps its data.
const SETTINGS: &str = "server.json";
const LOG: &str = "server.log";
/// The folder of its bucket.
pub const DATA: &str = "data";
/// How often it is asked whether it answers; a start takes some 10 ms.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// How long it may take until it answers at all; it reads no blob before that.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long nothing may happen while it opens its bucket, for which it reads the end of each blob's file: a million take a
/// minute or more.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lets requests come to their end, for which the server takes five seconds at most.
const SHUTDOWN: Request = Request {
    signal: Signal::TERM,
    wait: Duration::from_secs(8),
};

/// A server to start.
#[derive(Debug)]
pub struct BlobServer {
    /// Its folder.
    pub folder: PathBuf,
    /// The socket through which it is told what follows.
    pub control: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// The network it lives in.
    pub place: Place,
    /// The ownership tag that its process carries.
    pub owner: String,
    /// Its bucket and keys.
    pub tenancy: Tenancy,
}

/// Starts a server unless it runs, tells it its bucket and keys, and returns once it serves them.
///
/// # Errors
/// [`BlobError`]; one that ended while starting is explained by its own log.
pub async fn start(site: &BlobSite, server: &BlobServer) -> Result<(), BlobError> {
    if let Some(running) = find_running(site, &server.folder, &server.owner)? {
        process_record::write(&server.folder, &running)?;
        return wait_until_serving(server, &running, 0).await;
    }
    configure(server)?;
    let log = server.folder.join(LOG);
    let offset = log_length(&log);
    let spawned = spawn(&spawn_request(site, server), &site.servers.programs).await;
    let identity = spawned.map_err(|error| match error {
        SpawnError::Ended { log_tail, .. } => explain_end(server, log_tail),
        error => error.into(),
    })?;
    process_record::write(&server.folder, &identity)?;
    wait_until_serving(server, &identity, offset).await
}

/// Tells a running server its bucket and keys anew.
///
/// # Errors
/// [`BlobError::Control`] when it refuses or does not answer.
pub async fn tell(server: &BlobServer) -> Result<(), BlobError> {
    control::tell(&server.control, server.tenancy.clone(), PATIENCE).await?;
    Ok(())
}

/// Stops a server; one that does not run is success.
///
/// # Errors
/// [`BlobError::Stop`] when it does not even end when killed.
pub async fn stop(site: &BlobSite, folder: &Path, owner: &str) -> Result<(), BlobError> {
    if let Some(running) = find_running(site, folder, owner)? {
        stop_process(&running, &[SHUTDOWN]).await?;
    }
    Ok(process_record::remove(folder)?)
}

/// Returns the server's process if it runs.
///
/// # Errors
/// [`BlobError::Process`] when the process file system cannot be read.
pub fn find_running(site: &BlobSite, folder: &Path, owner: &str) -> Result<Option<Identity>, BlobError> {
    if let Some(recorded) = process_record::recorded(folder)? {
        return Ok(Some(recorded));
    }
    let program = site
        .program
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    Ok(process_record::search(owner, program)?)
}

fn configure(server: &BlobServer) -> Result<(), DiskError> {
    folder::private_directory(&server.folder)?;
    if let Some(sockets) = server.control.parent() {
        folder::private_directory(sockets)?;
    }
    let settings = ServerSettings {
        data: server.folder.join(DATA),
        listen: server.listen,
        control: server.control.clone(),
    };
    let file = server.folder.join(SETTINGS);
    let text = serde_json::to_vec_pretty(&settings)
        .map_err(|error| DiskError::from_io("write", &file, error.into()))?;
    folder::write_private(&file, &text)
}

fn spawn_request(site: &BlobSite, server: &BlobServer) -> SpawnRequest {
    let mut launch = Launch::new(site.program.clone());
    launch.arguments = ["internal", "blob-server", "--config"].map(Into::into).to_vec();
    launch.arguments.push(server.folder.join(SETTINGS).into());
    launch.working_directory = server.folder.clone();
    launch.place = server.place.clone();
    launch.account = Account::NotRoot;
    launch.owner = Some(server.owner.clone());
    SpawnRequest {
        launch,
        log: server.folder.join(LOG),
        reached_within: REACHED_WITHIN,
    }
}

async fn wait_until_serving(server: &BlobServer, identity: &Identity, offset: u64) -> Result<(), BlobError> {
    let explain = || explain_end(server, log_tail(&server.folder.join(LOG), offset));
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            match control::ask(&server.control, &Question::Status, READY_WITHIN).await {
                Err(ControlError::Silent(_)) if process::is_alive(identity)? => {}
                Err(ControlError::Silent(_)) => return Err(explain()),
                answered => return Ok(answered.map(drop)?),
            }
        }
    };
    let late = BlobError::Late { waited: READY_WITHIN };
    tokio::time::timeout(READY_WITHIN, wait)
        .await
        .unwrap_or(Err(late))?;
    match tell(server).await {
        Err(BlobError::Control(ControlError::Silent(_))) if !process::is_alive(identity)? => Err(explain()),
        told => told,
    }
}

fn explain_end(server: &BlobServer, log_tail: String) -> BlobError {
    if log_tail.contains("Address already in use") {
        let port = server.listen.port();
        return BlobError::BusyPort {
            port,
            holder: busy_port::holder(port, &server.place),
        };
    }
    BlobError::Ended { log_tail }
}
