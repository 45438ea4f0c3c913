//! Where an environment keeps its stores of blobs, and what all operations on them share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use infra_model::sealing::{Sealing, open_value, seal_value};
use infra_model::value::{Attributes, Value};

use super::error::BlobError;
use crate::host::folder;
use crate::host::run_directory::RunDirectoryError;
use crate::postgres::marker;
use crate::postgres::site::PostgresSite;
use crate::settings::LocalSettings;

/// The socket through which a server is told its bucket and keys.
const CONTROL: &str = "control";

/// The stores of blobs of one environment.
pub struct BlobSite {
    /// The folder of all stores: `<environment>/blob`.
    pub folder: PathBuf,
    /// The program that serves: this binary.
    pub program: PathBuf,
    /// What is common to all servers of the environment: networks, programs, and the directory of sockets.
    pub servers: Arc<PostgresSite>,
    sealing: Arc<dyn Sealing>,
}

impl BlobSite {
    /// Returns the site of an environment; nothing is made yet.
    #[must_use]
    pub fn new(settings: &LocalSettings, servers: Arc<PostgresSite>) -> Self {
        Self {
            folder: settings.folder.join("blob"),
            program: settings.program.clone(),
            servers,
            sealing: settings.sealing.clone(),
        }
    }

    /// Returns the folder of a store.
    #[must_use]
    pub fn folder_of(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the socket of a store, which may not exist yet.
    ///
    /// # Errors
    /// [`RunDirectoryError`] when no directory is short enough.
    pub fn control(&self, name: &str) -> Result<PathBuf, RunDirectoryError> {
        Ok(self.servers.sockets(&socket_name(name))?.join(CONTROL))
    }

    /// Removes the socket of a store with its directory.
    ///
    /// # Errors
    /// [`RunDirectoryError`] when something stays.
    pub fn remove_control(&self, name: &str) -> Result<(), RunDirectoryError> {
        self.servers.remove_sockets(&socket_name(name))
    }

    /// Removes what a create left that was cut short before its marker was written.
    ///
    /// # Errors
    /// [`BlobError`] when it is there and stays.
    pub fn remove_if_vacant(&self, name: &str) -> Result<(), BlobError> {
        marker::remove_vacant(&self.folder_of(name))?;
        self.remove_if_empty()
    }

    /// Removes the folder of all stores once the last one is gone.
    ///
    /// # Errors
    /// [`BlobError`] when it is empty and stays.
    pub fn remove_if_empty(&self) -> Result<(), BlobError> {
        Ok(folder::remove_if_empty(&self.folder)?)
    }

    /// Returns inputs as they may lie in a file: secrets sealed.
    #[must_use]
    pub fn sealed(&self, inputs: &Attributes) -> Attributes {
        let values = inputs.iter();
        values
            .map(|(name, value)| (name.clone(), seal_value(value.clone(), &*self.sealing)))
            .collect()
    }
}

impl BlobSite {
    /// Returns inputs that lay in a file, with their secrets in clear.
    ///
    /// # Errors
    /// [`BlobError::Sealed`] when a seal does not open.
    pub fn opened(&self, inputs: &Attributes) -> Result<Attributes, BlobError> {
        let open = |(name, value): (&String, &Value)| {
            let opened = open_value(value.clone(), &*self.sealing).map_err(BlobError::Sealed)?;
            Ok((name.clone(), opened))
        };
        inputs.iter().map(open).collect()
    }
}

impl fmt::Debug for BlobSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobSite").field("folder", &self.folder).finish()
    }
}

/// A point is in no name of a server, so no other server has this directory.
fn socket_name(name: &str) -> String {
    format!("blob.{name}")
}
