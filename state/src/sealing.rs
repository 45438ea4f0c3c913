//! Sealing of secrets under an environment's data key.
//!
//! A seal is AES-256-GCM-SIV with a nonce that is a keyed digest of the secret, so the same secret gives the same
//! seal and a planner without the key sees whether a secret changed. That equality, and the length, are all that
//! a seal gives away. The key itself is kept only wrapped, see [`wrapping`].

use std::fmt;

use aes_gcm_siv::aead::{Aead, Payload};
use aes_gcm_siv::{Aes256GcmSiv, KeyInit};
use data_encoding::BASE64URL_NOPAD;
use infra_model::sealing::{OpenError, Sealed, Sealing, Secret};
use zeroize::Zeroizing;

use crate::sealing::error::KeyError;

pub mod error;
pub mod identity;
pub mod wrapping;

#[cfg(test)]
mod tests;

/// Stands before every seal and is authenticated with it, so that another form can be told apart later.
const PREFIX: &str = "s1:";

const NONCE_BYTES: usize = 12;

/// The key under which one environment's secrets are sealed. It is wiped from memory when it goes.
pub struct DataKey {
    key: Zeroizing<[u8; 32]>,
    cipher: Aes256GcmSiv,
    nonces: Zeroizing<[u8; 32]>,
}

impl DataKey {
    /// Returns a new random key.
    ///
    /// # Errors
    ///
    /// When the machine gives no random bytes.
    pub fn generate() -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key).map_err(|error| KeyError::Random(Box::new(error)))?;
        Ok(Self::from_bytes(key))
    }

    /// Returns the key that consists of these bytes; they are drawn at random once, for one state.
    #[must_use]
    pub fn from_bytes(key: Zeroizing<[u8; 32]>) -> Self {
        let cipher = Zeroizing::new(blake3::derive_key("infra state: cipher of seals", &*key));
        let nonces = Zeroizing::new(blake3::derive_key("infra state: nonces of seals", &*key));
        DataKey {
            cipher: Aes256GcmSiv::new((&*cipher).into()),
            nonces,
            key,
        }
    }

    /// Returns a key for another purpose, such as the files of a local vault; the context names the purpose.
    #[must_use]
    pub fn derive(&self, context: &str) -> Zeroizing<[u8; 32]> {
        let context = format!("infra state: derived for {context}");
        Zeroizing::new(blake3::derive_key(&context, &*self.key))
    }

    fn nonce(&self, secret: &[u8]) -> [u8; NONCE_BYTES] {
        let digest = blake3::keyed_hash(&self.nonces, secret);
        let mut nonce = [0; NONCE_BYTES];
        nonce.copy_from_slice(&digest.as_bytes()[..NONCE_BYTES]);
        nonce
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl Sealing for DataKey {
    fn seal(&self, secret: &Secret) -> Sealed {
        let secret = secret.expose().as_bytes();
        let nonce = self.nonce(secret);
        let payload = Payload {
            msg: secret,
            aad: PREFIX.as_bytes(),
        };
        let ciphertext = self
            .cipher
            .encrypt(&nonce.into(), payload)
            .expect("only texts beyond 64 GiB cannot be encrypted");
        let mut bytes = nonce.to_vec();
        bytes.extend(ciphertext);
        Sealed::from_text(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes)))
    }

    fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
        let text = sealed.as_str().strip_prefix(PREFIX).ok_or(OpenError)?;
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| OpenError)?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError)?;
        let payload = Payload {
            msg,
            aad: PREFIX.as_bytes(),
        };
        let secret = self
            .cipher
            .decrypt(nonce.into(), payload)
            .map_err(|_| OpenError)?;
        match String::from_utf8(secret) {
            Ok(secret) => Ok(Secret::new(secret)),
            Err(error) => {
                drop(Zeroizing::new(error.into_bytes()));
                Err(OpenError)
            }
        }
    }
}
