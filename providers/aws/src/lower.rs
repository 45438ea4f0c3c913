//! Lowering for AWS: one file per kind of component, pure.

use infra_model::component::ComponentSpec;
use infra_model::diagnostic::Diagnostic;
use infra_model::environment::Environment;
use infra_provider::lowering::{LowerRequest, Lowered, Lowering};

pub(crate) mod alarms;
pub mod blob_store;
pub(crate) mod documents;
pub(crate) mod encryption;
pub mod key_vault;
pub(crate) mod names;
pub mod network;
pub mod postgres;
pub mod redis;
pub(crate) mod scene;
pub(crate) mod secrets;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod urls;

use scene::Scene;

use crate::settings;

/// Turns components into resources of AWS. It needs nothing but the stack: zones have the letters that most regions have, and a
/// network says in its block `aws` where that is not so.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLowering;

impl Lowering for AwsLowering {
    fn lower(&self, request: &LowerRequest<'_>) -> Lowered {
        let scene = Scene::of(request);
        let mut lowered = match &request.component.spec {
            ComponentSpec::BlobStore(store) => blob_store::lower(&scene, store),
            ComponentSpec::KeyVault(vault) => key_vault::lower(&scene, vault),
            ComponentSpec::Network(network) => network::lower(&scene, network),
            ComponentSpec::Postgres(postgres) => postgres::lower(&scene, postgres),
            ComponentSpec::Redis(redis) => redis::lower(&scene, redis),
        };
        lowered.diagnostics.extend(scene.wrong_tags());
        lowered
    }

    fn mistakes(&self, environment: &Environment) -> Vec<Diagnostic> {
        settings::mistakes(environment)
    }
}
