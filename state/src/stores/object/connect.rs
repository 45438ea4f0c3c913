//! From an address and options to a client of the service.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use infra_model::sealing::Secret;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{BackoffConfig, ClientConfigKey, RetryConfig};
use url::Url;

use crate::contract::StoreError;
use crate::stores::object::OpenRequest;
use crate::stores::object::bucket::Bucket;
use crate::stores::object::cause::Cause;

/// How long one request may take: long enough for a part of a snapshot on a slow line.
const REQUEST_TIMEOUT: &str = "60 seconds";

/// A place in object storage cannot be reached with what was given.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is not one. It is not repeated: somebody may have put a password into it.
    #[error(
        "The address of the store is not one of a bucket, container or folder: `s3://bucket/path`, `az://container/path` or `file:///folder`"
    )]
    Address,
    /// The option has no meaning there.
    #[error("`{option}` is not an option for `{url}`")]
    Option {
        /// The option's name.
        option: String,
        /// The address.
        url: String,
    },
    /// The folder is not there. It is not made: it may be the place where another file system belongs.
    #[error("`{folder}` is not a folder")]
    NoFolder {
        /// The folder.
        folder: String,
    },
    /// The service's client refuses what it was given.
    #[error("The store cannot be set up: {cause}")]
    Client {
        /// Why, with the address.
        cause: Cause,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    S3,
    Azure,
    Folder,
}

/// Tells whether an option, in small letters, means something for an address. Whoever passes on the environment
/// variables of a service's own tools asks this first: there are more of them than matter here.
#[must_use]
pub fn knows(url: &str, option: &str) -> bool {
    match address(url) {
        Ok((Service::S3, _)) => aws_key(option).is_some(),
        Ok((Service::Azure, _)) => azure_key(option).is_some(),
        Ok((Service::Folder, _)) | Err(_) => false,
    }
}

/// Returns the part of the bucket that a request asks for.
pub(super) async fn connect(request: &OpenRequest) -> Result<Bucket, StoreError> {
    let (service, url) = address(&request.url).map_err(cannot_open)?;
    let place = place(request);
    let path = match service {
        Service::Folder => request.path.clone(),
        Service::S3 | Service::Azure => format!("{}/{}", url.path().trim_matches('/'), request.path),
    };
    let prefix = Path::from_url_path(path.trim_start_matches('/'))
        .map_err(|error| cannot_open(refused(request, &error.into())))?;
    let bucket = |objects| Bucket::new(objects, prefix, place);
    match service {
        Service::Folder => {
            let (objects, folder) = folder(request, &url).map_err(cannot_open)?;
            Ok(bucket(objects).in_folder(&folder))
        }
        Service::S3 => Ok(bucket(s3(request).map_err(cannot_open)?)),
        Service::Azure => Ok(bucket(azure(request).map_err(cannot_open)?)),
    }
}

/// Returns how people call the place: with whom is asked, if that is not the cloud itself.
fn place(request: &OpenRequest) -> String {
    let place = format!("{}/{}", request.url.trim_end_matches('/'), request.path);
    let endpoint = request.options.iter().find(|(name, _)| name.contains("endpoint"));
    match endpoint.map(|(_, endpoint)| endpoint.expose()) {
        // A password would stand before an `@`.
        Some(endpoint) if !endpoint.contains('@') => format!("{place} at {endpoint}"),
        _ => place,
    }
}

fn cannot_open(error: ConnectError) -> StoreError {
    StoreError::Io {
        attempt: "opened",
        source: Box::new(error),
    }
}

fn address(url: &str) -> Result<(Service, Url), ConnectError> {
    let parsed = Url::parse(url).map_err(|_| ConnectError::Address)?;
    let service = match parsed.scheme() {
        "s3" => Service::S3,
        "az" => Service::Azure,
        "file" => Service::Folder,
        _ => return Err(ConnectError::Address),
    };
    let has_host = parsed.host_str().is_some_and(|host| !host.is_empty());
    let is_plain = parsed.query().is_none() && parsed.fragment().is_none();
    let is_plain = is_plain && parsed.username().is_empty() && parsed.password().is_none();
    match is_plain && has_host == (service != Service::Folder) {
        true => Ok((service, parsed)),
        false => Err(ConnectError::Address),
    }
}

