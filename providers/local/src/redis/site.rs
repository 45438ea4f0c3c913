//! Where an environment keeps its Redis servers, and what all operations on them share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use infra_model::sealing::Sealing;
use infra_model::snapshot::Lineage;
use tokio::sync::OnceCell;

use super::installation::{InstallationError, RedisInstallation, locate};
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::programs::Programs;
use crate::host::run_directory::{self, RunDirectoryError, RunDirectoryRequest};
use crate::network;
use crate::postgres::marker::{self, MarkerError};
use crate::settings::LocalSettings;
use crate::tls::authority::AuthoritySite;

/// The name of a server's socket in its own folder.
pub(super) const SOCKET: &str = "redis.sock";
/// Tells folders of sockets from those of PostgreSQL, whose names have no dot.
const PREFIX: &str = "r.";
/// Longest name of the folder of a socket, as for PostgreSQL: each byte more sends more projects elsewhere.
const SOCKET_FOLDER_BYTES_MAX: usize = 16;

/// The Redis servers of one environment.
pub struct RedisSite {
    /// The folder of all servers: `<environment>/redis`.
    pub folder: PathBuf,
    /// Where server programs are.
    pub servers: PathBuf,
    /// Everything else that is run.
    pub programs: Programs,
    /// The state that owns what is made.
    pub lineage: Lineage,
    /// The networks that servers join.
    pub network: Arc<network::site::Site>,
    /// Signs the certificates of servers.
    pub authority: Arc<AuthoritySite>,
    /// Seals the engine's own passwords.
    pub sealing: Arc<dyn Sealing>,
    run: RunDirectoryRequest,
    installation: OnceCell<RedisInstallation>,
}

impl fmt::Debug for RedisSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSite").field("folder", &self.folder).finish()
    }
}

impl RedisSite {
    /// Returns the site of an environment; nothing is made yet.
    #[must_use]
    pub fn new(
        settings: &LocalSettings,
        network: Arc<network::site::Site>,
        authority: Arc<AuthoritySite>,
    ) -> Self {
        Self {
            folder: settings.folder.join("redis"),
            servers: settings.servers.clone(),
            programs: Programs::new(settings.path.clone()),
            lineage: settings.lineage.clone(),
            network,
            authority,
            sealing: settings.sealing.clone(),
            run: RunDirectoryRequest {
                environment: settings.folder.clone(),
                runtime: settings.runtime.clone(),
                home: settings.home.clone(),
                // All servers of an environment have to agree on one directory.
                socket_bytes: crate::postgres::site::SOCKET_BYTES_MAX,
            },
            installation: OnceCell::new(),
        }
    }

    /// Returns the folder of a server or cluster.
    #[must_use]
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the installed server, looked up once.
    ///
    /// # Errors
    /// [`InstallationError`] when there is none that can be used.
    pub async fn installation(&self) -> Result<RedisInstallation, InstallationError> {
        let found = self
            .installation
            .get_or_try_init(|| locate(&self.servers, &self.programs));
        found.await.cloned()
    }

    /// Returns the directory of a server's socket, which may not exist yet.
    ///
    /// # Errors
    /// [`RunDirectoryError`] when no directory is short enough.
    pub fn sockets(&self, name: &str) -> Result<PathBuf, RunDirectoryError> {
        Ok(run_directory::locate(&self.run)?.join(socket_folder(name)))
    }

    /// Makes the directory in which servers make their own for sockets.
    ///
    /// # Errors
    /// [`RunDirectoryError`] when none is short enough or it cannot be made.
    pub fn make_run_directory(&self) -> Result<(), RunDirectoryError> {
        run_directory::create(&self.run).map(drop)
    }

    /// Removes the directory of a server's socket, and with the last of them everything around it.
    ///
    /// # Errors
    /// [`RunDirectoryError`] when something stays.
    pub fn remove_sockets(&self, name: &str) -> Result<(), RunDirectoryError> {
        let run = run_directory::locate(&self.run)?;
        folder::remove_tree(&run.join(socket_folder(name)))?;
        // Another server may make its own directory just now: only an empty one goes.
        folder::remove_if_empty(&run)?;
        if !run.exists() {
            run_directory::remove(&self.run)?;
        }
        Ok(())
    }

    /// Removes what a create left that was cut short before its marker was written.
    ///
    /// # Errors
    /// [`MarkerError`] when it is there and stays.
    pub fn remove_if_vacant(&self, name: &str) -> Result<(), MarkerError> {
        marker::remove_vacant(&self.folder_of(name))?;
        Ok(self.remove_if_empty()?)
    }

    /// Removes the folder of all servers once the last one is gone.
    ///
    /// # Errors
    /// [`DiskError`] when it is empty and stays.
    pub fn remove_if_empty(&self) -> Result<(), DiskError> {
        folder::remove_if_empty(&self.folder)
    }
}

/// Returns the name of a server's folder for its socket: its own, or the beginning of it and a hash.
fn socket_folder(name: &str) -> String {
    if PREFIX.len() + name.len() <= SOCKET_FOLDER_BYTES_MAX {
        return format!("{PREFIX}{name}");
    }
    let hash = &blake3::hash(name.as_bytes()).to_hex()[..8];
    let kept: String = name
        .chars()
        .take(SOCKET_FOLDER_BYTES_MAX - PREFIX.len() - 9)
        .collect();
    format!("{PREFIX}{kept}-{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_sockets_are_short_and_stay_apart() {
        assert_eq!(socket_folder("cache"), "r.cache");
        let (one, two) = (
            socket_folder("warehouse-node-11"),
            socket_folder("warehouse-node-12"),
        );
        assert_eq!(
            (one.len(), two.len()),
            (SOCKET_FOLDER_BYTES_MAX, SOCKET_FOLDER_BYTES_MAX)
        );
        assert_ne!(one, two);
        let longest = format!("/{one}/{SOCKET}");
        assert!(
            longest.len() <= crate::postgres::site::SOCKET_BYTES_MAX,
            "{longest}"
        );
    }
}
