//! TLS to a database: the server must show a certificate of an authority that is known, for the name that was asked for.
//!
//! RDS signs with authorities of its own, which no machine knows by itself; the environment names a file of them. There is no way to
//! go without verification: the password of the master user would be given to whoever answers.

use std::path::Path;
use std::sync::Arc;

use infra_provider::error::{ErrorKind, ProviderError};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::partition;

/// Who speaks for the servers of a region.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authorities<'a> {
    /// The file that holds them; without one those of the machine count.
    pub(super) file: Option<&'a Path>,
    /// The region.
    pub(super) region: &'a str,
}

impl Authorities<'_> {
    /// Returns how the authorities of RDS are got.
    pub(super) fn hint(&self) -> String {
        format!(
            "Get the authorities of RDS from {} and name the file in the environment's block `provider \"aws\"`: \
             database_ca_file = \"global-bundle.pem\"",
            partition::authorities(self.region)
        )
    }
}

/// Returns what opens TLS connections to servers that one of these authorities speaks for.
pub(super) fn connector(authorities: &Authorities<'_>) -> Result<MakeRustlsConnect, ProviderError> {
    let unusable = |message: String| {
        ProviderError::rejected(ErrorKind::Environment, "connect to PostgreSQL", message)
            .hint(authorities.hint())
    };
    let roots = match authorities.file {
        None => of_machine(),
        Some(file) => of_file(file).map_err(|cause| {
            let message = format!("The certificates in `{}` cannot be used: {cause}", file.display());
            unusable(message)
        })?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// Some of many authorities of a machine may be too old to be read.
fn of_machine() -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    store
}

fn of_file(path: &Path) -> Result<RootCertStore, Box<dyn std::error::Error>> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        store.add(certificate?)?;
    }
    if store.is_empty() {
        return Err("there are none".into());
    }
    Ok(store)
}
