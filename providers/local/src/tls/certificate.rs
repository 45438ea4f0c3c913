//! The certificate of one server: signed, judged, and renewed beside the one that the server still shows.
//!
//! A file is named by the digest of its content. So a server that names its file says which certificate it shows, also
//! where a newer one lies beside it already.

use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use infra_model::clock::Timestamp;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, date_time_ymd,
};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::X509Certificate;

use super::TlsError;
use crate::host::disk::DiskError;
use crate::host::folder;

/// Seconds of a day.
pub(super) const DAY: u64 = 86_400;
/// How long a certificate counts: no longer than what clients take that follow the rules of public authorities.
const COUNTS_FOR: Duration = Duration::from_secs(365 * DAY);
/// It is renewed when it counts no longer than this.
const RENEWED_BEFORE: Duration = Duration::from_secs(60 * DAY);
/// Clocks of containers and of machines that slept lag behind.
const COUNTS_BEFORE: Duration = Duration::from_secs(DAY);
/// What is wrong where the authority is gone, ends, or is another one: the same, because it changes from one to the other
/// while an apply gives server by server a new certificate.
pub(super) const NO_AUTHORITY: &str = "not signed by an authority that counts";
/// How much of a digest names a file.
const NAME_CHARS: usize = 16;

/// The files of a server that shows a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certified {
    /// Its certificate in PEM.
    pub certificate: PathBuf,
    /// The key of it in PEM.
    pub key: PathBuf,
    /// The certificate of the authority in PEM, by which servers verify each other.
    pub authority: PathBuf,
}

impl Certified {
    fn of(certificate: PathBuf) -> Self {
        Certified {
            key: certificate.with_extension("key"),
            authority: certificate.with_extension("ca"),
            certificate,
        }
    }

    fn all(&self) -> [&Path; 3] {
        [&self.certificate, &self.key, &self.authority]
    }
}

/// What a certificate is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    /// The authority's certificate in PEM, an empty text where none counts.
    pub(super) authority: &'a str,
    /// The addresses that it has to be for.
    pub(super) addresses: &'a [IpAddr],
    /// The time.
    pub(super) now: Timestamp,
}

/// Returns a certificate in a folder with which nothing is wrong, the one that ends last.
pub(super) fn usable(folder: &Path, judged: &Judged<'_>) -> Result<Option<Certified>, TlsError> {
    let mut found = Vec::new();
    for file in certificates(folder)? {
        let content = folder::read_if_present(&file)?.unwrap_or_default();
        if fault(folder, &file, judged)?.is_none() {
            found.push((span(&content).map(|span| span.end), file));
        }
    }
    let last = found.into_iter().max();
    Ok(last.map(|(_, file)| Certified::of(file)))
}

/// Returns what is wrong with the certificate that a server shows, which should be one of those in its folder.
///
/// Its own files come first and the authority after them: what is said of a server then stays the same when another server
/// gets a new authority in the same apply.
pub(super) fn fault(folder: &Path, shown: &Path, judged: &Judged<'_>) -> Result<Option<String>, TlsError> {
    if shown.parent() != Some(folder) {
        return Ok(Some("not the engine's".to_owned()));
    }
    let files = Certified::of(shown.to_owned());
    let content = folder::read_if_present(shown)?;
    let (Some(content), true) = (content, files.all().iter().all(|file| file.exists())) else {
        return Ok(Some("missing".to_owned()));
    };
    if shown.file_stem() != Some(name_of(&content).as_ref()) {
        return Ok(Some("altered".to_owned()));
    }
    let key = folder::read_if_present(&files.key)?.unwrap_or_default();
    let key = String::from_utf8(key)
        .ok()
        .and_then(|key| KeyPair::from_pem(&key).ok());
    if !key.is_some_and(|key| is_key_of(&key, &content)) {
        return Ok(Some("altered".to_owned()));
    }
    let beside = folder::read_if_present(&files.authority)?;
    Ok(fault_of((&content, &beside.unwrap_or_default()), judged))
}

/// Says whether a key is that of a certificate in PEM.
pub(super) fn is_key_of(key: &KeyPair, certificate: &[u8]) -> bool {
    let own = pem(certificate);
    let own = own.as_ref().and_then(parsed);
    own.is_some_and(|own| own.public_key().raw == key.subject_public_key_info())
}

