//! Starts a server and waits until it answers, or explains why it does not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::stop::find_running;
use super::{Node, NodeError, configure, to_start_with};
use crate::host::disk::{DiskError, says_disk_full};
use crate::host::launch::{Account, Launch};
use crate::host::process::{self, Identity};
use crate::host::programs::Programs;
use crate::host::spawn::{REACHED_WITHIN, SpawnError, SpawnRequest, log_length, log_tail, spawn};
use crate::postgres::{busy_port, process_record};
use crate::redis::installation::variables;
use crate::redis::session::{Session, SessionError, connect};

/// How often it is asked whether it answers; a start takes some 10 ms.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// How long one question may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// Reading a large log of writes again takes minutes.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// A log longer than this is set aside at the next start.
const LOG_BYTES_MAX: u64 = 8 << 20;

/// Starts a server unless it runs, and returns a session once it answers.
///
/// # Errors
/// [`NodeError`]; a server that ended while starting is explained by its own log.
pub async fn start(node: &Node, programs: &Programs) -> Result<Session, NodeError> {
    let files = &node.configuration.files;
    if let Some(running) = find_running(&files.folder)? {
        process_record::write(&files.folder, &running)?;
        return wait_until_ready(node, &running, 0).await;
    }
    let mut configuration = node.configuration.clone();
    configuration.settings.persistence = to_start_with(&configuration)?;
    configure(&configuration)?;
    set_long_log_aside(&files.log())?;
    let offset = log_length(&files.log());
    let identity = spawn(&spawn_request(node), programs)
        .await
        .map_err(|error| explain_spawn(node, error))?;
    process_record::write(&files.folder, &identity)?;
    wait_until_ready(node, &identity, offset).await
}

fn spawn_request(node: &Node) -> SpawnRequest {
    let files = &node.configuration.files;
    let mut launch = Launch::new(node.installation.program.clone());
    launch.arguments = vec![files.main_file().into()];
    launch
        .variables
        .extend(variables(node.installation.libraries.as_deref()));
    launch.working_directory = files.data();
    launch.place = node.place.clone();
    launch.account = Account::NotRoot;
    launch.owner = Some(node.owner.clone());
    SpawnRequest {
        launch,
        log: files.log(),
        reached_within: REACHED_WITHIN,
    }
}

fn set_long_log_aside(log: &Path) -> Result<(), DiskError> {
    if log_length(log) > LOG_BYTES_MAX {
        let aside = log.with_extension("log.1");
        fs::rename(log, &aside).map_err(|source| DiskError::from_io("rename", log, source))?;
    }
    Ok(())
}

async fn wait_until_ready(node: &Node, identity: &Identity, offset: u64) -> Result<Session, NodeError> {
    let log = node.configuration.files.log();
    let endpoint = node.endpoint();
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            match ask(connect(&endpoint, CONNECT_WITHIN).await).await {
                Ok(session) => return Ok(session),
                // It will not let us in later either.
                Err(error @ SessionError::Refused { .. }) => return Err(error.into()),
                Err(_) => {}
            }
            if !process::is_alive(identity)? {
                return Err(explain_end(node, log_tail(&log, offset)));
            }
        }
    };
    let late = || NodeError::Late {
        waited: READY_WITHIN,
        log_tail: log_tail(&log, offset),
    };
    tokio::time::timeout(READY_WITHIN, wait)
        .await
        .unwrap_or_else(|_| Err(late()))
}

async fn ask(connected: Result<Session, SessionError>) -> Result<Session, SessionError> {
    let session = connected?;
    session.run("answer", &["PING"]).await?;
    Ok(session)
}

fn explain_spawn(node: &Node, error: SpawnError) -> NodeError {
    match error {
        SpawnError::Ended { log_tail, .. } => explain_end(node, log_tail),
        error => error.into(),
    }
}

fn explain_end(node: &Node, log_tail: String) -> NodeError {
    let configuration = &node.configuration;
    if says_disk_full(&log_tail) {
        return NodeError::DiskFull {
            folder: configuration.files.folder.clone(),
        };
    }
    if log_tail.contains("Address already in use") {
        return NodeError::BusyPort {
            listen: configuration.listen,
            port: configuration.port,
            holder: busy_port::holder(configuration.port, &node.place),
        };
    }
    NodeError::Ended { log_tail }
}