type Objects = Arc<dyn object_store::ObjectStore>;

fn folder(request: &OpenRequest, url: &Url) -> Result<(Objects, PathBuf), ConnectError> {
    if let Some(option) = request.options.keys().next() {
        return Err(unknown(option, request));
    }
    let folder = url.to_file_path().map_err(|()| ConnectError::Address)?;
    if !folder.is_dir() {
        return Err(ConnectError::NoFolder {
            folder: folder.display().to_string(),
        });
    }
    let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|error| refused(request, &error))?;
    Ok((Arc::new(objects.with_fsync(true)), folder))
}

pub(super) fn s3(request: &OpenRequest) -> Result<Objects, ConnectError> {
    use_own_cryptography();
    let mut builder = AmazonS3Builder::new()
        .with_url(&request.url)
        .with_retry(retries())
        .with_config(
            AmazonS3ConfigKey::Client(ClientConfigKey::Timeout),
            REQUEST_TIMEOUT,
        );
    for (option, value) in &request.options {
        let key = aws_key(option).ok_or_else(|| unknown(option, request))?;
        if matches!(key, AmazonS3ConfigKey::Endpoint | AmazonS3ConfigKey::S3Endpoint) && is_http(value) {
            let allow = AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp);
            builder = builder.with_config(allow, "true");
        }
        builder = builder.with_config(key, value.expose());
    }
    let built = builder.build().map_err(|error| refused(request, &error))?;
    Ok(Arc::new(built))
}

fn azure(request: &OpenRequest) -> Result<Objects, ConnectError> {
    use_own_cryptography();
    let mut builder = MicrosoftAzureBuilder::new()
        .with_url(&request.url)
        .with_retry(retries())
        .with_config(AzureConfigKey::Client(ClientConfigKey::Timeout), REQUEST_TIMEOUT);
    for (option, value) in &request.options {
        let key = azure_key(option).ok_or_else(|| unknown(option, request))?;
        if key == AzureConfigKey::Endpoint && is_http(value) {
            let allow = AzureConfigKey::Client(ClientConfigKey::AllowHttp);
            builder = builder.with_config(allow, "true");
        }
        builder = builder.with_config(key, value.expose());
    }
    let built = builder.build().map_err(|error| refused(request, &error))?;
    Ok(Arc::new(built))
}

fn aws_key(option: &str) -> Option<AmazonS3ConfigKey> {
    option.parse().ok()
}

fn azure_key(option: &str) -> Option<AzureConfigKey> {
    // What Azure's own command line calls them.
    match option {
        "azure_storage_account" => Some(AzureConfigKey::AccountName),
        "azure_storage_key" => Some(AzureConfigKey::AccessKey),
        _ => option.parse().ok(),
    }
}

/// Whoever names an address without TLS means it, as with the services' own tools.
fn is_http(endpoint: &Secret) -> bool {
    endpoint.expose().starts_with("http://")
}

/// What the client repeats by itself: requests that were not sent, were refused by a busy service, or only read.
fn retries() -> RetryConfig {
    RetryConfig {
        max_retries: 5,
        retry_timeout: Duration::from_secs(30),
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(3),
            base: 2.0,
        },
    }
}

/// Chooses the cryptography of TLS for this process, unless it has been chosen already: the client takes what it
/// finds, and finds nothing else.
pub(super) fn use_own_cryptography() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn unknown(option: &str, request: &OpenRequest) -> ConnectError {
    ConnectError::Option {
        option: option.to_owned(),
        url: request.url.clone(),
    }
}

fn refused(request: &OpenRequest, error: &object_store::Error) -> ConnectError {
    ConnectError::Client {
        cause: Cause::of(&request.url, error),
    }
}