/// Returns what is wrong with a certificate, beside which lies one of the authority that servers verify each other by.
fn fault_of((content, beside): (&[u8], &[u8]), judged: &Judged<'_>) -> Option<String> {
    let own = pem(content);
    let Some(own) = own.as_ref().and_then(parsed) else {
        return Some("not understood".to_owned());
    };
    let authority = pem(judged.authority.as_bytes());
    let authority = authority.as_ref().and_then(parsed);
    if authority.is_none_or(|authority| own.verify_signature(Some(authority.public_key())).is_err()) {
        return Some(NO_AUTHORITY.to_owned());
    }
    if beside != judged.authority.as_bytes() {
        return Some("altered".to_owned());
    }
    let is_for = |address: &IpAddr| names(&own).contains(address);
    if !judged.addresses.iter().all(is_for) {
        return Some("for other addresses".to_owned());
    }
    let Range { start, end } = span_of(&own);
    if start > judged.now {
        return Some(format!("begins at {start}"));
    }
    (end <= judged.now.after(RENEWED_BEFORE)).then(|| format!("ends at {end}"))
}

/// Returns from when until when a certificate in PEM counts, if it is one.
pub(super) fn span(content: &[u8]) -> Option<Range<Timestamp>> {
    pem(content).as_ref().and_then(parsed).map(|own| span_of(&own))
}

fn span_of(certificate: &X509Certificate<'_>) -> Range<Timestamp> {
    let at = |seconds: i64| {
        Timestamp::from_millis(u64::try_from(seconds).unwrap_or_default().saturating_mul(1000))
    };
    let validity = certificate.validity();
    at(validity.not_before.timestamp())..at(validity.not_after.timestamp())
}

fn pem(content: &[u8]) -> Option<Pem> {
    Pem::iter_from_buffer(content).next()?.ok()
}

fn parsed(pem: &Pem) -> Option<X509Certificate<'_>> {
    pem.parse_x509().ok()
}

fn names(certificate: &X509Certificate<'_>) -> Vec<IpAddr> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names = extension.map(|extension| &extension.value.general_names);
    let address = |name: &GeneralName<'_>| match name {
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from))
                .ok()
        }
        _ => None,
    };
    names.into_iter().flatten().filter_map(address).collect()
}

/// Signs a certificate for a server and writes it beside those that are there.
pub(super) fn sign(
    folder: &Path,
    (name, judged): (&str, &Judged<'_>),
    issuer: &Issuer<'_, KeyPair>,
) -> Result<Certified, TlsError> {
    let key = KeyPair::generate()?;
    let names = std::iter::once("localhost".to_owned());
    let names = names.chain(judged.addresses.iter().map(IpAddr::to_string));
    let mut parameters = CertificateParams::new(names.collect::<Vec<_>>())?;
    between(&mut parameters, judged.now, COUNTS_FOR);
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Servers that copy from each other are clients as well.
    parameters.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let certificate = parameters.signed_by(&key, issuer)?.pem();
    let named = folder.join(name_of(certificate.as_bytes()));
    let files = Certified::of(named.with_extension("crt"));
    folder::private_directory(folder)?;
    // The certificate last: it is what says that all are there.
    folder::write_private(&files.authority, judged.authority.as_bytes())?;
    folder::write_private(&files.key, key.serialize_pem().as_bytes())?;
    folder::write_private(&files.certificate, certificate.as_bytes())?;
    Ok(files)
}

/// Removes all certificates of a server but this one, which it shows now.
///
/// # Errors
/// [`DiskError`] when one stays.
pub fn keep_alone(kept: &Certified) -> Result<(), DiskError> {
    let folder = kept.certificate.parent().unwrap_or(Path::new(""));
    let stem = kept.certificate.file_stem();
    for file in entries(folder)? {
        if file.file_stem() != stem {
            folder::remove_file(&file)?;
        }
    }
    Ok(())
}

/// Sets from when until when a certificate counts.
pub(super) fn between(parameters: &mut CertificateParams, now: Timestamp, counts_for: Duration) {
    let at = |time: Timestamp| date_time_ymd(1970, 1, 1) + time.since(Timestamp::default());
    parameters.not_before = at(now) - COUNTS_BEFORE;
    parameters.not_after = at(now.after(counts_for));
}

fn name_of(content: &[u8]) -> String {
    blake3::hash(content).to_hex()[..NAME_CHARS].to_owned()
}

fn certificates(folder: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let mut all = entries(folder)?;
    all.retain(|file| file.extension().is_some_and(|extension| extension == "crt"));
    Ok(all)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let failed = |source| DiskError::from_io("list the directory", folder, source);
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        found => found
            .map_err(failed)?
            .map(|entry| Ok(entry.map_err(failed)?.path()))
            .collect(),
    }
}
