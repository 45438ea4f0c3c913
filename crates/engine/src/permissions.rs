//! What somebody must be allowed to do at the provider of an environment. Nothing but the stack is looked at.

use std::path::Path;

use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Target;
use infra_provider::permissions::{Permissions, PermissionsRequest, Purpose};

use crate::backend::{Blueprint, ProviderFactory};
use crate::configuration::Variables;
use crate::error::EngineError;
use crate::parity::read_all;

/// Which rights are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// What they are for.
    pub purpose: Purpose,
    /// Whether objects that were imported are meant too.
    pub imported: bool,
}

/// Returns the rights that an environment needs, from its first plan to its end.
///
/// # Errors
///
/// When there is no such environment, the stack has mistakes in it, its provider cannot make what it wants, or asks nobody for
/// rights.
pub fn permissions(
    folder: &Path,
    environment: &str,
    variables: &Variables,
    providers: &dyn ProviderFactory,
    wanted: Wanted,
) -> Result<Permissions, EngineError> {
    let surveyed = read_all(folder, variables);
    let stack = surveyed.find(environment)?;
    let unasked = || {
        let provider = &stack.environment.provider.name;
        let message = format!(
            "The provider `{provider}` of `{}` asks for no permissions",
            stack.environment.name
        );
        EngineError::request(message, "Name an environment in a cloud")
    };
    let Blueprint {
        lowering,
        schemas,
        permitting,
    } = providers.blueprint(stack).ok_or_else(unasked)?;
    let permitting = permitting.ok_or_else(unasked)?;
    let (graph, diagnostics) = infra_lower::lower(stack, &*lowering, &schemas, &Target::default());
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(EngineError::Lowering {
            provider: stack.environment.provider.name.clone(),
            diagnostics,
            sources: Box::new(surveyed.sources().clone()),
        });
    }
    Ok(permitting.permissions(&PermissionsRequest {
        stack,
        graph: &graph,
        purpose: wanted.purpose,
        imported: wanted.imported,
    }))
}
