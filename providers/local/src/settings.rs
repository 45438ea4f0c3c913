//! What the command line tells the local provider: folders and keys, never read from the environment here.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use infra_model::sealing::Sealing;
use infra_model::snapshot::Lineage;

/// Where one environment lives on this machine.
#[derive(Clone)]
pub struct LocalSettings {
    /// The environment's own folder, absolute and real: `<stack>/.infra/<environment>`. Everything that the
    /// provider makes lies in it, except sockets when its path is too long for them.
    pub folder: PathBuf,
    /// Where server programs were installed: `<servers>/postgresql-16/bin/postgres`.
    pub servers: PathBuf,
    /// The program of this engine, which has servers of its own in it.
    pub program: PathBuf,
    /// The user's runtime directory, if there is one.
    pub runtime: Option<PathBuf>,
    /// The user's home, if there is one.
    pub home: Option<PathBuf>,
    /// Directories searched for programs, in order.
    pub path: Vec<PathBuf>,
    /// The state that owns what is made.
    pub lineage: Lineage,
    /// Seals secrets that lie in files.
    pub sealing: Arc<dyn Sealing>,
}

impl fmt::Debug for LocalSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSettings")
            .field("folder", &self.folder)
            .field("lineage", &self.lineage)
            .finish()
    }
}
