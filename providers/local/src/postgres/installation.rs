//! Finds the programs of one PostgreSQL major version, and says precisely where it looked when there are none.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::process::Command;

use super::parameter_kind::ParameterKind;

/// The oldest version that servers are configured for; older ones are not maintained any more.
const OLDEST_MAJOR: u16 = 14;

/// Folders that may hold server installations.
#[derive(Debug, Clone)]
pub struct SearchPath {
    /// Our own folder of installed servers; `postgresql-16/bin/postgres` is looked up below it first.
    pub servers: PathBuf,
    /// Folders of the system's packages; `16/bin/postgres` is looked up below each.
    pub system: Vec<PathBuf>,
}

impl SearchPath {
    /// Returns the search path with the folders that Debian's packages use.
    pub fn with_servers(servers: PathBuf) -> Self {
        Self {
            servers,
            system: vec![PathBuf::from("/usr/lib/postgresql")],
        }
    }

    /// Returns the major versions for which there is a server, without running any.
    #[must_use]
    pub fn majors(&self) -> BTreeSet<u16> {
        let names = |folder: &PathBuf| -> Vec<String> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect()
        };
        let own = names(&self.servers)
            .into_iter()
            .filter_map(|name| name.strip_prefix("postgresql-")?.parse().ok());
        let system = self
            .system
            .iter()
            .flat_map(names)
            .filter_map(|name| name.parse().ok());
        let is_there = |major: &u16| {
            self.roots(*major)
                .iter()
                .any(|root| root.join("bin/postgres").is_file())
        };
        own.chain(system)
            .filter(|major| *major >= OLDEST_MAJOR)
            .filter(is_there)
            .collect()
    }

    fn roots(&self, major: u16) -> Vec<PathBuf> {
        let own = self.servers.join(format!("postgresql-{major}"));
        let system = self.system.iter().map(|folder| folder.join(major.to_string()));
        std::iter::once(own).chain(system).collect()
    }
}

/// One installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The major version, such as 16.
    pub major: u16,
    /// The full version as the server prints it, such as `16.14`.
    pub version: String,
    /// The folder that holds `bin`.
    pub root: PathBuf,
}

/// Why an installation cannot be used.
#[derive(Debug, Error)]
pub enum InstallationError {
    /// No folder of the search path holds the server.
    #[error("PostgreSQL {major} is not installed; looked for: {}", display_paths(.looked))]
    Missing {
        /// The major version that was asked for.
        major: u16,
        /// Each file that would have been accepted.
        looked: Vec<PathBuf>,
    },
    /// A client program that the server's package lacks.
    #[error("`{program}` is missing from the PostgreSQL installation in `{}`", .root.display())]
    ProgramMissing {
        /// The program's name.
        program: &'static str,
        /// The installation's folder.
        root: PathBuf,
    },
    /// The program exists but does not run.
    #[error("`{}` cannot be run", .program.display())]
    NotRunnable {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// No PgBouncer is installed.
    #[error("PgBouncer is not installed; looked for: {}", display_paths(.looked))]
    PoolerMissing {
        /// Each file that would have been accepted.
        looked: Vec<PathBuf>,
    },
    /// The program that should be PgBouncer is something else.
    #[error("`{}` should be PgBouncer but says `{said}`", .program.display())]
    NotPooler {
        /// The program.
        program: PathBuf,
        /// The first line it printed.
        said: String,
    },
    /// The program runs but is not what its folder promises.
    #[error("`{}` should be PostgreSQL {expected} but says `{said}`", .program.display())]
    WrongVersion {
        /// The program.
        program: PathBuf,
        /// The major version that was asked for.
        expected: u16,
        /// The first line it printed.
        said: String,
    },
}

impl InstallationError {
    /// Returns what the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } | Self::ProgramMissing { .. } | Self::PoolerMissing { .. } => {
                Some("Install the servers with: scripts/install-servers".to_owned())
            }
            Self::NotRunnable { .. } | Self::WrongVersion { .. } | Self::NotPooler { .. } => None,
        }
    }
}

