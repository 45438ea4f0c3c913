//! The environment variables and folders of the user, read once. Nothing else reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use infra_model::sealing::Secret;

use crate::failure::{Failure, FailureKind};

/// Variables of clouds' own tools, with values that may be secret.
pub(crate) type CloudVariables = BTreeMap<String, Secret>;

/// What the user's environment says.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Values of variables, from `INFRA_VAR_<name>`.
    pub(crate) variables: BTreeMap<String, Secret>,
    /// How clouds are reached, from `AWS_…` and `AZURE_…`.
    pub(crate) cloud: CloudVariables,
    /// Whether colours are unwanted, or the terminal shows none.
    pub(crate) plain: bool,
    /// Where server programs of the local provider are.
    pub(crate) servers: PathBuf,
    /// The file of the age identity; none where nobody is at home.
    pub(crate) identity: Option<PathBuf>,
    /// The passphrase that opens the state's secrets.
    pub(crate) passphrase: Option<Secret>,
    /// This program, which has servers of the local provider in it.
    pub(crate) program: PathBuf,
    /// The user's runtime directory.
    pub(crate) runtime: Option<PathBuf>,
    /// The user's home.
    pub(crate) home: Option<PathBuf>,
    /// Where programs are searched.
    pub(crate) path: Vec<PathBuf>,
    /// `user@host`.
    pub(crate) who: String,
    current: PathBuf,
}

impl Settings {
    /// Reads them.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub(crate) fn read() -> Result<Self, Failure> {
        let text = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let folder = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        // The account's entry says where the home is when the variable does not.
        let home = folder("HOME").or_else(std::env::home_dir);
        let data = folder("XDG_DATA_HOME").or_else(|| Some(home.as_ref()?.join(".local/share")));
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        let current =
            std::env::current_dir().map_err(|error| Failure::of(FailureKind::Environment, &error))?;
        let under = |base: Option<PathBuf>, path: &str| base.unwrap_or_else(|| current.clone()).join(path);
        Ok(Settings {
            variables: variables()?,
            cloud: cloud(),
            plain: text("NO_COLOR").is_some() || text("TERM").is_some_and(|terminal| terminal == "dumb"),
            servers: folder("INFRA_SERVERS").unwrap_or_else(|| under(data, "infra/servers")),
            identity: folder("INFRA_IDENTITY").or_else(|| Some(config?.join("infra/identity.txt"))),
            passphrase: text("INFRA_PASSPHRASE").map(Secret::new),
            program: std::env::current_exe()
                .map_err(|error| Failure::of(FailureKind::Environment, &error))?,
            runtime: folder("XDG_RUNTIME_DIR"),
            home,
            path: std::env::var_os("PATH")
                .map(|path| std::env::split_paths(&path).collect())
                .unwrap_or_default(),
            who: who(text("USER").or_else(|| text("LOGNAME"))),
            current,
        })
    }

    /// Returns the folder of the stack, absolute and real.
    pub(crate) fn stack_folder(&self, folder: &Path) -> Result<PathBuf, Failure> {
        let failed = |cause: String| {
            let message = format!("The folder `{}` cannot be opened", folder.display());
            let failure = Failure::new(FailureKind::User, message).cause(cause);
            failure.hint("Name the folder that holds the stack with: -C DIR")
        };
        let real = self.current.join(folder).canonicalize();
        let real = real.map_err(|error| failed(error.to_string()))?;
        if real.is_dir() {
            Ok(real)
        } else {
            Err(failed("It is a file".to_owned()))
        }
    }
}

fn variables() -> Result<BTreeMap<String, Secret>, Failure> {
    let mut variables = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Some(short) = name.to_str().and_then(|name| name.strip_prefix("INFRA_VAR_")) else {
            continue;
        };
        let Ok(value) = value.into_string() else {
            let message = format!("The environment variable `INFRA_VAR_{short}` is not UTF-8");
            return Err(Failure::new(FailureKind::User, message));
        };
        variables.insert(short.to_owned(), Secret::new(value));
    }
    Ok(variables)
}

/// Returns the variables of clouds. One that is empty or not UTF-8 means nothing to their tools either.
fn cloud() -> CloudVariables {
    let read = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os()
        .filter_map(read)
        .filter(|(name, value)| (name.starts_with("AWS_") || name.starts_with("AZURE_")) && !value.is_empty())
        .map(|(name, value)| (name, Secret::new(value)))
        .collect()
}

fn who(user: Option<String>) -> String {
    let user = user.unwrap_or_else(|| format!("uid-{}", rustix::process::getuid().as_raw()));
    let system = rustix::system::uname();
    format!("{user}@{}", system.nodename().to_string_lossy())
}
