//! Wrapping: the data key as armored `age` text, for an identity or under a passphrase.
//!
//! The text stands in the header of the state. Anybody may read it; `age --decrypt` opens it too, so the secrets
//! of a state do not depend on this program.

use std::io::Read as _;

use age::armor::ArmoredReader;
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, scrypt};
use infra_model::sealing::Secret;
use zeroize::Zeroizing;

use crate::sealing::DataKey;
use crate::sealing::error::KeyError;
use crate::sealing::identity::Identity;

/// The highest work factor that is accepted when a key is opened: sixteen times our own. A higher one would need
/// gigabytes of memory, and can only come from somebody else.
const WORK_ACCEPTED: u8 = 20;

/// Whoever may open a data key.
#[derive(Debug)]
pub enum KeyHolder {
    /// The owner of an `age` identity.
    Identity(Identity),
    /// Whoever knows a passphrase.
    Passphrase {
        /// The passphrase.
        passphrase: Secret,
        /// How hard guessing is made when a key is wrapped; opening goes by what is in the wrapped key.
        work: WorkFactor,
    },
}

impl KeyHolder {
    /// Returns the holder that knows this passphrase, with the usual work factor.
    #[must_use]
    pub fn passphrase(passphrase: Secret) -> Self {
        KeyHolder::Passphrase {
            passphrase,
            work: WorkFactor::default(),
        }
    }
}

/// How hard guessing a passphrase is made: scrypt with 2ⁿ rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkFactor(u8);

impl WorkFactor {
    /// As little work as scrypt allows: for tests only.
    pub const LOWEST: WorkFactor = WorkFactor(1);
}

impl Default for WorkFactor {
    /// 2¹⁶ rounds take 64 MiB and about a quarter of a second: every command pays it once.
    fn default() -> Self {
        WorkFactor(16)
    }
}

/// Returns the data key as text that only the holder can open.
///
/// # Errors
///
/// When the machine gives no random bytes.
pub fn wrap(key: &DataKey, holder: &KeyHolder) -> Result<String, KeyError> {
    match holder {
        KeyHolder::Identity(identity) => age::encrypt_and_armor(&identity.recipient(), &*key.key),
        KeyHolder::Passphrase { passphrase, work } => {
            let mut recipient = scrypt::Recipient::new(age_secret(passphrase));
            recipient.set_work_factor(work.0);
            age::encrypt_and_armor(&recipient, &*key.key)
        }
    }
    .map_err(KeyError::Wrap)
}

/// Returns the data key in a text that [`wrap`] made.
///
/// # Errors
///
/// When it was wrapped for another holder, or was altered.
pub fn unwrap(wrapped: &str, holder: &KeyHolder) -> Result<DataKey, KeyError> {
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(wrapped.as_bytes())).map_err(altered)?;
    let needs_passphrase = decryptor.is_scrypt();
    let mut reader = match holder {
        KeyHolder::Identity(_) if needs_passphrase => return Err(KeyError::PassphraseNeeded),
        KeyHolder::Passphrase { .. } if !needs_passphrase => return Err(KeyError::IdentityNeeded),
        KeyHolder::Identity(identity) => {
            let identity = identity.inner() as &dyn age::Identity;
            decryptor
                .decrypt(std::iter::once(identity))
                .map_err(wrong_identity)?
        }
        KeyHolder::Passphrase { passphrase, .. } => {
            let mut identity = scrypt::Identity::new(age_secret(passphrase));
            identity.set_max_work_factor(WORK_ACCEPTED);
            let identity = &identity as &dyn age::Identity;
            decryptor
                .decrypt(std::iter::once(identity))
                .map_err(wrong_passphrase)?
        }
    };
    let mut bytes = Zeroizing::new(Vec::new());
    reader
        .read_to_end(&mut bytes)
        .map_err(|error| altered(error.into()))?;
    match <[u8; 32]>::try_from(bytes.as_slice()) {
        Ok(key) => Ok(DataKey::from_bytes(Zeroizing::new(key))),
        Err(_) => Err(KeyError::Altered(None)),
    }
}

fn age_secret(secret: &Secret) -> SecretString {
    SecretString::from(secret.expose().to_owned())
}

fn altered(error: DecryptError) -> KeyError {
    KeyError::Altered(Some(error))
}

fn wrong_identity(error: DecryptError) -> KeyError {
    match error {
        DecryptError::NoMatchingKeys => KeyError::WrongIdentity,
        other => altered(other),
    }
}

/// A wrong passphrase and an altered stanza look the same to scrypt; the first is what happens.
fn wrong_passphrase(error: DecryptError) -> KeyError {
    match error {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => KeyError::WrongPassphrase,
        DecryptError::ExcessiveWork { required, .. } => KeyError::TooMuchWork {
            required,
            allowed: WORK_ACCEPTED,
        },
        other => altered(other),
    }
}
