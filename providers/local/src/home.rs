//! Tells the folder of an environment from a copy of it: what a copied state knows runs for the original, and whoever
//! works in the copy would stop the original's servers.
//!
//! Servers, poolers, stores of blobs and routers name the folder that they were made in. If that one still has them,
//! this is a copy. If it has not, the folder was moved, and an apply gives everything its new paths.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use infra_provider::error::{ErrorKind, ProviderError};

use crate::host::folder::read_if_present;
use crate::network::realm::HOME_FILE;
use crate::postgres::kind::explain::Explain;
use crate::postgres::marker;

const OPERATION: &str = "check the folder of an environment";

/// Refuses to work in a copy of an environment that is still there.
///
/// # Errors
/// When the folder is a copy, or a file that says so cannot be read.
pub fn check(environment: &Path) -> Result<(), ProviderError> {
    let servers = ["postgres", "redis", "blob"].map(|service| entries(&environment.join(service)));
    for own in servers.into_iter().flatten() {
        let home = marker::home(&own).map_err(|error| unreadable(&error))?;
        refuse_copy(environment, &own, home)?;
    }
    for own in entries(&environment.join("network")) {
        refuse_copy(environment, &own, router_home(&own)?)?;
    }
    Ok(())
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn router_home(own: &Path) -> Result<Option<PathBuf>, ProviderError> {
    let text = read_if_present(&own.join(HOME_FILE)).map_err(|error| unreadable(&error))?;
    Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
}

fn refuse_copy(environment: &Path, own: &Path, home: Option<PathBuf>) -> Result<(), ProviderError> {
    let original = home.filter(|home| home != own && home.is_dir() && !is_same(home, own));
    match original.as_deref().and_then(environment_of) {
        Some(original) => Err(copied(environment, original)),
        None => Ok(()),
    }
}

/// The same folder may be reached by another path.
fn is_same(one: &Path, other: &Path) -> bool {
    let number = |path: &Path| fs::metadata(path).map(|found| (found.dev(), found.ino())).ok();
    number(one) == number(other)
}

/// Two levels above a server or router.
fn environment_of(home: &Path) -> Option<&Path> {
    home.parent()?.parent()
}

fn copied(environment: &Path, original: &Path) -> ProviderError {
    let message = format!(
        "`{}` is a copy of `{}`: the servers and networks that it knows belong to the original",
        environment.display(),
        original.display()
    );
    let hint = format!(
        "Work in the original. To have an environment of its own here, remove the copy first: rm -r '{}'",
        environment.display()
    );
    ProviderError::rejected(ErrorKind::Foreign, OPERATION, message).hint(hint)
}

fn unreadable(error: &dyn Explain) -> ProviderError {
    let mut failed = ProviderError::rejected(error.kind(), OPERATION, error.to_string());
    failed.hint = error.hint();
    failed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::postgres::marker::Marker;

    fn server(folder: &Path) {
        let tag = "l1 t1 postgres.main/local.postgres.server.primary"
            .parse()
            .unwrap();
        marker::write(folder, &Marker::making(&tag, 1_u32)).unwrap();
    }

    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        fs::copy(from.join("infra.json"), to.join("infra.json")).unwrap();
    }

    #[test]
    fn a_copy_is_refused_while_the_original_is_there() {
        for own in ["postgres/main", "blob/assets"] {
            let root = tempfile::tempdir().unwrap();
            let (original, other) = (root.path().join("original"), root.path().join("other"));
            server(&original.join(own));
            check(&original).unwrap();
            copy(&original.join(own), &other.join(own));
            let error = check(&other).unwrap_err();
            assert!(error.message.contains("is a copy of"), "{error}");
            assert!(error.message.contains("/original`"), "{error}");
            fs::remove_dir_all(&original).unwrap();
            check(&other).unwrap();
        }
    }

    #[test]
    fn another_path_to_the_same_folder_is_no_copy() {
        let root = tempfile::tempdir().unwrap();
        let (original, link) = (root.path().join("original"), root.path().join("link"));
        server(&original.join("postgres/main"));
        std::os::unix::fs::symlink(&original, &link).unwrap();
        check(&link).unwrap();
    }

    #[test]
    fn an_environment_without_anything_passes() {
        check(Path::new("/nonexistent/environment")).unwrap();
    }
}
