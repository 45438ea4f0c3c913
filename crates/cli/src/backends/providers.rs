//! Connects the provider that an environment names. An unknown one is an error, never a stand-in.

use std::sync::Arc;

use async_trait::async_trait;
use infra_engine::backend::{Blueprint, ConnectRequest, ProviderFactory};
use infra_engine::opened::environment_folder;
use infra_model::stack::Stack;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::provider::Provider;
#[cfg(feature = "aws")]
use provider_aws::{provider::AwsProvider, settings::AwsSettings};
use provider_local::lower::anywhere;
use provider_local::provider::LocalProvider;
use provider_local::settings::LocalSettings;

use crate::backends::PROVIDERS;
use crate::settings::Settings;

/// Connects providers with the user's settings.
#[derive(Clone, Debug)]
pub(crate) struct Providers {
    settings: Settings,
}

impl Providers {
    pub(crate) fn new(settings: &Settings) -> Self {
        Providers {
            settings: settings.clone(),
        }
    }
}

#[async_trait]
impl ProviderFactory for Providers {
    fn knows(&self, provider: &str) -> bool {
        PROVIDERS.contains(&provider)
    }

    fn rests(&self, provider: &str) -> bool {
        provider == "local"
    }

    fn way_to(&self, provider: &str) -> Option<&'static str> {
        (provider == "aws").then_some("Build it with all providers: make release")
    }

    fn blueprint(&self, stack: &Stack) -> Option<Blueprint> {
        match stack.environment.provider.name.as_str() {
            "local" => Some(Blueprint {
                lowering: Box::new(anywhere::lowering(stack)),
                schemas: provider_local::provider::schemas(),
                permitting: None,
            }),
            #[cfg(feature = "aws")]
            "aws" => Some(Blueprint {
                lowering: Box::new(provider_aws::lower::AwsLowering),
                schemas: provider_aws::provider::schemas(),
                permitting: Some(Box::new(provider_aws::permissions::IamPolicy)),
            }),
            _ => None,
        }
    }

    async fn connect(&self, request: &ConnectRequest<'_>) -> Result<Arc<dyn Provider>, ProviderError> {
        let choice = &request.environment.provider;
        let operation = format!("connect provider `{}`", choice.name);
        match choice.name.as_str() {
            "local" => {
                let settings = LocalSettings {
                    folder: environment_folder(request.folder, &request.environment.name),
                    servers: self.settings.servers.clone(),
                    program: self.settings.program.clone(),
                    runtime: self.settings.runtime.clone(),
                    home: self.settings.home.clone(),
                    path: self.settings.path.clone(),
                    lineage: request.lineage.clone(),
                    sealing: request.sealing.clone(),
                };
                Ok(Arc::new(LocalProvider::connect(settings).await?))
            }
            #[cfg(feature = "aws")]
            "aws" => {
                let settings = AwsSettings::of(request.stack, request.environment, request.lineage)?;
                let settings = settings.in_folder(request.folder);
                Ok(Arc::new(AwsProvider::connect(settings).await))
            }
            _ => {
                let message = "This engine was not built with it";
                Err(ProviderError::rejected(ErrorKind::Invalid, operation, message))
            }
        }
    }
}
