//! Plan files: a plan's canonical bytes on disk.

use std::path::Path;

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
    files::replace(path, &bytes)
}

/// Reads a plan and checks that its bytes are canonical.
///
/// # Errors
///
/// When the file cannot be read, is no plan, or another version's.
pub fn read(path: &Path) -> Result<Plan, EngineError> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| EngineError::File {
        path: name.clone(),
        attempt: "read",
        source,
    })?;
    Plan::from_bytes(&bytes).map_err(|source| EngineError::PlanFile { path: name, source })
}
