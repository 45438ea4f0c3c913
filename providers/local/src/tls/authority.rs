//! The private certificate authority of one environment: made when the first server needs it, removed with the last.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra_model::clock::{Clock, SystemClock, Timestamp};
use infra_model::sealing::{Sealed, Sealing, Secret};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::TlsError;
use super::certificate::{self, Certified, DAY, Judged, NO_AUTHORITY, between};
use crate::host::folder;
use crate::settings::LocalSettings;

/// How long an authority counts.
const COUNTS_FOR: Duration = Duration::from_secs(3650 * DAY);
/// It is made anew when it counts no longer than this: it has to outlive every certificate that it signs.
const RENEWED_BEFORE: Duration = Duration::from_secs(730 * DAY);
/// Who needs the authority, a file for each.
const USERS: &str = "users";

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

    fn key_file(&self) -> PathBuf {
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
        let text = folder::read_if_present(&self.certificate_file())?;
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
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
        let authority = self.ensure(now)?;
        let judged = Judged {
            authority: &authority,
            addresses: server.addresses,
            now,
        };
        if let Some(found) = certificate::usable(server.folder, &judged)? {
            return Ok(found);
        }
        let issuer = self.issuer(&authority)?;
        certificate::sign(server.folder, (server.user, &judged), &issuer)
    }

    /// Returns what is wrong with the certificate that a server says it shows; nothing when it counts.
    ///
    /// # Errors
    /// [`TlsError`] when a file cannot be read.
    pub fn fault(&self, shown: &Path, server: &Server<'_>) -> Result<Option<String>, TlsError> {
        let now = self.clock.now();
        let authority = self.certificate()?;
        let Some(authority) = authority.filter(|authority| counts(authority, now)) else {
            return Ok(Some(NO_AUTHORITY.to_owned()));
        };
        let judged = Judged {
            authority: &authority,
            addresses: server.addresses,
            now,
        };
        certificate::fault(server.folder, shown, &judged)
    }

    /// Notes that somebody needs the authority no more, and removes it when nobody does.
    ///
    /// # Errors
    /// [`TlsError`] when something stays.
    pub fn leave(&self, user: &str) -> Result<(), TlsError> {
        let _alone = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let users = self.folder.join(USERS);
        folder::remove_file(&self.user_file(user))?;
        folder::remove_if_empty(&users)?;
        if !users.exists() {
            folder::remove_tree(&self.folder)?;
        }
        Ok(())
    }

    /// Returns the authority's certificate, made first if there is none that counts for long enough.
    fn ensure(&self, now: Timestamp) -> Result<String, TlsError> {
        if let Some(found) = self.certificate()?
            && counts(&found, now)
            && self.key_file().exists()
        {
            return Ok(found);
        }
        let key = KeyPair::generate()?;
        let certificate = parameters(now).self_signed(&key)?.pem();
        let sealed = self.sealing.seal(&Secret::new(key.serialize_pem()));
        // The key first: the certificate is what says that both are there.
        folder::remove_file(&self.certificate_file())?;
        folder::write_private(&self.key_file(), sealed.as_str().as_bytes())?;
        folder::write_private(&self.certificate_file(), certificate.as_bytes())?;
        Ok(certificate)
    }

    fn issuer(&self, certificate: &str) -> Result<Issuer<'static, KeyPair>, TlsError> {
        let file = self.key_file();
        let sealed = folder::read_if_present(&file)?.unwrap_or_default();
        let Ok(sealed) = String::from_utf8(sealed) else {
            return Err(TlsError::Damaged { file });
        };
        let opened = self.sealing.open(&Sealed::from_text(sealed));
        let key = opened.map_err(|source| TlsError::Sealed { file, source })?;
        let key = KeyPair::from_pem(key.expose())?;
        Ok(Issuer::from_ca_cert_pem(certificate, key)?)
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

