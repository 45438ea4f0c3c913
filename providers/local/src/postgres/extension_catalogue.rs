//! Reads which extensions an installation can offer, so that a stack that asks for another one fails at plan.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::installation::Installation;

/// Extensions that work only when the server loads their module at its start.
///
/// Control files do not say so; this is the list for those that PostgreSQL and the common packages ship.
const NEED_PRELOAD: &[&str] = &[
    "pg_cron",
    "pg_partman_bgw",
    "pg_stat_statements",
    "pgaudit",
    "timescaledb",
];

/// An extension that can be created in a database of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailableExtension {
    /// The version that `CREATE EXTENSION` installs when none is asked for.
    pub default_version: Option<String>,
}

/// Says whether an extension's module must be named in `shared_preload_libraries`.
pub fn needs_preload(extension: &str) -> bool {
    NEED_PRELOAD.contains(&extension)
}

/// Lists the extensions of an installation by name.
///
/// An extension whose loadable module is absent is left out: creating it could only fail.
pub fn available(installation: &Installation) -> io::Result<BTreeMap<String, AvailableExtension>> {
    let Some(folder) = installation.extension_folder() else {
        return Ok(BTreeMap::new());
    };
    let modules = installation.module_folder();
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = extension_name(&path) else {
            continue;
        };
        let control = std::fs::read_to_string(&path)?;
        if module_is_present(&control, modules.as_deref()) {
            let default_version = setting(&control, "default_version").map(str::to_owned);
            found.insert(name.to_owned(), AvailableExtension { default_version });
        }
    }
    Ok(found)
}

/// Returns the extension's name if the file is a main control file, not that of one version (`name--1.2.control`).
fn extension_name(path: &Path) -> Option<&str> {
    let name = path.file_name()?.to_str()?.strip_suffix(".control")?;
    (!name.contains("--")).then_some(name)
}

fn module_is_present(control: &str, modules: Option<&Path>) -> bool {
    let module = setting(control, "module_pathname").and_then(|path| path.strip_prefix("$libdir/"));
    let (Some(module), Some(folder)) = (module, modules) else {
        return true;
    };
    ["so", "dylib"]
        .iter()
        .any(|suffix| folder.join(format!("{module}.{suffix}")).is_file())
}

/// Returns the value of a `name = 'value'` line.
fn setting<'control>(control: &'control str, name: &str) -> Option<&'control str> {
    control.lines().find_map(|line| {
        let (key, rest) = line.split_once('=')?;
        let value = rest.trim().strip_prefix('\'')?.split_once('\'')?.0;
        (key.trim() == name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use insta::assert_debug_snapshot;

    use super::*;

    #[test]
    fn extensions_with_their_module_are_listed() {
        let root = tempfile::tempdir().unwrap();
        let extensions = root.path().join("share/postgresql/extension");
        let modules = root.path().join("lib/postgresql");
        std::fs::create_dir_all(&extensions).unwrap();
        std::fs::create_dir_all(&modules).unwrap();
        let write = |name: &str, text: &str| std::fs::write(extensions.join(name), text).unwrap();
        write(
            "vector.control",
            "default_version = '0.8.5'\nmodule_pathname = '$libdir/vector'\n",
        );
        write(
            "lost.control",
            "default_version = '1.0'\nmodule_pathname = '$libdir/lost'\n",
        );
        write("sql_only.control", "# only functions\ndefault_version='2.1'\n");
        write("vector--0.7.control", "default_version = '0.7'\n");
        std::fs::write(modules.join("plpgsql.so"), "").unwrap();
        std::fs::write(modules.join("vector.so"), "").unwrap();

        let installation = Installation {
            major: 16,
            version: "16.14".to_owned(),
            root: root.path().to_owned(),
        };
        let versions: BTreeMap<_, _> = available(&installation)
            .unwrap()
            .into_iter()
            .map(|(name, extension)| (name, extension.default_version.unwrap_or_default()))
            .collect();
        assert_debug_snapshot!(versions, @r#"
        {
            "sql_only": "2.1",
            "vector": "0.8.5",
        }
        "#);
    }
}
