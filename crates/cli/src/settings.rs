//! The environment variables and folders of the user, read once. Nothing else reads them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use infra_model::sealing::Secret;

use crate::failure::{Failure, FailureKind};

/// What the user's environment says.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Values of variables, from `INFRA_VAR_<name>`.
    pub(crate) variables: BTreeMap<String, Secret>,
    /// Whether colours are unwanted, or the terminal shows none.
    pub(crate) plain: bool,
    /// Where server programs of the local provider are.
    pub(crate) servers: PathBuf,
    /// The file of the age identity.
    pub(crate) identity: PathBuf,
    /// The passphrase that opens the state's secrets.
    pub(crate) passphrase: Option<Secret>,
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
        let home = folder("HOME");
        let data = folder("XDG_DATA_HOME").or_else(|| Some(home.as_ref()?.join(".local/share")));
        let config = folder("XDG_CONFIG_HOME").or_else(|| Some(home.as_ref()?.join(".config")));
        let current =
            std::env::current_dir().map_err(|error| Failure::of(FailureKind::Environment, &error))?;
        let under = |base: Option<PathBuf>, path: &str| base.unwrap_or_else(|| current.clone()).join(path);
        Ok(Settings {
            variables: variables(),
            plain: text("NO_COLOR").is_some() || text("TERM").is_some_and(|terminal| terminal == "dumb"),
            servers: folder("INFRA_SERVERS").unwrap_or_else(|| under(data, "infra/servers")),
            identity: folder("INFRA_IDENTITY").unwrap_or_else(|| under(config, "infra/identity.txt")),
            passphrase: text("INFRA_PASSPHRASE").map(Secret::new),
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

fn variables() -> BTreeMap<String, Secret> {
    std::env::vars_os()
        .filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix("INFRA_VAR_")?.to_owned();
            Some((name, Secret::new(value.into_string().ok()?)))
        })
        .collect()
}

fn who(user: Option<String>) -> String {
    let user = user.unwrap_or_else(|| format!("uid-{}", rustix::process::getuid().as_raw()));
    let system = rustix::system::uname();
    format!("{user}@{}", system.nodename().to_string_lossy())
}
