//! Makes the self-signed certificate with which a server offers TLS.
//!
//! A client that wants to verify it names the certificate itself as its root. It is made anew only when the server gets
//! other addresses, so that clients can keep it.

use std::net::IpAddr;
use std::path::Path;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use thiserror::Error;

use super::configuration::CertificateFiles;
use crate::host::disk::DiskError;
use crate::host::folder;

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// It could not be made.
    #[error("A certificate cannot be made")]
    Make(#[from] rcgen::Error),
    /// It could not be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// Returns the certificate and key in a folder, made first if there are none for these addresses.
///
/// # Errors
/// [`CertificateError`] when they cannot be made or written.
pub fn ensure(folder: &Path, name: &str, addresses: &[IpAddr]) -> Result<CertificateFiles, CertificateError> {
    let files = CertificateFiles {
        certificate: folder.join("server.crt"),
        key: folder.join("server.key"),
    };
    let names = names(addresses);
    let heading = format!("Certificate of {name} for {}\n", names.join(", "));
    let written = folder::read_if_present(&files.certificate)?;
    if written.is_some_and(|text| text.starts_with(heading.as_bytes())) {
        return Ok(files);
    }
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    let certificate = parameters.self_signed(&key)?;
    folder::private_directory(folder)?;
    // The key first: the certificate's heading is what says that both are there.
    folder::remove_file(&files.certificate)?;
    folder::write_private(&files.key, key.serialize_pem().as_bytes())?;
    folder::write_private(
        &files.certificate,
        format!("{heading}{}", certificate.pem()).as_bytes(),
    )?;
    Ok(files)
}

fn names(addresses: &[IpAddr]) -> Vec<String> {
    std::iter::once("localhost".to_owned())
        .chain(addresses.iter().map(IpAddr::to_string))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_kept_until_the_addresses_change() {
        let folder = tempfile::tempdir().unwrap();
        let address: IpAddr = "198.18.0.3".parse().unwrap();
        let files = ensure(folder.path(), "main", &[address]).unwrap();
        let first = std::fs::read_to_string(&files.certificate).unwrap();
        assert!(
            first.starts_with("Certificate of main for localhost, 198.18.0.3\n-----BEGIN CERTIFICATE-----")
        );
        ensure(folder.path(), "main", &[address]).unwrap();
        assert_eq!(std::fs::read_to_string(&files.certificate).unwrap(), first);
        ensure(folder.path(), "main", &[]).unwrap();
        assert_ne!(std::fs::read_to_string(&files.certificate).unwrap(), first);
    }
}
