//! What lowering must know of this machine: which versions, extensions and parameters there are.

use std::collections::BTreeMap;
use std::path::Path;

use super::extension_catalogue::{AvailableExtension, available};
use super::installation::{Installation, InstallationError, SearchPath, locate};
use super::parameter_kind::ParameterKind;
use super::pooler::{self, PoolerInstallation};
use crate::host::programs::Programs;

/// What this machine can offer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PostgresFacts {
    /// The installed versions by their major number.
    pub versions: BTreeMap<u16, VersionFacts>,
    /// The installed pooler, if there is one.
    pub pooler: Option<PoolerInstallation>,
    /// How to install what is missing.
    pub hint: Option<String>,
}

/// What one installed version can offer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VersionFacts {
    /// Its extensions by name.
    pub extensions: BTreeMap<String, AvailableExtension>,
    /// Its server parameters by name, with what values they take.
    pub parameters: BTreeMap<String, ParameterKind>,
}

/// Looks at what is installed; what cannot be looked at counts as missing.
pub async fn discover(servers: &Path, programs: &Programs) -> PostgresFacts {
    let search = SearchPath::with_servers(servers.to_owned());
    let (versions, pooler) = tokio::join!(versions(&search), pooler::locate(servers, programs));
    PostgresFacts {
        versions,
        pooler: pooler.ok(),
        hint: InstallationError::Missing {
            major: 0,
            looked: Vec::new(),
        }
        .hint(),
    }
}

async fn versions(search: &SearchPath) -> BTreeMap<u16, VersionFacts> {
    let looks = search.majors().into_iter().map(|major| async move {
        let installation = locate(search, major).await.ok()?;
        Some((major, version(&installation).await?))
    });
    futures::future::join_all(looks)
        .await
        .into_iter()
        .flatten()
        .collect()
}

async fn version(installation: &Installation) -> Option<VersionFacts> {
    let parameters = installation.parameters().await.ok()?;
    Some(VersionFacts {
        extensions: available(installation).ok()?,
        parameters,
    })
}
