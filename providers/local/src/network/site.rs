//! Where an environment keeps what it must remember of its networks: who owns a namespace and which address
//! went to whom. Whether they exist is always asked of the kernel.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use super::error::NetworkError;
use crate::host::disk::DiskError;
use crate::host::folder;
use crate::host::launch::{Launch, Place};
use crate::host::programs::Programs;
use crate::host::run::{RunRequest, run};

/// How long one command may take on a machine that is busy.
const COMMAND_WITHIN: Duration = Duration::from_secs(20);

/// The networks of one environment on this machine.
#[derive(Debug)]
pub struct Site {
    /// The folder of their files: `<environment>/network`.
    pub folder: PathBuf,
    /// Where the system's programs are.
    pub programs: Programs,
    /// Held while files of the folder are read and written again, and while namespaces get their names.
    pub(super) changes: Mutex<()>,
}

impl Site {
    /// Returns the site with its files in a folder, which need not exist yet.
    #[must_use]
    pub fn new(folder: PathBuf, programs: Programs) -> Self {
        Self {
            folder,
            programs,
            changes: Mutex::new(()),
        }
    }

    /// Returns the folder of a router or segment.
    #[must_use]
    pub fn folder_of(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Returns the identities of all routers and segments that have a folder.
    pub(super) fn remembered(&self) -> Result<Vec<String>, NetworkError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(DiskError::from_io("list", &self.folder, error).into()),
        };
        Ok(entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect())
    }

    /// Writes a file of a router or segment.
    pub(super) fn keep<T: Serialize>(&self, id: &str, file: &str, value: &T) -> Result<(), NetworkError> {
        let path = self.folder_of(id).join(file);
        let text = serde_json::to_vec_pretty(value).map_err(|source| NetworkError::Damaged {
            path: path.clone(),
            source,
        })?;
        folder::private_directory(&self.folder_of(id))?;
        Ok(folder::write_private(&path, &text)?)
    }

    /// Reads a file of a router or segment, if it is there.
    pub(super) fn kept<T: DeserializeOwned>(&self, id: &str, file: &str) -> Result<Option<T>, NetworkError> {
        let path = self.folder_of(id).join(file);
        let Some(text) = folder::read_if_present(&path)? else {
            return Ok(None);
        };
        serde_json::from_slice(&text)
            .map(Some)
            .map_err(|source| NetworkError::Damaged { path, source })
    }

    /// Forgets a router or segment, and the whole folder with the last of them.
    pub(super) fn forget(&self, id: &str) -> Result<(), NetworkError> {
        folder::remove_tree(&self.folder_of(id))?;
        Ok(folder::remove_if_empty(&self.folder)?)
    }

    /// Runs a script in a place and returns what it printed.
    pub(super) async fn script(&self, place: &Place, request: Script<'_>) -> Result<String, NetworkError> {
        let shell = self.programs.require("sh")?;
        let mut arguments: Vec<OsString> = vec!["-ec".into(), request.text.into(), "infra".into()];
        arguments.extend(request.arguments.iter().map(OsString::from));
        let launch = Launch {
            arguments,
            place: place.clone(),
            ..Launch::new(shell)
        };
        let launch = Launch {
            variables: [("LC_ALL".to_owned(), "C".into())].into(),
            ..launch
        };
        let input = request.input.as_bytes().to_vec();
        match run(
            RunRequest {
                launch,
                input,
                within: COMMAND_WITHIN,
            },
            &self.programs,
        )
        .await
        {
            Ok(output) => Ok(output.stdout),
            Err(source) => Err(NetworkError::Tool {
                action: request.action,
                source,
            }),
        }
    }
}

/// A short shell script; what it is given comes as arguments, so that nothing needs quoting.
#[derive(Debug)]
pub(super) struct Script<'a> {
    /// What it does, for an error: `make the link`.
    pub(super) action: String,
    /// Its text.
    pub(super) text: &'a str,
    /// Its arguments.
    pub(super) arguments: &'a [&'a str],
    /// Its standard input.
    pub(super) input: &'a str,
}

impl<'a> Script<'a> {
    pub(super) fn new(action: impl Into<String>, text: &'a str) -> Self {
        Self {
            action: action.into(),
            text,
            arguments: &[],
            input: "",
        }
    }
}

/// Returns a path as text; ours are made of names that are.
pub(super) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