fn display_paths(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| format!("`{}`", path.display()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Finds the installation of a major version, and asks its server for the exact version.
pub async fn locate(search: &SearchPath, major: u16) -> Result<Installation, InstallationError> {
    let roots = search.roots(major);
    let Some(root) = roots.iter().find(|root| root.join("bin/postgres").is_file()) else {
        let looked = roots.iter().map(|root| root.join("bin/postgres")).collect();
        return Err(InstallationError::Missing { major, looked });
    };
    let program = root.join("bin/postgres");
    let said = version_text(&program).await?;
    match parse_version(&said) {
        Some((found, version)) if found == major => Ok(Installation {
            major,
            version,
            root: root.clone(),
        }),
        _ => Err(InstallationError::WrongVersion {
            program,
            expected: major,
            said,
        }),
    }
}

impl Installation {
    /// Returns the path of one of the installation's programs.
    pub fn program(&self, name: &'static str) -> Result<PathBuf, InstallationError> {
        let program = self.root.join("bin").join(name);
        if program.is_file() {
            return Ok(program);
        }
        Err(InstallationError::ProgramMissing {
            program: name,
            root: self.root.clone(),
        })
    }

    /// Says whether the server was built with TLS.
    ///
    /// The server refuses `ssl=on` by name when it was not, before it looks at any data.
    pub async fn has_tls(&self) -> Result<bool, InstallationError> {
        let answer = self
            .ask("ssl", &BTreeMap::from([("ssl".to_owned(), "on".to_owned())]))
            .await?;
        Ok(answer.is_ok())
    }

    /// Asks the server program for a parameter's value under the given settings, without a data directory.
    ///
    /// The inner error is the server's own message. This takes a few milliseconds, so settings can be checked before
    /// anything is written.
    pub async fn ask(
        &self,
        parameter: &str,
        settings: &BTreeMap<String, String>,
    ) -> Result<Result<String, String>, InstallationError> {
        let program = self.program("postgres")?;
        let mut command = Command::new(&program);
        command.args(["-C", parameter]);
        for file in ["config_file", "hba_file", "ident_file"] {
            command.arg("-c").arg(format!("{file}=/dev/null"));
        }
        // A folder without `postgresql.auto.conf`, so that nothing but the settings counts.
        command.args(["-c", "data_directory=/dev"]);
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let output = run(&program, command).await?;
        if output.status.success() {
            return Ok(Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()));
        }
        Ok(Err(server_message(&String::from_utf8_lossy(&output.stderr))))
    }

    /// Lists the parameters that the server knows without extensions, with what values they take.
    pub async fn parameters(&self) -> Result<BTreeMap<String, ParameterKind>, InstallationError> {
        let program = self.program("postgres")?;
        let mut command = Command::new(&program);
        command.arg("--describe-config");
        let output = run(&program, command).await?;
        Ok(String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(ParameterKind::parse)
            .collect())
    }

    /// Returns the folder that holds the control files of extensions, if the layout is a known one.
    pub fn extension_folder(&self) -> Option<PathBuf> {
        let major = self.major;
        let candidates = [
            self.root.join("share/postgresql/extension"),
            self.root.join("share/extension"),
            // Debian keeps architecture-independent files apart.
            PathBuf::from(format!("/usr/share/postgresql/{major}/extension")),
        ];
        candidates.into_iter().find(|folder| folder.is_dir())
    }

    /// Returns the folder that holds the server's loadable modules, if the layout is a known one.
    pub fn module_folder(&self) -> Option<PathBuf> {
        let candidates = [self.root.join("lib/postgresql"), self.root.join("lib")];
        candidates
            .into_iter()
            .find(|folder| folder.join("plpgsql.so").is_file() || folder.join("plpgsql.dylib").is_file())
    }
}

/// Returns what `<program> --version` prints.
pub(super) async fn version_text(program: &Path) -> Result<String, InstallationError> {
    let mut command = Command::new(program);
    command.arg("--version");
    let output = run(program, command).await?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

async fn run(program: &Path, mut command: Command) -> Result<std::process::Output, InstallationError> {
    command
        .stdin(std::process::Stdio::null())
        .env("LC_ALL", "C")
        .kill_on_drop(true);
    let output = command.output().await;
    output.map_err(|source| InstallationError::NotRunnable {
        program: program.to_owned(),
        source,
    })
}

/// Reads `postgres (PostgreSQL) 16.14 (Debian 16.14-1)` into its major and full version.
fn parse_version(line: &str) -> Option<(u16, String)> {
    let rest = line.split_once("(PostgreSQL) ")?.1;
    let version = rest.split_whitespace().next()?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((digits.parse().ok()?, version.to_owned()))
}

/// Reduces what the server wrote to its message and hint, without the time and process at the start of each line.
fn server_message(stderr: &str) -> String {
    let part = |mark: &str| {
        stderr
            .lines()
            .find_map(|line| Some(line.split_once(mark)?.1.trim().to_owned()))
    };
    match (part("FATAL:"), part("HINT:")) {
        (Some(message), Some(hint)) => format!("{message} ({hint})"),
        (Some(message), None) => message,
        _ => stderr.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn versions_of_all_packagers_are_read() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 16.14"),
            Some((16, "16.14".to_owned()))
        );
        assert_eq!(
            parse_version("postgres (PostgreSQL) 16.4 (Debian 16.4-1.pgdg120+1)"),
            Some((16, "16.4".to_owned()))
        );
        assert_eq!(
            parse_version("postgres (PostgreSQL) 17beta1"),
            Some((17, "17beta1".to_owned()))
        );
        assert_eq!(parse_version("mysqld 8.0"), None);
    }

    #[tokio::test]
    async fn a_missing_server_names_every_place_that_was_tried() {
        let search = SearchPath {
            servers: "/none/servers".into(),
            system: vec!["/none/lib".into()],
        };
        let error = locate(&search, 16).await.unwrap_err();
        assert_snapshot!(error, @"PostgreSQL 16 is not installed; looked for: `/none/servers/postgresql-16/bin/postgres`, `/none/lib/16/bin/postgres`");
        assert_snapshot!(error.hint().unwrap(), @"Install the servers with: scripts/install-servers");
    }

    #[test]
    fn the_servers_message_loses_its_log_prefix() {
        let stderr = "2026-11-21 01:44:05.711 GMT [14604] FATAL:  invalid value for parameter \"work_mem\": \"4MBB\"\n\
                      2026-11-21 01:44:05.711 GMT [14604] HINT:  Valid units for this parameter are \"B\" and \"kB\".\n";
        assert_snapshot!(server_message(stderr), @r#"invalid value for parameter "work_mem": "4MBB" (Valid units for this parameter are "B" and "kB".)"#);
    }
}
