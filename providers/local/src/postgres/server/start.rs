//! Starts a server and waits until it answers, or explains why it does not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::log::essence;
use super::stop::{PID_FILE, PidFile, end_leftovers, find_running, stop};
use super::{PROGRAM, Server, ServerError, configure};
use crate::host::disk::{DiskError, says_disk_full};
use crate::host::folder;
use crate::host::launch::{Account, Launch};
use crate::host::process::{self, Identity};
use crate::host::spawn::{REACHED_WITHIN, SpawnError, SpawnRequest, log_length, log_tail, spawn};
use crate::postgres::configuration::Configuration;
use crate::postgres::tools::Tools;
use crate::postgres::{busy_port, data_directory, process_record};

/// How often the server's own report of its start is read: a start takes 30 to 130 ms.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// Recovery after a crash replays the log since the last checkpoint, which may be many gigabytes.
const READY_WITHIN: Duration = Duration::from_secs(300);
/// A log longer than this is set aside at the next start.
const LOG_BYTES_MAX: u64 = 8 << 20;

/// Starts a server unless it runs, and returns once it answers.
///
/// # Errors
/// [`ServerError`]; a server that ended while starting is explained by its own log.
pub async fn start(server: &Server, tools: &Tools) -> Result<Identity, ServerError> {
    let files = &server.configuration.files;
    if let Some(running) = find_running(files, Some(&server.owner))? {
        process_record::write(&files.folder, &running)?;
        wait_until_ready(server, &running, 0).await?;
        return Ok(running);
    }
    data_directory::check(&files.data(), &server.cluster, server.major)?;
    end_leftovers(&files.data()).await?;
    remove_locks(server)?;
    configure(&server.configuration)?;
    set_long_log_aside(&files.log())?;
    let offset = log_length(&files.log());
    let identity = spawn(&spawn_request(server, tools)?, &tools.programs).await;
    let identity = identity.map_err(|error| explain_spawn(server, error))?;
    process_record::write(&files.folder, &identity)?;
    wait_until_ready(server, &identity, offset).await?;
    refuse_half_listening(server, &log_tail(&files.log(), offset)).await?;
    Ok(identity)
}

/// Removes the locks of a killed server, of which we know by now that no process is left.
///
/// PostgreSQL itself only asks whether their process number is taken, and refuses to start when it was given to another
/// program, or when nobody has reaped the dead one yet.
fn remove_locks(server: &Server) -> Result<(), DiskError> {
    let Configuration { files, port, .. } = &server.configuration;
    let socket = format!(".s.PGSQL.{port}");
    for name in [format!("{socket}.lock"), socket] {
        folder::remove_file(&files.sockets.join(name))?;
    }
    folder::remove_file(&files.data().join(PID_FILE))
}

fn spawn_request(server: &Server, tools: &Tools) -> Result<SpawnRequest, ServerError> {
    let files = &server.configuration.files;
    let mut launch = Launch::new(tools.installation.program(PROGRAM)?);
    launch.arguments = vec![
        "-c".into(),
        format!("config_file={}", files.main_file().display()).into(),
    ];
    launch.variables = BTreeMap::from([("LC_ALL".to_owned(), "C.UTF-8".into())]);
    launch.working_directory = files.folder.clone();
    launch.place = server.place.clone();
    launch.account = Account::NotRoot;
    launch.owner = Some(server.owner.clone());
    Ok(SpawnRequest {
        launch,
        log: files.log(),
        reached_within: REACHED_WITHIN,
    })
}

fn set_long_log_aside(log: &Path) -> Result<(), DiskError> {
    if log_length(log) > LOG_BYTES_MAX {
        let aside = log.with_extension("log.1");
        fs::rename(log, &aside).map_err(|source| DiskError::from_io("rename", log, source))?;
    }
    Ok(())
}

async fn wait_until_ready(server: &Server, identity: &Identity, offset: u64) -> Result<(), ServerError> {
    let files = &server.configuration.files;
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            let said = PidFile::read(&files.data()).filter(|file| file.pid == identity.pid);
            if said.is_some_and(|file| file.status == "ready") {
                return Ok(());
            }
            if !process::is_alive(identity)? {
                return Err(explain_end(server, &log_tail(&files.log(), offset)));
            }
        }
    };
    let late = || ServerError::Late {
        name: server.configuration.name.clone(),
        waited: READY_WITHIN,
        log_tail: essence(&log_tail(&files.log(), offset)),
    };
    tokio::time::timeout(READY_WITHIN, wait)
        .await
        .unwrap_or_else(|_| Err(late()))
}

/// A server that can listen on some of its addresses only warns; for us that is a failure.
async fn refuse_half_listening(server: &Server, log: &str) -> Result<(), ServerError> {
    if !log.contains("could not create listen socket") {
        return Ok(());
    }
    stop(&server.configuration.files, &server.owner).await?;
    Err(explain_end(server, log))
}

fn explain_spawn(server: &Server, error: SpawnError) -> ServerError {
    match error {
        SpawnError::Ended { log_tail, .. } => explain_end(server, &log_tail),
        error => error.into(),
    }
}

/// Turns what a server wrote before it ended into the error that says what to do.
fn explain_end(server: &Server, log: &str) -> ServerError {
    let configuration = &server.configuration;
    if says_disk_full(log) {
        return ServerError::DiskFull {
            folder: configuration.files.folder.clone(),
        };
    }
    if log.contains("Address already in use") {
        return ServerError::BusyPort {
            listen: configuration.listen.clone(),
            port: configuration.port,
            holder: busy_port::holder(configuration.port, &server.place),
        };
    }
    ServerError::Ended {
        name: configuration.name.clone(),
        log_tail: essence(log),
    }
}
