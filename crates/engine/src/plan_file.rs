//! Plan files: a plan's canonical bytes on disk, and a line with their digest.
//!
//! The digest catches a file that was cut short or edited: what is left may still be a plan, but not the one that
//! somebody reviewed. It is no signature: whoever can compute a digest can write another plan.

use std::path::Path;

use infra_model::digest::Digest;
use infra_model::plan::Plan;

use crate::error::EngineError;
use crate::files;

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
    files::replace(path, &[&bytes, format!("\n{digest}\n").as_bytes()].concat())
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