/// Says whether an authority may sign, and what it signed counts.
fn counts(certificate: &str, now: Timestamp) -> bool {
    certificate::end(certificate.as_bytes()).is_some_and(|end| end > now.after(RENEWED_BEFORE))
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
mod tests {
    use infra_model::sealing::OpenError;

    use super::*;

    /// Turns a text around, which is enough to tell a seal from what it seals.
    struct Reversing;

    impl Sealing for Reversing {
        fn seal(&self, secret: &Secret) -> Sealed {
            Sealed::from_text(secret.expose().chars().rev().collect())
        }

        fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
            Ok(Secret::new(sealed.as_str().chars().rev().collect::<String>()))
        }
    }

    #[derive(Debug)]
    struct At(Timestamp);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    /// Some day in 2026.
    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn days(count: u64) -> Timestamp {
        NOW.after(Duration::from_secs(count * DAY))
    }

    fn site(folder: &Path, now: Timestamp) -> AuthoritySite {
        AuthoritySite {
            folder: folder.join("tls"),
            sealing: Arc::new(Reversing),
            clock: Arc::new(At(now)),
            making: Mutex::default(),
        }
    }

    struct One {
        folder: tempfile::TempDir,
        own: PathBuf,
        addresses: [IpAddr; 1],
    }

    impl One {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            One {
                own: folder.path().join("redis/cache/tls"),
                folder,
                addresses: ["198.18.0.3".parse().unwrap()],
            }
        }

        fn server(&self) -> Server<'_> {
            Server {
                user: "redis.cache",
                folder: &self.own,
                addresses: &self.addresses,
            }
        }

        fn at(&self, now: Timestamp) -> AuthoritySite {
            site(self.folder.path(), now)
        }
    }

    #[test]
    fn a_certificate_is_kept_until_two_months_before_its_end() {
        let one = One::new();
        let first = one.at(NOW).certify(&one.server()).unwrap();
        for now in [NOW, days(300)] {
            assert_eq!(one.at(now).certify(&one.server()).unwrap(), first);
            let fault = one.at(now).fault(&first.certificate, &one.server()).unwrap();
            assert_eq!(fault, None);
        }
        let fault = one
            .at(days(310))
            .fault(&first.certificate, &one.server())
            .unwrap();
        assert_eq!(fault.as_deref(), Some("ends at 2027-11-18T11:06:40Z"));
        let second = one.at(days(310)).certify(&one.server()).unwrap();
        assert_ne!(second, first);
        let fault = one.at(days(310)).fault(&second.certificate, &one.server());
        assert_eq!(fault.unwrap(), None);
        // The server still shows the first until it has loaded the second.
        assert!(first.certificate.exists() && first.key.exists());
        certificate::keep_alone(&second).unwrap();
        assert!(!first.certificate.exists() && !first.key.exists() && second.key.exists());
    }

    #[test]
    fn an_authority_outlives_what_it_signed_and_is_made_anew_in_time() {
        let one = One::new();
        let (now, late) = (one.at(NOW), one.at(days(3000)));
        let first = now.certify(&one.server()).unwrap();
        let authority = now.certificate().unwrap();
        let fault = late.fault(&first.certificate, &one.server()).unwrap();
        assert_eq!(fault.as_deref(), Some(NO_AUTHORITY));
        let second = late.certify(&one.server()).unwrap();
        assert_ne!(late.certificate().unwrap(), authority);
        let fault = late.fault(&second.certificate, &one.server());
        assert_eq!(fault.unwrap(), None);
    }

    #[test]
    fn what_another_authority_signed_or_is_for_another_address_does_not_count() {
        let (one, other) = (One::new(), One::new());
        let site = one.at(NOW);
        let own = site.certify(&one.server()).unwrap();
        other.at(NOW).certify(&other.server()).unwrap();
        let elsewhere = other.at(NOW).fault(
            &own.certificate,
            &Server {
                folder: &one.own,
                ..other.server()
            },
        );
        let said = Some(NO_AUTHORITY.to_owned());
        assert_eq!(elsewhere.unwrap(), said);
        let moved = Server {
            addresses: &["198.18.0.4".parse().unwrap()],
            ..one.server()
        };
        let fault = site.fault(&own.certificate, &moved).unwrap();
        assert_eq!(fault.as_deref(), Some("for other addresses"));
        assert_ne!(site.certify(&moved).unwrap(), own);
        let fault = site.fault(Path::new("/etc/other.crt"), &one.server()).unwrap();
        assert_eq!(fault.as_deref(), Some("not the engine's"));
    }

    #[test]
    fn what_is_gone_or_was_altered_is_told_and_made_anew() {
        let one = One::new();
        let site = one.at(NOW);
        let first = site.certify(&one.server()).unwrap();
        std::fs::remove_file(&first.key).unwrap();
        let fault = site.fault(&first.certificate, &one.server()).unwrap();
        assert_eq!(fault.as_deref(), Some("missing"));
        let second = site.certify(&one.server()).unwrap();
        std::fs::write(&second.certificate, std::fs::read(&first.certificate).unwrap()).unwrap();
        let fault = site.fault(&second.certificate, &one.server()).unwrap();
        assert_eq!(fault.as_deref(), Some("altered"));
        std::fs::remove_file(site.certificate_file()).unwrap();
        let fault = site.fault(&second.certificate, &one.server()).unwrap();
        assert_eq!(fault.as_deref(), Some(NO_AUTHORITY));
        let third = site.certify(&one.server()).unwrap();
        assert_eq!(site.fault(&third.certificate, &one.server()).unwrap(), None);
    }

    #[test]
    fn the_key_of_the_authority_lies_sealed_and_goes_with_its_last_user() {
        let one = One::new();
        let site = one.at(NOW);
        site.certify(&one.server()).unwrap();
        let second = Server {
            user: "redis.queue",
            folder: &one.folder.path().join("redis/queue/tls"),
            ..one.server()
        };
        site.certify(&second).unwrap();
        let key = std::fs::read_to_string(site.key_file()).unwrap();
        assert!(!key.contains("PRIVATE KEY"), "{key}");
        site.leave("redis.cache").unwrap();
        assert!(site.certificate_file().exists());
        site.leave("redis.queue").unwrap();
        assert!(!one.folder.path().join("tls").exists());
        site.leave("redis.queue").unwrap();
    }
}
