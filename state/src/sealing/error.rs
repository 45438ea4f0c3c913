//! What can be wrong with keys, each with what to do about it.

use std::path::PathBuf;

use age::DecryptError;

/// A data key or an identity cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The machine gives no random bytes.
    #[error("The machine gives no random bytes")]
    Random(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The identity is not the one that the key was wrapped for.
    #[error("The data key of the state was wrapped for another identity")]
    WrongIdentity,
    /// The passphrase does not open the key.
    #[error("The passphrase does not open the data key of the state")]
    WrongPassphrase,
    /// The key was wrapped under a passphrase and an identity was given.
    #[error("The data key of the state is wrapped under a passphrase")]
    PassphraseNeeded,
    /// The key was wrapped for an identity and a passphrase was given.
    #[error("The data key of the state is wrapped for an identity")]
    IdentityNeeded,
    /// The wrapped key is not what was written.
    #[error("The wrapped data key of the state was altered or is damaged")]
    Altered(#[source] Option<DecryptError>),
    /// Opening would take very long: the work factor is not one that we write.
    #[error("The wrapped data key asks for a work factor of {required}, at most {allowed} is accepted")]
    TooMuchWork {
        /// The work factor in the wrapped key.
        required: u8,
        /// The highest that is accepted.
        allowed: u8,
    },
    /// The key cannot be wrapped.
    #[error("The data key cannot be wrapped")]
    Wrap(#[source] age::EncryptError),
    /// There is no identity file.
    #[error("There is no identity file: {}", path.display())]
    NoIdentity {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The file holds no identity.
    #[error("The file holds no age identity: {}", path.display())]
    NotAnIdentity {
        /// The file.
        path: PathBuf,
    },
    /// Others can read the identity.
    #[error("The identity file can be read by others: {}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// There is an identity file already.
    #[error("There is an identity file already: {}", path.display())]
    IdentityExists {
        /// The file.
        path: PathBuf,
    },
    /// The identity file cannot be read or written.
    #[error("The identity file cannot be {attempt}: {}", path.display())]
    Io {
        /// What was attempted: `read`, `written`.
        attempt: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl KeyError {
    /// Returns what the user can do about it, if there is anything.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            KeyError::WrongIdentity => {
                "Use the identity file that was in use when the environment was first applied".to_owned()
            }
            KeyError::WrongPassphrase => {
                "Type the passphrase that was chosen when the environment was first applied".to_owned()
            }
            KeyError::PassphraseNeeded => "Give the passphrase instead of an identity file".to_owned(),
            KeyError::IdentityNeeded => "Give the identity file instead of a passphrase".to_owned(),
            KeyError::Altered(_) => {
                "Nothing was overwritten: put a backup of the state back in its place".to_owned()
            }
            KeyError::NoIdentity { .. } | KeyError::NotAnIdentity { .. } => {
                "Put the identity back that the state was made with: without it the secrets in the state \
                 cannot be opened"
                    .to_owned()
            }
            KeyError::Exposed { path } => format!("Run: chmod 600 {}", path.display()),
            KeyError::IdentityExists { .. }
            | KeyError::TooMuchWork { .. }
            | KeyError::Random(_)
            | KeyError::Wrap(_)
            | KeyError::Io { .. } => return None,
        })
    }
}
