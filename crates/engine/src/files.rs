//! Files that are replaced as a whole or not at all.

use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::error::EngineError;

/// Replaces the content of a file; the old content is there until the new one is on the disk. A link stays one, and who
/// may read and write the file stays as it was.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), EngineError> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let permissions = std::fs::metadata(path).ok().map(|found| found.permissions());
    put(path, content, permissions)
}

/// Replaces the content of a file that only its owner may read and write, before and while it is written too.
pub(crate) fn replace_private(path: &Path, content: &[u8]) -> Result<(), EngineError> {
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    put(path, content, Some(Permissions::from_mode(0o600)))
}

fn put(path: &Path, content: &[u8], permissions: Option<Permissions>) -> Result<(), EngineError> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let draft = folder.join(format!(".{name}.draft"));
    let write = |mut file: File| {
        if let Some(permissions) = permissions {
            file.set_permissions(permissions)?;
        }
        file.write_all(content)?;
        file.sync_all()
    };
    let written = File::create(&draft)
        .and_then(write)
        .and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&draft);
    }
    written.map_err(|source| EngineError::File {
        path: path.display().to_string(),
        attempt: "written",
        source,
    })
}

/// Makes the folder that a file lies in.
pub(crate) fn make_parent(path: &Path) -> Result<(), EngineError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|source| EngineError::File {
        path: folder.display().to_string(),
        attempt: "written",
        source,
    })
}
