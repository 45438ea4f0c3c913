//! What an authority signs, what counts, and what is told of what does not.

use infra_model::sealing::OpenError;

use super::*;
use crate::tls::certificate::NO_AUTHORITY;

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
    let third = site.certify(&one.server()).unwrap();
    std::fs::remove_file(site.certificate_file()).unwrap();
    let fault = site.fault(&third.certificate, &one.server()).unwrap();
    assert_eq!(fault.as_deref(), Some(NOT_AT_HAND));
    assert_eq!(site.certify(&one.server()).unwrap(), third);
    assert_eq!(site.fault(&third.certificate, &one.server()).unwrap(), None);
}

#[test]
fn a_key_that_is_not_the_certificates_and_an_altered_authority_are_told_and_made_anew() {
    let (one, other) = (One::new(), One::new());
    let site = one.at(NOW);
    let foreign = other.at(NOW).certify(&other.server()).unwrap();
    let foreign_key = std::fs::read(&foreign.key).unwrap();
    for content in [b"", b"no key".as_slice(), &foreign_key] {
        let own = site.certify(&one.server()).unwrap();
        std::fs::write(&own.key, content).unwrap();
        let fault = site.fault(&own.certificate, &one.server()).unwrap();
        assert_eq!(fault.as_deref(), Some("altered"));
        assert_ne!(site.certify(&one.server()).unwrap(), own);
    }
    let own = site.certify(&one.server()).unwrap();
    std::fs::write(&own.authority, std::fs::read(&foreign.authority).unwrap()).unwrap();
    let fault = site.fault(&own.certificate, &one.server()).unwrap();
    assert_eq!(fault.as_deref(), Some("altered"));
    assert_ne!(site.certify(&one.server()).unwrap(), own);
}

#[test]
fn an_authority_whose_key_is_gone_is_told_before_it_is_made_anew() {
    let one = One::new();
    let site = one.at(NOW);
    for content in [None, Some("")] {
        let own = site.certify(&one.server()).unwrap();
        let authority = site.certificate().unwrap();
        match content {
            None => std::fs::remove_file(site.kept_file()).unwrap(),
            Some(text) => std::fs::write(site.kept_file(), text).unwrap(),
        }
        let fault = site.fault(&own.certificate, &one.server()).unwrap();
        assert_eq!(fault.as_deref(), Some(NO_AUTHORITY));
        site.certify(&one.server()).unwrap();
        assert_ne!(site.certificate().unwrap(), authority);
    }
}

#[test]
fn an_authority_with_the_key_of_another_one_signs_nothing() {
    let one = One::new();
    let site = one.at(NOW);
    site.certify(&one.server()).unwrap();
    let before = site.kept().unwrap().unwrap();
    let key = site
        .sealing
        .seal(&Secret::new(KeyPair::generate().unwrap().serialize_pem()));
    let mixed = Kept {
        certificate: before.certificate.clone(),
        key: key.as_str().to_owned(),
    };
    std::fs::write(site.kept_file(), serde_json::to_string(&mixed).unwrap()).unwrap();
    let second = Server {
        user: "redis.queue",
        folder: &one.folder.path().join("redis/queue/tls"),
        ..one.server()
    };
    let signed = site.certify(&second).unwrap();
    assert_eq!(site.fault(&signed.certificate, &second).unwrap(), None);
    assert_ne!(site.certificate().unwrap(), Some(before.certificate));
}

#[test]
fn what_is_wrong_with_a_server_itself_stays_the_same_when_another_one_gets_the_authority_anew() {
    let one = One::new();
    let site = one.at(NOW);
    let own = site.certify(&one.server()).unwrap();
    let second = Server {
        user: "redis.queue",
        folder: &one.folder.path().join("redis/queue/tls"),
        ..one.server()
    };
    site.certify(&second).unwrap();
    let moved = Server {
        addresses: &["198.18.0.4".parse().unwrap()],
        ..one.server()
    };
    let faults = || [one.server(), moved].map(|server| site.fault(&own.certificate, &server).unwrap());
    std::fs::remove_file(site.kept_file()).unwrap();
    let before = faults();
    assert_eq!(
        before,
        [Some(NO_AUTHORITY.to_owned()), Some(NO_AUTHORITY.to_owned())]
    );
    site.certify(&second).unwrap();
    assert_eq!(faults(), before);
    std::fs::remove_file(&own.key).unwrap();
    std::fs::remove_file(site.kept_file()).unwrap();
    let before = faults();
    assert_eq!(before[0].as_deref(), Some("missing"));
    site.certify(&second).unwrap();
    assert_eq!(faults(), before);
}

#[test]
fn what_does_not_count_yet_is_told_and_made_anew() {
    let one = One::new();
    let first = one.at(days(10)).certify(&one.server()).unwrap();
    let fault = one.at(NOW).fault(&first.certificate, &one.server()).unwrap();
    assert_eq!(fault.as_deref(), Some(NO_AUTHORITY));
    let second = one.at(NOW).certify(&one.server()).unwrap();
    assert_eq!(
        one.at(NOW).fault(&second.certificate, &one.server()).unwrap(),
        None
    );
    // The authority counts by now, and what it signed later does not.
    std::fs::remove_file(&second.certificate).unwrap();
    let third = one.at(days(10)).certify(&one.server()).unwrap();
    let fault = one.at(NOW).fault(&third.certificate, &one.server()).unwrap();
    assert_eq!(fault.as_deref(), Some("begins at 2026-11-27T11:06:40Z"));
}

#[test]
fn a_mark_that_was_cut_short_keeps_no_authority_alive() {
    let one = One::new();
    let site = one.at(NOW);
    site.certify(&one.server()).unwrap();
    let draft = site.user_file("redis.cache").with_file_name(".redis.cache.new");
    std::fs::write(draft, "").unwrap();
    site.leave("redis.cache").unwrap();
    assert!(!one.folder.path().join("tls").exists());
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
    let key = std::fs::read_to_string(site.kept_file()).unwrap();
    assert!(!key.contains("PRIVATE KEY"), "{key}");
    site.leave("redis.cache").unwrap();
    assert!(site.certificate_file().exists());
    site.leave("redis.queue").unwrap();
    assert!(!one.folder.path().join("tls").exists());
    site.leave("redis.queue").unwrap();
}
