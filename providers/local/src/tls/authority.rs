//! The private certificate authority of one environment: made when the first server needs it, removed with the last.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra_model::clock::{Clock, SystemClock, Timestamp};
use infra_model::sealing::{Sealed, Sealing, Secret};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use serde::{Deserialize, Serialize};

use super::TlsError;
use super::certificate::{self, Certified, DAY, Judged, between};
use crate::host::folder;
use crate::settings::LocalSettings;

/// How long an authority counts.
const COUNTS_FOR: Duration = Duration::from_secs(3650 * DAY);
/// It is made anew when it counts no longer than this: it has to outlive every certificate that it signs.
const RENEWED_BEFORE: Duration = Duration::from_secs(730 * DAY);
/// Who needs the authority, a file for each.
const USERS: &str = "users";
/// What is wrong where clients do not find the certificate that they verify servers by. It is judged last, since the first
/// server that gets a certificate mends it for all.
const NOT_AT_HAND: &str = "without the file that clients verify it by";

/// An authority: both in one file, so that they belong together whenever the engine ends.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Its certificate in PEM.
    certificate: String,
    /// Its key in PEM, sealed.
    key: String,
}

/// Where the authority of an environment is, and who needs it.
pub struct AuthoritySite {
    folder: PathBuf,
    sealing: Arc<dyn Sealing>,
    clock: Arc<dyn Clock>,
    /// Servers are made in parallel, and only the first of them makes the authority.
    making: Mutex<()>,
}

impl fmt::Debug for AuthoritySite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthoritySite")
            .field("folder", &self.folder)
            .finish()
    }
}

impl AuthoritySite {
    /// Returns the site of an environment; nothing is made yet.
    #[must_use]
    pub fn new(settings: &LocalSettings) -> Self {
        AuthoritySite {
            folder: settings.folder.join("tls"),
            sealing: settings.sealing.clone(),
            clock: Arc::new(SystemClock),
            making: Mutex::default(),
        }
    }

