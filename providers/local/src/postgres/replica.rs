//! Makes replicas, keeps them following, and takes them out again.
//!
//! A replica's data comes from one of two sources. While the primary is young its whole log is still there, and a copy
//! of the template catches up within milliseconds; later a base backup is taken. Either way it is only a copy: a replica
//! that cannot follow any more is thrown away and made anew.

use std::path::Path;
use std::time::Duration;

use thiserror::Error;

use super::configuration::{REPLICATION_ROLE, Upstream};
use super::connection::{ConnectionError, Endpoint, Session};
use super::data_directory::{self, DataDirectoryError};
use super::primary::blocking;
use super::seed;
use super::server::log::essence;
use super::server::start::start;
use super::server::stop::{COPY_PROGRAM, stop};
use super::server::{self, Server, ServerError};
use super::slot;
use super::template::{self, TemplateError};
use super::tools::Tools;
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::launch::Launch;
use crate::host::run::{RunError, RunRequest, run};
use crate::host::spawn::{log_length, log_tail};

/// A base backup copies all data; a laptop's disk does a gigabyte in a few seconds.
const BASE_BACKUP_WITHIN: Duration = Duration::from_secs(3600);
/// How long a replica may take from its start until it streams, if nothing in its log says that it cannot.
const STREAMING_WITHIN: Duration = Duration::from_secs(30);
/// How often it is asked; a fresh replica streams 20 to 50 ms after its start.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// What a replica writes to its log when it can never follow again.
const HOPELESS: &[&str] = &[
    "has already been removed",
    "is not in this server's history",
    "is not a child of this server's history",
    "forked off before current recovery point",
    "is ahead of the WAL flush position of this server",
    "is behind recovery timeline",
    "database system identifier differs",
    "recovery aborted because of insufficient parameter settings",
    // The log that it has to replay is from a time when its primary allowed more.
    "hot standby is not possible because of insufficient parameter settings",
    "can no longer get changes from replication slot",
    "cannot read from logical replication slot",
];

/// Why a replica cannot be made or does not follow.
#[derive(Debug, Error)]
pub enum ReplicaError {
    /// There is no template to compare with.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// One of the servers did not do what it should.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The base backup failed.
    #[error("The primary's data cannot be copied")]
    BaseBackup(#[from] RunError),
    /// It does not follow.
    #[error("The replica `{name}` does not follow its primary: {log_tail}")]
    NotFollowing {
        /// Its name.
        name: String,
        /// What it wrote last.
        log_tail: String,
    },
}

impl From<DiskError> for ReplicaError {
    fn from(error: DiskError) -> Self {
        Self::Server(error.into())
    }
}

impl From<ConnectionError> for ReplicaError {
    fn from(error: ConnectionError) -> Self {
        Self::Server(error.into())
    }
}

/// Where a replica's data came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// From a copy of the template.
    Template,
    /// From a base backup of the primary.
    BaseBackup,
}

/// Makes a replica's data anew, starts it and waits until it follows.
///
/// What an earlier attempt left of its data is removed.
///
/// # Errors
/// [`ReplicaError`]; the same call may be repeated.
pub async fn create(server: &Server, templates: &Path, tools: &Tools) -> Result<Seed, ReplicaError> {
    let upstream = upstream(server)?;
    let primary = server::session(&upstream_endpoint(upstream), "postgres").await?;
    stop(&server.configuration.files, &server.owner).await?;
    slot::ensure(&primary, &upstream.slot).await?;
    let template = template::ensure(templates, tools).await?;
    if seed::is_young(&primary, &template).await? {
        copy_template(server, &template).await?;
        if follow_and_sync(server, &primary, tools).await?.is_following() {
            return Ok(Seed::Template);
        }
    }
    rebuild(server, &primary, tools).await?;
    Ok(Seed::BaseBackup)
}

