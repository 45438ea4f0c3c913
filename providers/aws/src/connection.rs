//! Signing in, and the clients of each region.
//!
//! Credentials, profiles, roles and endpoints are found by the SDK the way every tool of AWS finds them. Retries are left to
//! the engine, which counts and shows them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::HttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use infra_model::resource::Target;
use infra_provider::error::ProviderError;

use crate::connection::clients::Clients;
use crate::settings::AwsSettings;

pub mod clients;
mod endpoints;
pub mod target;

/// The name in a [`Target`] under which the region stands.
pub const REGION: &str = "region";

/// How long to wait for a connection, and for the answer to one request.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);

/// A way to one account, with clients of each region that is asked for.
pub struct Connection {
    /// Where and for whom.
    pub settings: AwsSettings,
    base: SdkConfig,
    regions: Mutex<BTreeMap<String, Arc<Clients>>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Finds credentials and endpoints; nothing is asked of the account yet.
    pub async fn open(settings: AwsSettings) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ANSWER);
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .region(Region::new(settings.region.clone()))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        if let Some(profile) = &settings.profile {
            let found = of_profile(profile, &settings.region, http);
            loader = loader.profile_name(profile).credentials_provider(found);
        }
        let mut base = endpoints::without_empty(loader.load().await);
        if let Some(role) = &settings.role {
            let session = format!("infra-{}-{}", settings.stack, settings.environment);
            let provider = AssumeRoleProvider::builder(role)
                .session_name(session.chars().take(64).collect::<String>())
                .configure(&base)
                .build()
                .await;
            base = base
                .into_builder()
                .credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(provider))
                .build();
        }
        Connection {
            settings,
            base,
            regions: Mutex::default(),
        }
    }

    /// Refuses endpoints of the user's settings that are no URLs.
    ///
    /// # Errors
    ///
    /// The first one.
    pub fn check_endpoints(&self) -> Result<(), ProviderError> {
        endpoints::check(&self.base)
    }

    /// Returns the URL that stands for the endpoints of all services, where the user's settings name one.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.base.endpoint_url()
    }

    /// Returns the clients of the region of a target.
    #[must_use]
    pub fn at(&self, target: &Target) -> Arc<Clients> {
        self.in_region(
            target
                .0
                .get(REGION)
                .map_or(&self.settings.region, |region| region),
        )
    }

    /// Returns the clients of a region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Arc<Clients> {
        let mut regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let clients = regions.entry(region.to_owned()).or_insert_with(|| {
            let config = self
                .base
                .to_builder()
                .region(Region::new(region.to_owned()))
                .build();
            Arc::new(Clients::new(config, region))
        });
        clients.clone()
    }
}

/// Returns the credentials of a profile. A stack that names one means it: keys in the environment, which come first with every tool
/// that is not told a profile, do not count.
fn of_profile(
    profile: &str,
    region: &str,
    http: impl HttpClient + 'static,
) -> ProfileFileCredentialsProvider {
    let place = ProviderConfig::without_region()
        .with_region(Some(Region::new(region.to_owned())))
        .with_http_client(http);
    ProfileFileCredentialsProvider::builder()
        .configure(&place)
        .profile_name(profile)
        .build()
}
