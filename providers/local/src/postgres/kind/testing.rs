//! A site for unit tests that only need schemas.

use std::path::PathBuf;
use std::sync::Arc;

use infra_model::sealing::{OpenError, Sealed, Sealing, Secret};
use infra_model::snapshot::Lineage;

use crate::host::programs::Programs;
use crate::network::site::Site;
use crate::postgres::site::PostgresSite;
use crate::settings::LocalSettings;

/// Seals nothing: no test that uses it has a secret.
struct NoSealing;

impl Sealing for NoSealing {
    fn seal(&self, _secret: &Secret) -> Sealed {
        Sealed::from_text(String::new())
    }

    fn open(&self, _sealed: &Sealed) -> Result<Secret, OpenError> {
        Err(OpenError)
    }
}

/// Returns a site in a folder that does not exist.
pub(crate) fn site() -> Arc<PostgresSite> {
    let settings = settings("/nonexistent/environment".into());
    let network = Site::new(settings.folder.join("network"), Programs::default());
    Arc::new(PostgresSite::new(&settings, Arc::new(network)))
}

/// Returns the settings of an environment in a folder.
pub(crate) fn settings(folder: PathBuf) -> LocalSettings {
    LocalSettings {
        folder,
        servers: "/nonexistent/servers".into(),
        program: "/nonexistent/infra".into(),
        runtime: None,
        home: None,
        path: Vec::new(),
        lineage: Lineage("test".to_owned()),
        sealing: Arc::new(NoSealing),
    }
}
