//! Finds an installed Redis or Valkey: the same protocol, the same files, another name.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use thiserror::Error;
use tokio::process::Command;

use crate::host::programs::Programs;

/// The oldest major version that has what is used here: several points of `save` in one line, the port of the bus.
const MAJOR_MIN: u16 = 7;
/// Settings that no server takes: one stops at the first that it does not know and names it, so that it never starts.
const REFUSED: [&str; 4] = ["--tls-port", "0", "--not-a-setting", "0"];
/// The names of the program, and what they are links to where one file is all programs.
pub(super) const NAMES: [&str; 4] = [
    "redis-server",
    "valkey-server",
    "redis-check-rdb",
    "valkey-check-rdb",
];

/// An installed server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisInstallation {
    /// The program.
    pub program: PathBuf,
    /// Its major version.
    pub major: u16,
    /// Whether it was built with TLS.
    pub tls: bool,
    /// Its whole version, for people.
    pub version: String,
    /// The folder of libraries that the system may not have, if the program brings them along.
    pub libraries: Option<PathBuf>,
}

/// Why there is no server to start.
#[derive(Debug, Error)]
pub enum InstallationError {
    /// Neither Redis nor Valkey is there.
    #[error("Neither Redis nor Valkey is installed; looked for {}", .looked.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", "))]
    Missing {
        /// Where was looked.
        looked: Vec<PathBuf>,
    },
    /// It cannot be run.
    #[error("`{}` does not run", .program.display())]
    NotRunnable {
        /// The program.
        program: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is something else.
    #[error("`{}` does not say which version it is: {said}", .program.display())]
    Unknown {
        /// The program.
        program: PathBuf,
        /// What it said.
        said: String,
    },
    /// It was built without TLS.
    #[error("`{}` was built without TLS", .program.display())]
    WithoutTls {
        /// The program.
        program: PathBuf,
    },
    /// It is too old.
    #[error("`{}` is Redis {version}, and {MAJOR_MIN} is the oldest that can be managed", .program.display())]
    Old {
        /// The program.
        program: PathBuf,
        /// Its version.
        version: String,
    },
}

/// Returns what to do where no server is installed.
#[must_use]
pub fn hint() -> String {
    "Install it with `scripts/install-servers`, or on Debian with: apt-get install redis-server".to_owned()
}

/// Finds an installed server, our own before the system's, and asks it for its version.
///
/// # Errors
/// [`InstallationError`] when there is none, or none that can be used.
pub async fn locate(servers: &Path, programs: &Programs) -> Result<RedisInstallation, InstallationError> {
    let own = servers.join("redis/bin/redis-server");
    let installed = || {
        programs
            .find("redis-server")
            .or_else(|| programs.find("valkey-server"))
    };
    let found = if own.is_file() {
        Some(own.clone())
    } else {
        installed()
    };
    match found {
        Some(program) => inspect(program).await,
        None => Err(InstallationError::Missing {
            looked: vec![own, "redis-server".into(), "valkey-server".into()],
        }),
    }
}

async fn inspect(program: PathBuf) -> Result<RedisInstallation, InstallationError> {
    let libraries = libraries(&program);
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.envs(variables(libraries.as_deref()));
        command.kill_on_drop(true).output()
    };
    let (output, refusal) = tokio::join!(ask(&["--version"]), ask(&REFUSED));
    let not_runnable = |source| InstallationError::NotRunnable {
        program: program.clone(),
        source,
    };
    let (output, refusal) = (output.map_err(not_runnable)?, refusal.map_err(not_runnable)?);
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let Some((major, version)) = parse_version(&said) else {
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let said = if said.is_empty() { stderr } else { said };
        return Err(InstallationError::Unknown { program, said });
    };
    if major < MAJOR_MIN {
        return Err(InstallationError::Old { program, version });
    }
    Ok(RedisInstallation {
        program,
        major,
        tls: knows_tls(&String::from_utf8_lossy(&refusal.stderr)),
        version,
        libraries,
    })
}

/// Returns what the loader must be told of libraries that lie beside a program.
pub(super) fn variables(libraries: Option<&Path>) -> Option<(String, OsString)> {
    libraries.map(|folder| ("LD_LIBRARY_PATH".to_owned(), folder.into()))
}

/// Only our own tree has its libraries beside `bin`: those of a system are where the loader looks anyway.
fn libraries(program: &Path) -> Option<PathBuf> {
    let tree = program.parent()?.parent()?;
    let folder = tree.join("lib");
    (tree.ends_with("redis") && folder.is_dir()).then_some(folder)
}

/// Says from what a server said of settings that it must refuse whether it knows those of TLS.
fn knows_tls(said: &str) -> bool {
    said.contains("not-a-setting") && !said.contains("'tls-port")
}

/// Reads `Redis server v=7.0.15 sha=…` or `Valkey server v=8.0.1 sha=…` into major and whole version.
fn parse_version(said: &str) -> Option<(u16, String)> {
    let version = said.split_once(" v=")?.1.split_whitespace().next()?;
    let major = version.split('.').next()?.parse().ok()?;
    Some((major, version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_and_valkey_say_their_version_alike() {
        let redis = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=e08d";
        assert_eq!(parse_version(redis), Some((7, "7.0.15".to_owned())));
        let valkey = "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=1234";
        assert_eq!(parse_version(valkey), Some((8, "8.0.1".to_owned())));
        assert_eq!(parse_version("memcached 1.6"), None);
    }

    #[test]
    fn a_server_that_knows_tls_stops_at_the_next_setting() {
        let with = ">>> 'not-a-setting \"0\"'\nBad directive or wrong number of arguments\n";
        let without = ">>> 'tls-port \"0\"'\nBad directive or wrong number of arguments\n";
        assert!(knows_tls(with));
        assert!(!knows_tls(without) && !knows_tls("Segmentation fault"));
    }

    #[tokio::test]
    async fn what_is_missing_is_named() {
        let error = locate(Path::new("/nonexistent"), &Programs::only(Vec::new()))
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "Neither Redis nor Valkey is installed; looked for `/nonexistent/redis/bin/redis-server`, \
             `redis-server`, `valkey-server`"
        );
    }

    #[tokio::test]
    async fn a_server_that_is_too_old_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("redis/bin");
        std::fs::create_dir_all(&bin).unwrap();
        let program = bin.join("redis-server");
        std::fs::write(&program, "#!/bin/sh\necho 'Redis server v=6.0.16 sha=0'\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        let error = locate(folder.path(), &Programs::default()).await.unwrap_err();
        assert!(
            error.to_string().contains("is Redis 6.0.16, and 7 is the oldest"),
            "{error}"
        );
    }
}
