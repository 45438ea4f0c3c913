//! Laying out the files of a stack.

use std::path::{Path, PathBuf};

use infra_config::files::folder::read;
use infra_config::files::{FileError, unreadable};
use infra_config::format::FormatError;
use infra_config::load::conceal_unparsed;
use infra_model::diagnostic::{Diagnostic, SourceMap, Span};

use crate::error::EngineError;

/// A file and its usual layout.
#[derive(Clone, Debug)]
pub struct Formatted {
    /// Its path relative to the stack's folder, or as given.
    pub name: String,
    path: PathBuf,
    before: String,
    after: String,
}

impl Formatted {
    /// Tells whether the layout differs from what the file holds.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.before != self.after
    }
}

/// Returns the layout of these files, or of all files in a stack's folder.
///
/// # Errors
///
/// When a file cannot be read or parsed; all mistakes of all files are in the error.
pub fn format(folder: &Path, files: &[PathBuf]) -> Result<Vec<Formatted>, EngineError> {
    let files = if files.is_empty() {
        stack_files(folder)?
    } else {
        files.to_vec()
    };
    let (mut sources, mut diagnostics, mut formatted) = (SourceMap::default(), Vec::new(), Vec::new());
    for path in files {
        let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
        let before = match read(&path) {
            Ok(before) => before,
            Err(FileError::Missing) => return Err(missing(name)),
            Err(error) => {
                diagnostics.push(unreadable(&name, error, &mut sources));
                continue;
            }
        };
        match infra_config::format::format(&before) {
            Ok(after) => formatted.push(Formatted {
                name,
                path,
                before,
                after,
            }),
            Err(error) => diagnostics.push(mistake(name, &before, &error, &mut sources)),
        }
    }
    if diagnostics.is_empty() {
        return Ok(formatted);
    }
    Err(EngineError::Configuration {
        diagnostics,
        sources: Box::new(sources),
    })
}

/// Returns the error of a file that was named and is not there.
fn missing(path: String) -> EngineError {
    EngineError::File {
        path,
        attempt: "read",
        source: std::io::ErrorKind::NotFound.into(),
    }
}

fn mistake(name: String, text: &str, error: &FormatError, sources: &mut SourceMap) -> Diagnostic {
    let source = sources.add(name, text);
    conceal_unparsed(sources, source, text);
    let range = error.span().unwrap_or(0..0);
    let span = Span {
        source,
        start: range.start as u32,
        end: range.end as u32,
    };
    Diagnostic::error("File cannot be laid out", error.to_string()).at(span)
}

/// Writes the layout; the file is replaced as a whole or not at all.
///
/// # Errors
///
/// When the disk refuses.
pub fn write(file: &Formatted) -> Result<(), EngineError> {
    crate::files::replace(&file.path, file.after.as_bytes())
}

/// Returns the files of a stack and of the modules in its folder; hidden folders hold none.
fn stack_files(folder: &Path) -> Result<Vec<PathBuf>, EngineError> {
    let failed = |source| EngineError::File {
        path: folder.display().to_string(),
        attempt: "read",
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            files.extend(stack_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "hcl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
