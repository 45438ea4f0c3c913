//! What to execute, where and as whom: the part that a server and a short-lived tool have in common. The
//! chain of wrappers only ever replaces itself, so the process number we get is the program's own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use super::process::find::OWNER_VARIABLE;
use super::programs::{MissingProgram, Programs};

/// The user id under which a program sees itself when it must not see root.
const NOBODY: &str = "65534";

/// Where a program runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// On the host, as this process.
    Host,
    /// In a network namespace of the host; needs root.
    Namespace {
        /// The file that stands for the namespace.
        file: PathBuf,
    },
    /// In user, mount and network namespaces of its own, as root of these; needs no root.
    Fresh,
    /// In the user and mount namespaces of a holder process, without root.
    Holder {
        /// The holder's process number.
        pid: u32,
        /// The file, as the holder sees it, of a network namespace; the holder's own if there is none.
        file: Option<PathBuf>,
    },
}

/// As whom a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// As this process, whoever that is.
    Caller,
    /// As somebody who is not root in the program's own eyes, while its files stay the caller's.
    NotRoot,
}

/// A program with all that it is given. Its environment starts empty.
#[derive(Clone)]
pub struct Launch {
    /// The program's full path.
    pub program: PathBuf,
    /// Its arguments; everybody on the machine can read them.
    pub arguments: Vec<OsString>,
    /// Its environment, beyond `PATH` and the owner.
    pub variables: BTreeMap<String, OsString>,
    /// The directory in which it starts.
    pub working_directory: PathBuf,
    /// Where it runs.
    pub place: Place,
    /// As whom it runs.
    pub account: Account,
    /// The ownership tag of the resource that it serves, if it must be found again after a crash.
    pub owner: Option<String>,
}

impl Launch {
    /// A program on the host, as the caller, with nothing but its path.
    #[must_use]
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            arguments: Vec::new(),
            variables: BTreeMap::new(),
            working_directory: PathBuf::from("/"),
            place: Place::Host,
            account: Account::Caller,
            owner: None,
        }
    }
}

impl fmt::Debug for Launch {
    /// Names the variables only: a value may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Launch")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("variables", &self.variables.keys().collect::<Vec<_>>())
            .field("working_directory", &self.working_directory)
            .field("place", &self.place)
            .field("account", &self.account)
            .field("owner", &self.owner)
            .finish()
    }
}

/// Returns the command line that enters a place, to be put before a program; empty for the host.
///
/// # Errors
/// [`MissingProgram`] when the machine lacks `nsenter`.
pub fn entry(place: &Place, programs: &Programs) -> Result<Vec<OsString>, MissingProgram> {
    let nsenter = || programs.require("nsenter").map(OsString::from);
    let join = |file: &PathBuf| -> Result<[OsString; 2], MissingProgram> {
        let mut option = OsString::from("--net=");
        option.push(file);
        Ok([nsenter()?, option])
    };
    Ok(match place {
        Place::Host => Vec::new(),
        Place::Namespace { file } => join(file)?.to_vec(),
        Place::Fresh => {
            let mut words = vec![programs.require("unshare")?.into()];
            words.extend(["--user", "--map-root-user", "--mount", "--net"].map(OsString::from));
            words
        }
        Place::Holder { pid, file } => {
            let mut words = vec![nsenter()?, "--target".into(), pid.to_string().into()];
            words.extend(["--user", "--mount", "--net", "--preserve-credentials"].map(OsString::from));
            // The file is opened before any namespace is joined, so a second step must open it.
            if let Some(file) = file {
                words.extend(join(file)?);
            }
            words
        }
    })
}

/// Builds the command of a launch: first the caller's own wrapper, then those for place and account.
///
/// # Errors
/// [`MissingProgram`] when the machine lacks a wrapper.
pub(crate) fn command(
    launch: &Launch,
    wrapper: Vec<OsString>,
    programs: &Programs,
) -> Result<tokio::process::Command, MissingProgram> {
    let mut words = wrapper;
    words.extend(entry(&launch.place, programs)?);
    words.extend(directory_wrapper(launch, programs)?);
    words.extend(account_wrapper(launch, programs)?);
    words.push(launch.program.clone().into());
    words.extend(launch.arguments.iter().cloned());
    let mut command = tokio::process::Command::new(words.remove(0));
    command
        .args(words)
        .current_dir(&launch.working_directory)
        .env_clear();
    command
        .env("PATH", programs.path_variable())
        .envs(&launch.variables);
    if let Some(owner) = &launch.owner {
        command.env(OWNER_VARIABLE, owner);
    }
    Ok(command)
}

/// Entering a mount namespace moves the process to its root.
fn directory_wrapper(launch: &Launch, programs: &Programs) -> Result<Vec<OsString>, MissingProgram> {
    if !matches!(launch.place, Place::Holder { .. }) {
        return Ok(Vec::new());
    }
    let mut option = OsString::from("--chdir=");
    option.push(&launch.working_directory);
    Ok(vec![programs.require("env")?.into(), option])
}

fn account_wrapper(launch: &Launch, programs: &Programs) -> Result<Vec<OsString>, MissingProgram> {
    if launch.account == Account::Caller || !sees_root(&launch.place) {
        return Ok(Vec::new());
    }
    let user = format!("--map-user={NOBODY}");
    let group = format!("--map-group={NOBODY}");
    Ok(vec![
        programs.require("unshare")?.into(),
        "--user".into(),
        user.into(),
        group.into(),
    ])
}

/// Root on the host, and the caller once inside a holder, who is root there.
fn sees_root(place: &Place) -> bool {
    matches!(place, Place::Fresh | Place::Holder { .. }) || rustix::process::geteuid().is_root()
}
