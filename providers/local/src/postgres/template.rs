//! Keeps one freshly initialised data directory per installation, because copying it takes a tenth of `initdb`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::configuration::ENGINE_ROLE;
use super::data_directory;
use super::installation::InstallationError;
use super::tools::Tools;
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::launch::{Account, Launch};
use crate::host::process::{self, ProcessError};
use crate::host::run::{RunError, RunRequest, run};

/// `initdb` needs half a second; this is for a machine that is very busy.
const INITDB_WITHIN: Duration = Duration::from_secs(120);

/// What `initdb` is told. Nobody can log in to a data directory without the configuration beside it.
const OPTIONS: &[&str] = &[
    "--data-checksums",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--auth=reject",
    // A quarter of the usual: a third less to copy for each server, and less to archive when little was written.
    "--wal-segsize=4",
    "--no-instructions",
    "--no-sync",
];

/// What a replica may not go below is written into the data directory, so the template gets the least of everything.
const SMALLEST: &[&str] = &[
    "max_connections=10",
    "max_worker_processes=1",
    "max_wal_senders=0",
    "max_locks_per_transaction=10",
    "max_prepared_transactions=0",
];

/// The first version whose `initdb` takes settings; replicas of older ones begin with a base backup.
const SETTINGS_SINCE: u16 = 16;

/// Configuration that `initdb` leaves in the data directory and that our servers do not read.
const UNREAD: &[&str] = &["postgresql.conf", "pg_hba.conf", "pg_ident.conf"];

/// Why there is no template.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// The installation lacks `initdb`.
    #[error(transparent)]
    Installation(#[from] InstallationError),
    /// `initdb` failed.
    #[error("A data directory cannot be initialised")]
    Initialise(#[from] RunError),
    /// A file cannot be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// An unfinished template of another engine cannot be looked at.
    #[error("Unfinished templates cannot be looked at")]
    Process(#[from] ProcessError),
}

/// Returns the folder of the template, made first if it is missing.
///
/// Engines that make it at the same time do not disturb each other: each builds its own and the first to finish wins.
///
/// # Errors
/// [`TemplateError`] when it is missing and cannot be made.
pub async fn ensure(cache: &Path, tools: &Tools) -> Result<PathBuf, TemplateError> {
    let template = cache.join(name(tools));
    if template.join("PG_VERSION").is_file() {
        return Ok(template);
    }
    folder::private_directory(cache)?;
    remove_abandoned(cache)?;
    let draft = cache.join(format!(
        "{}{}-{}",
        DRAFT_PREFIX,
        std::process::id(),
        random_name()?
    ));
    let made = make(&draft, tools).await;
    let published = made.and_then(|()| Ok(publish(&draft, &template)?));
    // What was not published is of no use; the next attempt would remove it too.
    let _ = folder::remove_tree(&draft);
    published.map(|()| template)
}

/// Drafts carry the number of the process that makes them, so that those of dead ones can be removed.
const DRAFT_PREFIX: &str = ".draft-";

fn name(tools: &Tools) -> String {
    let installation = &tools.installation;
    let mut hash = blake3::Hasher::new();
    for part in [&installation.version, &*installation.root.to_string_lossy()] {
        hash.update(part.as_bytes()).update(&[0]);
    }
    for option in OPTIONS.iter().chain(settings(tools)) {
        hash.update(option.as_bytes()).update(&[0]);
    }
    format!("{}-{}", installation.major, &hash.finalize().to_hex()[..16])
}

fn settings(tools: &Tools) -> &'static [&'static str] {
    if tools.installation.major >= SETTINGS_SINCE {
        SMALLEST
    } else {
        &[]
    }
}

async fn make(draft: &Path, tools: &Tools) -> Result<(), TemplateError> {
    folder::private_directory(draft)?;
    let mut launch = Launch::new(tools.installation.program("initdb")?);
    launch.arguments = OPTIONS.iter().map(Into::into).collect();
    launch.arguments.push(format!("--username={ENGINE_ROLE}").into());
    for setting in settings(tools) {
        launch.arguments.extend(["--set".into(), (*setting).into()]);
    }
    launch.arguments.push("--pgdata".into());
    launch.arguments.push(draft.into());
    launch.account = Account::NotRoot;
    run(
        RunRequest {
            launch,
            input: Vec::new(),
            within: INITDB_WITHIN,
        },
        &tools.programs,
    )
    .await?;
    for file in UNREAD {
        folder::remove_file(&draft.join(file))?;
    }
    data_directory::sync(draft)?;
    Ok(())
}

fn publish(draft: &Path, template: &Path) -> Result<(), DiskError> {
    match std::fs::rename(draft, template) {
        // Another engine was faster, and its template is as good as ours.
        Err(_) if template.join("PG_VERSION").is_file() => Ok(()),
        result => result.map_err(|source| DiskError::from_io("rename", draft, source)),
    }
}

fn remove_abandoned(cache: &Path) -> Result<(), TemplateError> {
    let entries = std::fs::read_dir(cache).map_err(|source| DiskError::from_io("read", cache, source))?;
    for entry in entries.flatten() {
        let maker = entry.file_name().to_str().and_then(maker_of_draft);
        if let Some(maker) = maker
            && process::identify(maker)?.is_none()
        {
            folder::remove_tree(&entry.path())?;
        }
    }
    Ok(())
}

fn maker_of_draft(name: &str) -> Option<u32> {
    name.strip_prefix(DRAFT_PREFIX)?.split_once('-')?.0.parse().ok()
}

/// Returns a name that no other template or cluster has.
pub(super) fn random_name() -> Result<String, DiskError> {
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|error| {
        DiskError::from_io("read", Path::new("/dev/urandom"), std::io::Error::other(error))
    })?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
