//! Who may log in, and with what: a file of users that holds digests of passwords only.
//!
//! A generated password has some 190 bits, so that its plain SHA-256, which is all that Redis can be given, tells nothing
//! of it. The engine's own user has such a password too: at its socket Redis knows nobody by the kernel's word, as
//! PostgreSQL does. It lies sealed beside the data, under the key that also seals the vault.

use std::path::{Path, PathBuf};

use infra_model::sealing::{OpenError, Sealed, Sealing, Secret};
use infra_model::value::Value;
use infra_provider::vault::generate::{Recipe, RecipeError};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::session::{Session, SessionError, command};
use crate::host::disk::DiskError;
use crate::host::folder;

/// The user of clients: whoever names none is this one, too.
pub const CLIENT_USER: &str = "default";
/// The engine's own user.
pub const ENGINE_USER: &str = "infra";
/// The file of the sealed password of that user.
const ENGINE_FILE: &str = "engine.json";
/// What clients may do: everything that a managed server in a cloud lets them do too.
pub const CLIENT_RULES: &str = "~* &* +@all -@admin";
/// What the engine may do.
pub const ENGINE_RULES: &str = "~* &* +@all";

/// Why the engine's password is not at hand.
#[derive(Debug, Error)]
pub enum AccessError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// No password can be made.
    #[error(transparent)]
    Random(#[from] RecipeError),
    /// Another key sealed it, or it was altered.
    #[error("The password in `{}` cannot be opened", .file.display())]
    Sealed {
        /// The file.
        file: PathBuf,
        /// Why.
        source: OpenError,
    },
    /// The file is not there or not understood.
    #[error("The file `{}` is missing or damaged", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
    },
}

impl AccessError {
    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Disk(error) => error.hint(),
            Self::Sealed { .. } => Some("Use the identity that this environment was made with".to_owned()),
            Self::Random(_) | Self::Damaged { .. } => None,
        }
    }
}

/// Returns the engine's password of a server, made if there is none yet.
///
/// # Errors
/// [`AccessError`] when it cannot be read, opened or written.
pub fn ensure(folder: &Path, sealing: &dyn Sealing) -> Result<Secret, AccessError> {
    let file = folder.join(ENGINE_FILE);
    if folder::read_if_present(&file)?.is_some() {
        return password(folder, sealing);
    }
    let recipe = [
        ("length", Value::from(32_i64)),
        ("alphabet", Value::from("alphanumeric")),
    ];
    let password = Recipe::from_value(&Value::map(recipe))?.generate()?;
    let sealed = serde_json::to_vec(&sealing.seal(&password));
    let sealed = sealed.map_err(|_| AccessError::Damaged { file: file.clone() })?;
    folder::write_private(&file, &sealed)?;
    Ok(password)
}

/// Returns the engine's password of a server.
///
/// # Errors
/// [`AccessError`] when it is not there or cannot be opened.
pub fn password(folder: &Path, sealing: &dyn Sealing) -> Result<Secret, AccessError> {
    let file = folder.join(ENGINE_FILE);
    let content = folder::read_if_present(&file)?.unwrap_or_default();
    let sealed: Result<Sealed, _> = serde_json::from_slice(&content);
    let sealed = sealed.map_err(|_| AccessError::Damaged { file: file.clone() })?;
    sealing
        .open(&sealed)
        .map_err(|source| AccessError::Sealed { file, source })
}

/// A user with what it may do, in the words of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: &'static str,
    /// The digest of its password, and its rules.
    pub rules: String,
}

/// Returns all users: clients and the engine.
#[must_use]
pub fn users(client: &Secret, engine: &Secret) -> [User; 2] {
    let user = |name, password, rules| User {
        name,
        rules: format!("on #{} {rules}", digest(password)),
    };
    [
        user(CLIENT_USER, client, CLIENT_RULES),
        user(ENGINE_USER, engine, ENGINE_RULES),
    ]
}

/// Returns the file of users that a server reads when it starts.
#[must_use]
pub fn render(users: &[User]) -> String {
    let lines = users
        .iter()
        .map(|user| format!("user {} {}\n", user.name, user.rules));
    lines.collect()
}

/// Gives a running server exactly these users.
///
/// Reading the file again would cut the connections of everybody but clients.
///
/// # Errors
/// [`SessionError`] when it refuses.
pub async fn set(session: &Session, users: &[User]) -> Result<(), SessionError> {
    for user in users {
        let mut words = vec!["ACL", "SETUSER", user.name, "reset"];
        words.extend(user.rules.split(' '));
        session.run("take a user", &words).await?;
    }
    let all: Vec<String> = session.ask("list its users", &command(&["ACL", "USERS"])).await?;
    let strangers = all
        .iter()
        .filter(|name| !users.iter().any(|user| user.name == **name));
    for stranger in strangers {
        session
            .run("remove a user", &["ACL", "DELUSER", stranger])
            .await?;
    }
    Ok(())
}

/// Returns what tells a server's users from others that somebody gave it since.
///
/// # Errors
/// [`SessionError`] when it does not tell.
pub async fn seen(session: &Session) -> Result<String, SessionError> {
    let users: Vec<String> = session.ask("list its users", &command(&["ACL", "LIST"])).await?;
    Ok(fingerprint(&users))
}

/// Returns a short digest of what a server says of its users, by which a change made behind our back is seen.
fn fingerprint(users: &[String]) -> String {
    let mut sorted: Vec<&str> = users.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    blake3::hash(sorted.join("\n").as_bytes()).to_hex().as_str()[..16].to_owned()
}

fn digest(password: &Secret) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(password.expose().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns a text around, which is enough to tell a seal from what it seals.
    struct Reversing;

    impl Sealing for Reversing {
        fn seal(&self, secret: &Secret) -> Sealed {
            let text: String = secret.expose().chars().rev().collect();
            serde_json::from_value(serde_json::Value::String(text)).unwrap()
        }

        fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
            let text = serde_json::to_value(sealed).unwrap();
            Ok(Secret::new(
                text.as_str().unwrap().chars().rev().collect::<String>(),
            ))
        }
    }

    #[test]
    fn the_engines_password_is_made_once_and_lies_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let made = ensure(folder.path(), &Reversing).unwrap();
        assert_eq!(ensure(folder.path(), &Reversing).unwrap(), made);
        assert_eq!(password(folder.path(), &Reversing).unwrap(), made);
        let written = std::fs::read_to_string(folder.path().join(ENGINE_FILE)).unwrap();
        assert!(!written.contains(made.expose()));
    }

    #[test]
    fn the_file_of_users_holds_digests_and_no_password() {
        let text = render(&users(
            &Secret::new("correct horse"),
            &Secret::new("battery staple"),
        ));
        assert!(!text.contains("horse") && !text.contains("staple"));
        // What `printf 'correct horse' | sha256sum` says.
        let digest = "#4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631 ~* ";
        assert!(text.starts_with(&format!("user default on {digest}")), "{text}");
    }

    #[test]
    fn a_password_that_is_gone_is_told_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = password(folder.path(), &Reversing).unwrap_err();
        assert!(
            error.to_string().ends_with("engine.json` is missing or damaged"),
            "{error}"
        );
    }

    #[test]
    fn the_order_of_users_does_not_count_but_every_rule_does() {
        let (one, two) = ("user a on".to_owned(), "user b off".to_owned());
        let both = fingerprint(&[one.clone(), two.clone()]);
        assert_eq!(fingerprint(&[two, one.clone()]), both);
        assert_ne!(fingerprint(&[one]), both);
    }
}
