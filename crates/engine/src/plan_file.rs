//! Plan files: a plan's canonical bytes on disk, and a line with their digest.
//!
//! The digest catches a file that was cut short or edited: what is left may still be a plan, but not the one that
//! somebody reviewed. It is no signature: whoever can compute a digest can write another plan.

use std::error::Error;
use std::path::Path;

use infra_model::digest::Digest;
use infra_model::plan::{Plan, PlanFileError};

use crate::error::EngineError;
use crate::files;

/// Checks that a plan may be written here: what is no plan is not overwritten.
///
/// # Errors
///
/// When there is no such folder, or something else than an empty file or a plan is there.
pub fn vacant(path: &Path) -> Result<(), EngineError> {
    let obstacle = |message: String, hint: &str| Err(EngineError::request(message, hint));
    let name = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.is_dir()) {
        let message = format!("The plan cannot be saved as `{name}`: there is no such folder");
        return obstacle(
            message,
            "Make the folder, or name a file in another one with --out",
        );
    }
    let Ok(found) = std::fs::metadata(path) else {
        return Ok(());
    };
    if !found.is_file() {
        let message = format!("The plan cannot be saved as `{name}`, which is no regular file");
        return obstacle(message, ANOTHER);
    }
    match std::fs::read(path) {
        Ok(bytes) if bytes.is_empty() || is_plan(&bytes) => Ok(()),
        Ok(_) => obstacle(
            format!("The plan cannot be saved as `{name}`: the file exists and is no plan"),
            ANOTHER,
        ),
        Err(error) => obstacle(format!("The plan cannot be saved as `{name}`: {error}"), ANOTHER),
    }
}

/// What helps where a plan cannot be saved.
const ANOTHER: &str = "Name another file with --out";

/// Tells whether these bytes are a plan, of this version of the engine or another.
fn is_plan(file: &[u8]) -> bool {
    let read = Plan::from_bytes(split(file).0);
    matches!(
        read,
        Ok(_) | Err(PlanFileError::Version { .. } | PlanFileError::NotCanonical)
    )
}

/// Writes a plan; an existing file is replaced as a whole or not at all.
///
/// # Errors
///
/// When the plan cannot be encoded or the disk refuses.
pub fn write(plan: &Plan, path: &Path) -> Result<(), EngineError> {
    let bytes = plan.to_bytes().map_err(|source| EngineError::PlanFile {
        path: path.display().to_string(),
        source,
    })?;
    let digest = Digest::of(&bytes);
    let written = files::replace(path, &[&bytes, format!("\n{digest}\n").as_bytes()].concat());
    written.map_err(|error| {
        let why = error
            .source()
            .map(|cause| format!(": {cause}"))
            .unwrap_or_default();
        let message = format!("The plan cannot be saved as `{}`{why}", path.display());
        EngineError::request(message, ANOTHER)
    })
}

/// Reads a plan and checks that it is the one that was written.
///
/// # Errors
///
/// When the file cannot be read, is no plan, was altered, or is another version's.
pub fn read(path: &Path) -> Result<Plan, EngineError> {
    let name = path.display().to_string();
    let file = std::fs::read(path).map_err(|source| EngineError::File {
        path: name.clone(),
        attempt: "read",
        source,
    })?;
    let (bytes, digest) = split(&file);
    let plan = Plan::from_bytes(bytes).map_err(|source| EngineError::PlanFile {
        path: name.clone(),
        source,
    })?;
    if digest != Digest::of(bytes).to_string().as_bytes() {
        return Err(EngineError::PlanAltered { path: name });
    }
    Ok(plan)
}

/// Returns the plan's bytes and the digest below them.
fn split(file: &[u8]) -> (&[u8], &[u8]) {
    let end = file.iter().position(|byte| *byte == b'\n').unwrap_or(file.len());
    let (bytes, rest) = file.split_at(end);
    (bytes, rest.trim_ascii())
}
