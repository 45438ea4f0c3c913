//! Tests of sealing and wrapping.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use insta::assert_snapshot;

use super::wrapping::{KeyHolder, WorkFactor, unwrap, wrap};
use super::*;

fn key(byte: u8) -> DataKey {
    DataKey::from_bytes(Zeroizing::new([byte; 32]))
}

fn passphrase(text: &str) -> KeyHolder {
    KeyHolder::Passphrase {
        passphrase: Secret::new(text),
        work: WorkFactor::LOWEST,
    }
}

fn identity() -> KeyHolder {
    let folder = tempfile::tempdir().unwrap();
    KeyHolder::Identity(identity::create(&folder.path().join("identity")).unwrap())
}

/// Shows an error as a user sees it: message, then hint.
fn shown<T: fmt::Debug>(result: Result<T, KeyError>) -> String {
    let error = result.unwrap_err();
    format!("{error}\nHint: {}", error.hint().unwrap_or_default())
}

#[test]
fn the_form_of_seals_does_not_change() {
    assert_snapshot!(key(7).seal(&Secret::new("hunter2")).as_str(), @"s1:uObslsXTvGUzpJDDJ0mitKtnbsCldqX5OrVkMSP6ZqrdghM");
}

#[test]
fn a_seal_opens_to_the_secret() {
    for secret in ["", "hunter2", "pässwörd ☃", &"x".repeat(100_000)] {
        let sealed = key(1).seal(&Secret::new(secret));
        assert_eq!(key(1).open(&sealed).unwrap().expose(), secret);
        assert!(secret.is_empty() || !sealed.as_str().contains(secret));
    }
}

#[test]
fn equal_secrets_have_equal_seals_under_one_key_only() {
    let secret = Secret::new("hunter2");
    assert_eq!(key(1).seal(&secret), key(1).seal(&secret));
    assert_ne!(key(1).seal(&secret), key(1).seal(&Secret::new("hunter3")));
    assert_ne!(key(1).seal(&secret), key(2).seal(&secret));
}

#[test]
fn a_seal_of_another_key_or_altered_does_not_open() {
    let sealed = key(1).seal(&Secret::new("hunter2"));
    assert_eq!(key(2).open(&sealed).unwrap_err(), OpenError);
    for at in 0..sealed.as_str().len() {
        let mut text = sealed.as_str().as_bytes().to_vec();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let altered = Sealed::from_text(String::from_utf8(text).unwrap());
        assert_eq!(key(1).open(&altered).unwrap_err(), OpenError, "{at}");
    }
    for text in ["", "s1:", "s1:AAAA", "s2:AAAA", "hunter2"] {
        assert_eq!(
            key(1).open(&Sealed::from_text(text.to_owned())).unwrap_err(),
            OpenError
        );
    }
}

#[test]
fn derived_keys_differ_by_purpose_and_key() {
    assert_eq!(key(1).derive("vault"), key(1).derive("vault"));
    assert_ne!(key(1).derive("vault"), key(1).derive("backup"));
    assert_ne!(key(1).derive("vault"), key(2).derive("vault"));
    assert_ne!(*key(1).derive("vault"), *key(1).key);
}

#[test]
fn debug_shows_no_key() {
    let holder = identity();
    let shown = format!("{:?} {holder:?} {:?}", key(7), passphrase("correct horse"));
    assert!(
        !shown.contains("SECRET") && !shown.contains("correct") && !shown.contains("7, 7"),
        "{shown}"
    );
}

#[test]
fn a_wrapped_key_opens_for_its_holder() {
    for holder in [identity(), passphrase("correct horse")] {
        let key = DataKey::generate().unwrap();
        let wrapped = wrap(&key, &holder).unwrap();
        assert!(wrapped.starts_with("-----BEGIN AGE ENCRYPTED FILE-----\n"));
        assert_eq!(unwrap(&wrapped, &holder).unwrap().key, key.key);
    }
}

#[test]
fn a_wrapped_key_says_why_it_does_not_open() {
    let for_identity = wrap(&key(1), &identity()).unwrap();
    let for_passphrase = wrap(&key(1), &passphrase("correct horse")).unwrap();
    assert_snapshot!(shown(unwrap(&for_identity, &identity())), @"
    The data key of the state was wrapped for another identity
    Hint: Use the identity file that was in use when the environment was first applied
    ");
    assert_snapshot!(shown(unwrap(&for_passphrase, &passphrase("wrong"))), @"
    The passphrase does not open the data key of the state
    Hint: Type the passphrase that was chosen when the environment was first applied
    ");
    assert_snapshot!(shown(unwrap(&for_passphrase, &identity())), @"
    The data key of the state is wrapped under a passphrase
    Hint: Give the passphrase instead of an identity file
    ");
    assert_snapshot!(shown(unwrap(&for_identity, &passphrase("correct horse"))), @"
    The data key of the state is wrapped for an identity
    Hint: Give the identity file instead of a passphrase
    ");
}

#[test]
fn an_altered_wrapped_key_is_never_opened() {
    let holder = identity();
    let wrapped = wrap(&key(1), &holder).unwrap();
    for at in 0..wrapped.len() {
        let mut text = wrapped.as_bytes().to_vec();
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(text).unwrap();
        assert!(unwrap(&text, &holder).is_err(), "{at}");
    }
    assert_snapshot!(shown(unwrap(&wrapped[..wrapped.len() / 2], &holder)), @"
    The wrapped data key of the state was altered or is damaged
    Hint: Nothing was overwritten: put a backup of the state back in its place
    ");
    assert_snapshot!(shown(unwrap("", &holder)), @"
    The wrapped data key of the state was altered or is damaged
    Hint: Nothing was overwritten: put a backup of the state back in its place
    ");
}

#[test]
fn a_wrapped_key_of_the_wrong_length_is_refused() {
    let KeyHolder::Identity(identity) = identity() else {
        unreachable!()
    };
    let wrapped = age::encrypt_and_armor(&identity.recipient(), b"short").unwrap();
    let opened = unwrap(&wrapped, &KeyHolder::Identity(identity));
    assert!(matches!(opened, Err(KeyError::Altered(None))), "{opened:?}");
}

#[test]
fn an_identity_is_made_once_and_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/identity");
    let made = identity::read_or_create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        identity::read_or_create(&path).unwrap().public_key(),
        made.public_key()
    );
    assert!(matches!(
        identity::create(&path),
        Err(KeyError::IdentityExists { .. })
    ));
    assert_eq!(identity::read(&path).unwrap().public_key(), made.public_key());
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn an_identity_says_why_it_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    let shown = |path: &std::path::Path| {
        shown(identity::read(path)).replace(folder.path().to_str().unwrap(), "[folder]")
    };
    assert_snapshot!(shown(&path), @"
    There is no identity file: [folder]/identity
    Hint: Put the identity back that the state was made with: without it the secrets in the state cannot be opened
    ");
    identity::create(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert_snapshot!(shown(&path), @"
    The identity file can be read by others: [folder]/identity
    Hint: Run: chmod 600 [folder]/identity
    ");
    for junk in [&b"# only a comment\n"[..], b"AGE-SECRET-KEY-1JUNK", b"\xff\xfe"] {
        fs::write(&path, junk).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        insta::allow_duplicates! {
            assert_snapshot!(shown(&path), @"
            The file holds no age identity: [folder]/identity
            Hint: Put the identity back that the state was made with: without it the secrets in the state cannot be opened
            ");
        }
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_snapshot!(shown(&path), @"
    The identity file cannot be read: [folder]/identity
    Hint:
    ");
}
