//! The file that says that an environment was stopped on purpose.

use std::path::{Path, PathBuf};

use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::rest::{Rest, Resting};

use crate::host::disk::DiskError;
use crate::host::folder;

/// Stands in the folder of a stopped environment.
const FILE: &str = "stopped.json";

/// Remembers whether the environment in a folder rests.
#[derive(Debug)]
pub struct RestFile {
    path: PathBuf,
}

impl RestFile {
    /// Returns the file of an environment; nothing is read yet.
    #[must_use]
    pub fn new(environment: &Path) -> Self {
        RestFile {
            path: environment.join(FILE),
        }
    }
}

impl Rest for RestFile {
    fn resting(&self) -> Result<Option<Resting>, ProviderError> {
        let failed = |message: String| {
            ProviderError::rejected(
                ErrorKind::Environment,
                "see whether the environment was stopped",
                message,
            )
        };
        let bytes = folder::read_if_present(&self.path).map_err(|error| failed(error.to_string()))?;
        let read = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes).map_err(|error| {
                let file = self.path.display();
                failed(format!("`{file}` is damaged: {error}")).hint(format!(
                    "Remove it; then an apply takes what does not run for broken: rm '{file}'"
                ))
            })
        };
        bytes.map(read).transpose()
    }

    fn set(&self, resting: Option<&Resting>) -> Result<(), ProviderError> {
        let failed = |error: DiskError| {
            let message = error.to_string();
            let failed =
                ProviderError::rejected(ErrorKind::Environment, "remember whether it was stopped", message);
            match error.hint() {
                Some(hint) => failed.hint(hint),
                None => failed,
            }
        };
        match resting {
            None => folder::remove_file(&self.path).map_err(failed),
            Some(resting) => {
                let bytes = serde_json::to_vec(resting).map_err(|error| {
                    ProviderError::rejected(ErrorKind::Bug, "remember that it was stopped", error.to_string())
                })?;
                folder::write_private(&self.path, &bytes).map_err(failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_remembered_is_read_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let file = RestFile::new(folder.path());
        assert_eq!(file.resting().unwrap(), None);
        let resting = Resting {
            since: infra_model::clock::Timestamp::default(),
            by: "ada@here, process 1".to_owned(),
        };
        file.set(Some(&resting)).unwrap();
        assert_eq!(file.resting().unwrap(), Some(resting));
        file.set(None).unwrap();
        file.set(None).unwrap();
        assert_eq!(file.resting().unwrap(), None);
    }

    #[test]
    fn a_damaged_file_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "{").unwrap();
        let error = RestFile::new(folder.path()).resting().unwrap_err();
        assert!(error.hint.unwrap().contains("rm '"));
    }
}
