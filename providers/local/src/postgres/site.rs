//! Where an environment keeps its PostgreSQL servers, and what all operations on them share.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra_model::snapshot::Lineage;
use tokio::sync::Mutex;

use super::installation::{SearchPath, locate};
use super::marker::MarkerError;
use super::tools::{Tools, ToolsError, assemble};
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::programs::Programs;
use crate::host::run_directory::{self, RunDirectoryError, RunDirectoryRequest};
use crate::network;
use crate::settings::LocalSettings;

/// Longest path of a socket below the run directory: a server's folder and `.s.PGSQL.` with a port.
pub(crate) const SOCKET_BYTES_MAX: usize = 1 + SOCKET_FOLDER_BYTES_MAX + 1 + ".s.PGSQL.65535".len();
/// Longest name of the folder of a socket: each byte more sends more projects to a directory of their own elsewhere.
const SOCKET_FOLDER_BYTES_MAX: usize = 16;
/// Longest name of a server, which is also that of its folders.
pub const NAME_BYTES_MAX: usize = 48;

/// The folder of templates that only this environment uses; no server can have that name.
const OWN_TEMPLATES: &str = ".templates";

/// The PostgreSQL servers of one environment.
#[derive(Debug)]
pub struct PostgresSite {
    /// The folder of all servers: `<environment>/postgres`.
    pub folder: PathBuf,
    /// Where server programs are.
    pub servers: PathBuf,
    /// Everything else that is run.
    pub programs: Programs,
    /// The state that owns what is made.
    pub lineage: Lineage,
    /// The networks that servers join.
    pub network: Arc<network::site::Site>,
    /// Held by whoever starts a server for a question: two who ask at once start it once.
    pub waking: Mutex<()>,
    run: RunDirectoryRequest,
    tools: Mutex<BTreeMap<u16, Tools>>,
}

impl PostgresSite {
    /// Returns the site of an environment; nothing is made yet.
    #[must_use]
    pub fn new(settings: &LocalSettings, network: Arc<network::site::Site>) -> Self {
        Self {
            folder: settings.folder.join("postgres"),
            servers: settings.servers.clone(),
            programs: Programs::new(settings.path.clone()),
            lineage: settings.lineage.clone(),
            network,
            waking: Mutex::default(),
            run: RunDirectoryRequest {
                environment: settings.folder.clone(),
                runtime: settings.runtime.clone(),
                home: settings.home.clone(),
                socket_bytes: SOCKET_BYTES_MAX,
            },
            tools: Mutex::default(),
        }
    }

    /// Returns the folder of a server or pooler.
    #[must_use]
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns where templates are kept: with the servers, so that all environments share them, unless only an
    /// administrator may write there.
    #[must_use]
    pub fn templates(&self) -> PathBuf {
        let shared = self.servers.join("templates");
        let probe = if shared.is_dir() { &shared } else { &self.servers };
        match rustix::fs::access(probe, rustix::fs::Access::WRITE_OK) {
            Ok(()) => shared,
            Err(_) => self.folder.join(OWN_TEMPLATES),
        }
    }

    /// Returns the directory of a server's or pooler's socket, which may not exist yet.
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

    /// Removes the directory of a server's or pooler's socket, and with the last of them everything around it.
    ///
    /// # Errors
    /// [`RunDirectoryError`] when something stays.
    pub fn remove_sockets(&self, name: &str) -> Result<(), RunDirectoryError> {
        let run = run_directory::locate(&self.run)?;
        folder::remove_tree(&run.join(socket_folder(name)))?;
        if is_empty(&run) {
            run_directory::remove(&self.run)?;
        }
        Ok(())
    }

    /// Removes what a create left that was cut short before its marker was written.
    ///
    /// # Errors
    /// [`MarkerError`] when it is there and stays.
    pub fn remove_if_vacant(&self, name: &str) -> Result<(), MarkerError> {
        super::marker::remove_vacant(&self.folder_of(name))?;
        Ok(self.remove_if_empty()?)
    }

    /// Removes the folder of all servers once the last one is gone.
    ///
    /// # Errors
    /// [`DiskError`] when it is empty and stays.
    pub fn remove_if_empty(&self) -> Result<(), DiskError> {
        let is_template = |entry: &std::fs::DirEntry| entry.file_name() == OWN_TEMPLATES;
        let only_templates = std::fs::read_dir(&self.folder)
            .is_ok_and(|mut entries| entries.all(|entry| entry.as_ref().is_ok_and(is_template)));
        if only_templates {
            folder::remove_tree(&self.folder.join(OWN_TEMPLATES))?;
        }
        folder::remove_if_empty(&self.folder)
    }

    /// Returns the programs of a major version, looked up once.
    ///
    /// # Errors
    /// [`ToolsError`] when the version is not installed.
    pub async fn tools(&self, major: u16) -> Result<Tools, ToolsError> {
        let mut known = self.tools.lock().await;
        if let Some(tools) = known.get(&major) {
            return Ok(tools.clone());
        }
        let search = SearchPath::with_servers(self.servers.clone());
        let installation = locate(&search, major).await?;
        let tools = assemble(installation, self.programs.clone()).await?;
        known.insert(major, tools.clone());
        Ok(tools)
    }
}

/// Returns the name of a server's folder for its socket: its own, or the beginning of it and a hash.
fn socket_folder(name: &str) -> String {
    if name.len() <= SOCKET_FOLDER_BYTES_MAX {
        return name.to_owned();
    }
    let kept: String = name.chars().take(SOCKET_FOLDER_BYTES_MAX - 9).collect();
    format!("{kept}-{}", &blake3::hash(name.as_bytes()).to_hex()[..8])
}

fn is_empty(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_sockets_are_short_and_stay_apart() {
        assert_eq!(socket_folder("main-replica-1"), "main-replica-1");
        let (one, two) = (
            socket_folder("warehouse-replica-1"),
            socket_folder("warehouse-replica-2"),
        );
        assert_eq!(
            (one.len(), two.len()),
            (SOCKET_FOLDER_BYTES_MAX, SOCKET_FOLDER_BYTES_MAX)
        );
        assert_ne!(one, two);
    }
}
