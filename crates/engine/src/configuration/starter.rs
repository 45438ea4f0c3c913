//! The files that a new stack begins with.

use std::path::Path;

use crate::error::EngineError;

const STACK: &str = include_str!("starter/stack.hcl");
const LOCAL: &str = include_str!("starter/local.hcl");
const IGNORED: &str = "# The state of local environments and the data of their servers.\n.infra/\n*.plan\n\n# Settings with secrets in clear, see: infra env\n.env\n";

/// What was done in the folder of a new stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Started {
    /// Files that were written.
    pub written: Vec<&'static str>,
    /// Files that were there already.
    pub kept: Vec<&'static str>,
}

/// Writes the files of a new stack. Files that exist are left alone.
///
/// # Errors
///
/// When the name is no name, or the disk refuses.
pub fn init(folder: &Path, name: Option<&str>) -> Result<Started, EngineError> {
    let name = match name {
        Some(name) => name.to_owned(),
        None => folder_name(folder),
    };
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(valid) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let message = format!("`{name}` is no name for a stack");
        return Err(EngineError::request(
            message,
            "Use small letters, digits and `-`: infra init --name my-stack",
        ));
    }
    let files = [
        ("stack.hcl", STACK.replace("NAME", &name)),
        ("env/local.hcl", LOCAL.to_owned()),
        (".gitignore", IGNORED.to_owned()),
    ];
    let mut started = Started::default();
    for (file, text) in files {
        let path = folder.join(file);
        if path.exists() {
            started.kept.push(file);
        } else {
            crate::files::make_parent(&path)?;
            crate::files::replace(&path, text.as_bytes())?;
            started.written.push(file);
        }
    }
    Ok(started)
}

fn folder_name(folder: &Path) -> String {
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = name
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}