    /// Returns the file by which clients verify servers: a certificate in PEM.
    #[must_use]
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.join("authority.crt")
    }

    fn kept_file(&self) -> PathBuf {
        self.folder.join("authority.json")
    }

    fn user_file(&self, user: &str) -> PathBuf {
        self.folder.join(USERS).join(user)
    }

    /// Returns the certificate in PEM, if there is an authority.
    ///
    /// # Errors
    /// [`TlsError`] when it cannot be read.
    pub fn certificate(&self) -> Result<Option<String>, TlsError> {
        Ok(self.kept()?.map(|kept| kept.certificate))
    }

    /// Returns the authority. One that is not understood counts as gone: the plan says so before another is made.
    fn kept(&self) -> Result<Option<Kept>, TlsError> {
        let text = folder::read_if_present(&self.kept_file())?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    /// Returns the certificate of a server for these addresses, signed first if there is none that counts.
    ///
    /// # Errors
    /// [`TlsError`] when it cannot be made or written.
    pub fn certify(&self, server: &Server<'_>) -> Result<Certified, TlsError> {
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let user = self.user_file(server.user);
        folder::private_directory(&self.folder)?;
        folder::private_directory(&self.folder.join(USERS))?;
        folder::write_private(&user, b"")?;
        let found = self.kept()?.filter(|kept| counts(&kept.certificate, now));
        if let Some(found) = &found {
            self.hand_out(&found.certificate)?;
            if let Some(usable) = certificate::usable(server.folder, &server.judged(&found.certificate, now))?
            {
                return Ok(usable);
            }
        }
        let (authority, issuer) = self.issuer(found, now)?;
        certificate::sign(
            server.folder,
            (server.user, &server.judged(&authority, now)),
            &issuer,
        )
    }

    /// Returns what is wrong with the certificate that a server says it shows; nothing when it counts.
    ///
    /// # Errors
    /// [`TlsError`] when a file cannot be read.
    pub fn fault(&self, shown: &Path, server: &Server<'_>) -> Result<Option<String>, TlsError> {
        let now = self.clock.now();
        let authority = self.certificate()?.filter(|authority| counts(authority, now));
        let judged = server.judged(authority.as_deref().unwrap_or_default(), now);
        let fault = certificate::fault(server.folder, shown, &judged)?;
        if fault.is_some() || self.is_handed_out(judged.authority)? {
            return Ok(fault);
        }
        Ok(Some(NOT_AT_HAND.to_owned()))
    }

    /// Notes that somebody needs the authority no more, and removes it when nobody does.
    ///
    /// # Errors
    /// [`TlsError`] when something stays.
    pub fn leave(&self, user: &str) -> Result<(), TlsError> {
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let users = self.folder.join(USERS);
        folder::remove_with_draft(&self.user_file(user))?;
        folder::remove_if_empty(&users)?;
        if !users.exists() {
            folder::remove_tree(&self.folder)?;
        }
        Ok(())
    }

    /// Returns the certificate and the key of an authority, of a new one where there is none, or where its key is not that of
    /// its certificate.
    fn issuer(
        &self,
        found: Option<Kept>,
        now: Timestamp,
    ) -> Result<(String, Issuer<'static, KeyPair>), TlsError> {
        let (certificate, key) = match found {
            Some(kept) => match self.opened(&kept)? {
                Some(key) => (kept.certificate, key),
                None => self.make(now)?,
            },
            None => self.make(now)?,
        };
        let issuer = Issuer::from_ca_cert_pem(&certificate, key)?;
        Ok((certificate, issuer))
    }

    fn opened(&self, kept: &Kept) -> Result<Option<KeyPair>, TlsError> {
        let opened = self.sealing.open(&Sealed::from_text(kept.key.clone()));
        let key = opened.map_err(|source| TlsError::Sealed {
            file: self.kept_file(),
            source,
        })?;
        let key = KeyPair::from_pem(key.expose()).ok();
        Ok(key.filter(|key| certificate::is_key_of(key, kept.certificate.as_bytes())))
    }

    fn make(&self, now: Timestamp) -> Result<(String, KeyPair), TlsError> {
        let key = KeyPair::generate()?;
        let certificate = parameters(now).self_signed(&key)?.pem();
        let sealed = self.sealing.seal(&Secret::new(key.serialize_pem()));
        let text = serde_json::json!(Kept {
            certificate: certificate.clone(),
            key: sealed.as_str().to_owned(),
        });
        folder::write_private(&self.kept_file(), text.to_string().as_bytes())?;
        self.hand_out(&certificate)?;
        Ok((certificate, key))
    }

    /// Writes the certificate where clients read it.
    fn hand_out(&self, certificate: &str) -> Result<(), TlsError> {
        if !self.is_handed_out(certificate)? {
            folder::write_private(&self.certificate_file(), certificate.as_bytes())?;
        }
        Ok(())
    }

    fn is_handed_out(&self, certificate: &str) -> Result<bool, TlsError> {
        let found = folder::read_if_present(&self.certificate_file())?;
        Ok(found.as_deref() == Some(certificate.as_bytes()))
    }
}

/// A server that shows a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// Who needs the authority for it: a service and a name, such as `redis.cache`.
    pub user: &'a str,
    /// The folder of its certificate and key.
    pub folder: &'a Path,
    /// The addresses by which clients know it.
    pub addresses: &'a [IpAddr],
}

impl<'a> Server<'a> {
    fn judged(&self, authority: &'a str, now: Timestamp) -> Judged<'a> {
        Judged {
            authority,
            addresses: self.addresses,
            now,
        }
    }
}

/// Says whether an authority may sign, and what it signed counts.
fn counts(certificate: &str, now: Timestamp) -> bool {
    let span = certificate::span(certificate.as_bytes());
    span.is_some_and(|span| span.start <= now && span.end > now.after(RENEWED_BEFORE))
}

fn parameters(now: Timestamp) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    between(&mut parameters, now, COUNTS_FOR);
    // Nobody below it may sign in turn.
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let name = format!("infra local authority of {now}");
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

#[cfg(test)]
mod tests;
