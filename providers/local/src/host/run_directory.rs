//! A short directory for an environment's unix sockets. Their whole path may have 107 bytes, so a deep
//! project needs another place than its own folder. A temporary directory is never used: it differs between
//! shells and is swept, and then the servers behind the sockets are lost from sight.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::disk::DiskError;
use super::folder;

/// Longest path of a unix socket that Linux accepts, without the closing zero byte.
pub const SOCKET_PATH_BYTES_MAX: usize = 107;

/// What decides where an environment's sockets are.
#[derive(Debug, Clone)]
pub struct RunDirectoryRequest {
    /// The environment's own folder, absolute and real: `<stack>/.infra/<environment>`.
    pub environment: PathBuf,
    /// The user's runtime directory (on systemd `/run/user/<uid>`), if the caller knows one.
    pub runtime: Option<PathBuf>,
    /// The user's home, if the caller knows it.
    pub home: Option<PathBuf>,
    /// Length of the longest path below the directory, with its leading slash.
    pub socket_bytes: usize,
}

/// Why an environment has no directory for sockets.
#[derive(Debug, thiserror::Error)]
pub enum RunDirectoryError {
    /// Each candidate is longer than a socket's path may be.
    #[error("No directory is short enough for the sockets of `{}`", environment.display())]
    TooLong {
        /// The environment's folder.
        environment: PathBuf,
    },
    /// The chosen directory cannot be made.
    #[error("Cannot make the directory for sockets")]
    Disk(#[from] DiskError),
}

impl RunDirectoryError {
    /// Returns what a person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooLong { .. } => Some("Move the stack to a folder with a shorter path".to_owned()),
            Self::Disk(error) => error.hint(),
        }
    }
}

/// Returns where the sockets of an environment are, or will be.
///
/// A choice once made holds, even if the next shell knows another runtime directory: `run` in the
/// environment's folder is then a link to it.
///
/// # Errors
/// [`RunDirectoryError::TooLong`] when no candidate leaves room for the longest socket.
pub fn locate(request: &RunDirectoryRequest) -> Result<PathBuf, RunDirectoryError> {
    match std::fs::read_link(own_place(request)) {
        Ok(chosen) => Ok(chosen),
        Err(_) => choose(request),
    }
}

/// Makes the directory for an environment's sockets and returns it.
///
/// # Errors
/// [`RunDirectoryError`] when none is short enough or the chosen one cannot be made.
pub fn create(request: &RunDirectoryRequest) -> Result<PathBuf, RunDirectoryError> {
    let path = locate(request)?;
    let link = own_place(request);
    if path != link && !link.is_symlink() {
        folder::private_directory(&request.environment)?;
        std::os::unix::fs::symlink(&path, &link)
            .map_err(|source| DiskError::from_io("link", &link, source))?;
    }
    folder::private_directory(&path)?;
    Ok(path)
}

/// Removes every directory that may have held the environment's sockets.
///
/// All candidates, not only the one in use: a crash may have come between the link and the directory.
///
/// # Errors
/// [`DiskError`] when one is there and stays.
pub fn remove(request: &RunDirectoryRequest) -> Result<(), DiskError> {
    let link = own_place(request);
    if let Ok(chosen) = std::fs::read_link(&link) {
        folder::remove_tree(&chosen)?;
        folder::remove_file(&link)?;
    }
    candidates(request)
        .iter()
        .try_for_each(|path| folder::remove_tree(path))
}

fn own_place(request: &RunDirectoryRequest) -> PathBuf {
    request.environment.join("run")
}

fn choose(request: &RunDirectoryRequest) -> Result<PathBuf, RunDirectoryError> {
    let fits = |path: &PathBuf| path.as_os_str().len() + request.socket_bytes <= SOCKET_PATH_BYTES_MAX;
    candidates(request)
        .into_iter()
        .find(fits)
        .ok_or_else(|| RunDirectoryError::TooLong {
            environment: request.environment.clone(),
        })
}

fn candidates(request: &RunDirectoryRequest) -> Vec<PathBuf> {
    // The hash keeps environments apart where they share a parent.
    let name = format!("infra-{}", short_hash(&request.environment));
    let mut found = vec![own_place(request)];
    found.extend(request.runtime.as_ref().map(|runtime| runtime.join(&name)));
    if rustix::process::geteuid().is_root() {
        found.push(Path::new("/run").join(&name));
    }
    found.extend(
        request
            .home
            .as_ref()
            .map(|home| home.join(".infra/run").join(&name)),
    );
    found
}

fn short_hash(path: &Path) -> String {
    blake3::hash(path.as_os_str().as_bytes()).to_hex()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(environment: &str) -> RunDirectoryRequest {
        RunDirectoryRequest {
            environment: PathBuf::from(environment),
            runtime: Some(PathBuf::from("/run/user/1000")),
            home: Some(PathBuf::from("/home/jo")),
            socket_bytes: 30,
        }
    }

    #[test]
    fn a_shallow_project_keeps_its_sockets() {
        assert_eq!(
            choose(&request("/srv/shop/.infra/local")).unwrap(),
            Path::new("/srv/shop/.infra/local/run")
        );
    }

    #[test]
    fn deep_projects_get_short_directories_of_their_own() {
        let deep = format!("/srv/{}", "deep/".repeat(20));
        let one = choose(&request(&format!("{deep}one"))).unwrap();
        let two = choose(&request(&format!("{deep}two"))).unwrap();
        assert!(one.starts_with("/run/user/1000"));
        assert_ne!(one, two);
    }

    #[test]
    fn without_any_short_place_the_error_says_so() {
        let mut request = request(&format!("/srv/{}", "deep/".repeat(20)));
        request.socket_bytes = 105;
        let error = choose(&request).unwrap_err();
        assert!(error.to_string().starts_with("No directory is short enough"));
    }

    #[test]
    fn a_choice_holds_in_a_shell_with_another_runtime_directory() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("deep/".repeat(20));
        std::fs::create_dir_all(&deep).unwrap();
        let mut request = request("unused");
        request.environment = deep;
        request.runtime = Some(folder.path().to_owned());
        let path = create(&request).unwrap();
        request.runtime = None;
        request.home = None;
        assert_eq!(locate(&request).unwrap(), path);
        remove(&request).unwrap();
        assert!(!path.exists());
        assert!(!own_place(&request).is_symlink());
    }

    #[test]
    fn a_directory_made_is_removed_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut request = request("unused");
        request.environment = folder.path().to_owned();
        let path = create(&request).unwrap();
        std::fs::write(path.join("socket"), "").unwrap();
        remove(&request).unwrap();
        assert!(!path.exists());
    }
}