/// Starts a replica that exists and waits until it follows; one that cannot is made anew from a base backup.
///
/// # Errors
/// [`ReplicaError`]; the same call may be repeated.
pub async fn repair(server: &Server, tools: &Tools) -> Result<(), ReplicaError> {
    let upstream = upstream(server)?;
    let primary = server::session(&upstream_endpoint(upstream), "postgres").await?;
    slot::ensure(&primary, &upstream.slot).await?;
    let usable = data_directory::check(&server.configuration.files.data(), &server.cluster, server.major);
    match usable {
        Err(DataDirectoryError::Damaged { .. }) => {
            return rebuild(server, &primary, tools).await;
        }
        other => other.map_err(ServerError::from)?,
    }
    let offset = log_length(&server.configuration.files.log());
    match follow(server, &primary, tools).await? {
        Following::Yes if replays(server, &primary, offset).await? => Ok(()),
        _ => rebuild(server, &primary, tools).await,
    }
}

/// Says whether a replica that follows also replays: one with less than its primary had once gets the log and stops at
/// that record.
async fn replays(server: &Server, primary: &Session, offset: u64) -> Result<bool, ReplicaError> {
    let slot = &upstream(server)?.slot;
    let log = server.configuration.files.log();
    let refused = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        while !is_hopeless(&log_tail(&log, offset)) {
            pace.tick().await;
        }
    };
    tokio::select! {
        caught_up = slot::catch_up(primary, slot) => Ok(caught_up.map(|()| true)?),
        () = refused => Ok(false),
    }
}

/// Makes a replica anew from a base backup. What it has is thrown away, unless it is not ours.
///
/// # Errors
/// [`ReplicaError`]; the same call may be repeated.
pub async fn start_over(server: &Server, tools: &Tools) -> Result<(), ReplicaError> {
    match data_directory::check(&server.configuration.files.data(), &server.cluster, server.major) {
        Err(DataDirectoryError::Damaged { .. }) => {}
        usable => usable.map_err(ServerError::from)?,
    }
    let upstream = upstream(server)?;
    let primary = server::session(&upstream_endpoint(upstream), "postgres").await?;
    slot::ensure(&primary, &upstream.slot).await?;
    rebuild(server, &primary, tools).await
}

async fn rebuild(server: &Server, primary: &Session, tools: &Tools) -> Result<(), ReplicaError> {
    stop(&server.configuration.files, &server.owner).await?;
    base_backup(server, tools).await?;
    match follow_and_sync(server, primary, tools).await? {
        Following::Yes => Ok(()),
        Following::Never => Err(not_following(server, 0)),
    }
}

fn upstream(server: &Server) -> Result<&Upstream, ReplicaError> {
    server
        .configuration
        .upstream
        .as_ref()
        .ok_or_else(|| ReplicaError::NotFollowing {
            name: server.configuration.name.clone(),
            log_tail: "no primary is configured".to_owned(),
        })
}

fn upstream_endpoint(upstream: &Upstream) -> Endpoint {
    Endpoint {
        sockets: upstream.sockets.clone(),
        port: upstream.port,
    }
}

async fn copy_template(server: &Server, template: &Path) -> Result<(), ReplicaError> {
    let (data, template, cluster) = (
        server.configuration.files.data(),
        template.to_owned(),
        server.cluster.clone(),
    );
    let copy = move || {
        folder::remove_tree(&data)?;
        data_directory::copy(&template, &data)?;
        data_directory::mark(&data, &cluster)?;
        make_standby(&data)
    };
    Ok(blocking(copy).await?)
}

