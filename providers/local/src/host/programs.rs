//! Where the system's programs are. The search path is a value, because only the command line reads the
//! environment, and administration tools are often outside a user's own `PATH`.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Directories that are always searched, after those that the caller names.
const SYSTEM_DIRECTORIES: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// Which Debian package brings a program, for the hint of [`MissingProgram`].
const PACKAGES: [(&str, &str); 8] = [
    ("bash", "bash"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("nsenter", "util-linux"),
    ("pgbouncer", "pgbouncer"),
    ("setsid", "util-linux"),
    ("sleep", "coreutils"),
    ("unshare", "util-linux"),
];

/// A program that the machine does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The program `{name}` is not installed")]
pub struct MissingProgram {
    /// The name that was searched for.
    pub name: String,
}

impl MissingProgram {
    /// Returns what a person can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match PACKAGES.iter().find(|(program, _)| *program == self.name) {
            Some((_, package)) => format!("Install it, on Debian with: apt-get install {package}"),
            None => format!("Install `{}` or add its directory to `PATH`", self.name),
        }
    }
}

/// The directories in which programs are searched, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    directories: Vec<PathBuf>,
}

impl Programs {
    /// Searches the given directories first, then the system's own.
    #[must_use]
    pub fn new(first: Vec<PathBuf>) -> Self {
        let mut directories = first;
        directories.extend(SYSTEM_DIRECTORIES.iter().map(PathBuf::from));
        Self { directories }
    }

    /// Searches the given directories and no others.
    #[must_use]
    pub fn only(directories: Vec<PathBuf>) -> Self {
        Self { directories }
    }

    /// Returns the full path of a program, if the machine has it.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        self.directories
            .iter()
            .map(|directory| directory.join(name))
            .find(|path| is_program(path))
    }

    /// Returns the full path of a program that must be there.
    ///
    /// # Errors
    /// [`MissingProgram`] when no directory holds it.
    pub fn require(&self, name: &str) -> Result<PathBuf, MissingProgram> {
        self.find(name).ok_or_else(|| MissingProgram {
            name: name.to_owned(),
        })
    }

    /// Returns the directories as the value of a `PATH` variable.
    #[must_use]
    pub fn path_variable(&self) -> OsString {
        let mut joined = OsString::new();
        for directory in &self.directories {
            if !joined.is_empty() {
                joined.push(":");
            }
            joined.push(directory);
        }
        joined
    }
}

impl Default for Programs {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_outside_the_callers_path_is_found() {
        assert!(
            Programs::new(vec![PathBuf::from("/nowhere")])
                .find("sh")
                .is_some()
        );
    }

    #[test]
    fn a_missing_program_names_its_package() {
        let missing = Programs::only(Vec::new()).require("nft").unwrap_err();
        assert_eq!(missing.to_string(), "The program `nft` is not installed");
        assert_eq!(
            missing.hint(),
            "Install it, on Debian with: apt-get install nftables"
        );
    }

    #[test]
    fn a_file_that_cannot_run_is_not_a_program() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("infra-test-tool"), "text").unwrap();
        assert_eq!(
            Programs::new(vec![folder.path().to_owned()]).find("infra-test-tool"),
            None
        );
    }
}