async fn base_backup(server: &Server, tools: &Tools) -> Result<(), ReplicaError> {
    let upstream = upstream(server)?;
    let data = server.configuration.files.data();
    folder::remove_tree(&data)?;
    let mut launch = Launch::new(
        tools
            .installation
            .program(COPY_PROGRAM)
            .map_err(ServerError::from)?,
    );
    launch.owner = Some(server.owner.clone());
    launch.arguments = [
        "--checkpoint=fast",
        "--wal-method=stream",
        "--no-sync",
        "--no-password",
    ]
    .iter()
    .map(Into::into)
    .collect();
    launch.arguments.extend([
        format!("--host={}", upstream.sockets.display()).into(),
        format!("--port={}", upstream.port).into(),
        format!("--username={REPLICATION_ROLE}").into(),
        format!("--slot={}", upstream.slot).into(),
        "--pgdata".into(),
        data.clone().into(),
    ]);
    run(
        RunRequest {
            launch,
            input: Vec::new(),
            within: BASE_BACKUP_WITHIN,
        },
        &tools.programs,
    )
    .await?;
    Ok(make_standby(&data)?)
}

fn make_standby(data: &Path) -> Result<(), DiskError> {
    folder::write_private(&data.join("standby.signal"), b"")
}

/// Whether a replica follows its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Following {
    /// It streams.
    Yes,
    /// It wrote to its log that it cannot.
    Never,
}

impl Following {
    fn is_following(self) -> bool {
        self == Self::Yes
    }
}

async fn follow_and_sync(
    server: &Server,
    primary: &Session,
    tools: &Tools,
) -> Result<Following, ReplicaError> {
    let data = server.configuration.files.data();
    let sync = blocking(move || data_directory::sync(&data));
    let (synced, following) = tokio::join!(sync, follow(server, primary, tools));
    synced?;
    following
}

async fn follow(server: &Server, primary: &Session, tools: &Tools) -> Result<Following, ReplicaError> {
    let name = &upstream(server)?.slot;
    let log = server.configuration.files.log();
    let offset = log_length(&log);
    match start(server, tools).await {
        Err(ServerError::Ended { .. }) if is_hopeless(&log_tail(&log, offset)) => {
            return Ok(Following::Never);
        }
        started => started?,
    };
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            if slot::followed(primary).await?.contains(name) {
                return Ok(Following::Yes);
            }
            if is_hopeless(&log_tail(&log, offset)) {
                return Ok(Following::Never);
            }
        }
    };
    tokio::time::timeout(STREAMING_WITHIN, wait)
        .await
        .unwrap_or_else(|_| Err(not_following(server, offset)))
}

fn is_hopeless(log: &str) -> bool {
    HOPELESS.iter().any(|words| log.contains(words))
}

fn not_following(server: &Server, offset: u64) -> ReplicaError {
    let configuration = &server.configuration;
    ReplicaError::NotFollowing {
        name: configuration.name.clone(),
        log_tail: essence(&log_tail(&configuration.files.log(), offset)),
    }
}

/// Makes a replica a primary of its own, on a new timeline.
///
/// # Errors
/// [`ConnectionError`] when it refuses or takes longer than a minute.
pub async fn promote(replica: &Session) -> Result<(), ConnectionError> {
    let promoted: bool = replica
        .rows("be promoted", "select pg_promote(true, 60)", &[])
        .await?[0]
        .get(0);
    if promoted {
        return Ok(());
    }
    Err(ConnectionError::Statement {
        action: "be promoted",
        message: "not done within 60 s".to_owned(),
        code: None,
    })
}

/// What a replica that answers does with the log of its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// It replays what it gets.
    Running,
    /// It gets it but replays nothing.
    Paused,
    /// It has become a primary of its own.
    Promoted,
}

/// Returns what a replica does with the log of its primary.
///
/// # Errors
/// [`ConnectionError`] when it cannot be asked.
pub async fn recovery(replica: &Session) -> Result<Recovery, ConnectionError> {
    let query =
        "select pg_is_in_recovery(), case when pg_is_in_recovery() then pg_is_wal_replay_paused() end";
    let rows = replica.rows("tell what it replays", query, &[]).await?;
    Ok(match (rows[0].get(0), rows[0].get(1)) {
        (false, _) => Recovery::Promoted,
        (true, Some(true)) => Recovery::Paused,
        (true, _) => Recovery::Running,
    })
}
