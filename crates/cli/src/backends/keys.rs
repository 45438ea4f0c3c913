//! Opens data keys with the user's passphrase or age identity.

use std::path::PathBuf;

use infra_engine::backend::Keyring;
use infra_model::sealing::Secret;
use infra_state::sealing::DataKey;
use infra_state::sealing::error::KeyError;
use infra_state::sealing::identity;
use infra_state::sealing::wrapping::{self, KeyHolder};

use crate::failure::{Failure, FailureKind};
use crate::settings::Settings;

/// Knows the user's passphrase, or else where the identity lies.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    passphrase: Option<Secret>,
    identity: PathBuf,
}

impl Keys {
    /// Returns the user's keys, if there is a place for them.
    pub(crate) fn new(settings: &Settings) -> Result<Self, Failure> {
        let identity = match (&settings.identity, &settings.passphrase) {
            (Some(path), _) => path.clone(),
            (None, Some(_)) => PathBuf::new(),
            (None, None) => {
                let message = "There is no home folder for the identity that opens secrets";
                let failure = Failure::new(FailureKind::Environment, message);
                return Err(failure.hint("Name its file in INFRA_IDENTITY, or set HOME"));
            }
        };
        Ok(Keys {
            passphrase: settings.passphrase.clone(),
            identity,
        })
    }

    fn passphrase(&self) -> Option<KeyHolder> {
        self.passphrase.clone().map(KeyHolder::passphrase)
    }
}

impl Keyring for Keys {
    fn wrap(&self, key: &DataKey) -> Result<String, KeyError> {
        // The first state of a user makes the identity; later ones find it.
        let holder = match self.passphrase() {
            Some(holder) => holder,
            None => KeyHolder::Identity(identity::read_or_create(&self.identity)?),
        };
        wrapping::wrap(key, &holder)
    }

    fn unwrap(&self, wrapped: &str) -> Result<DataKey, KeyError> {
        let holder = match self.passphrase() {
            Some(holder) => holder,
            None => KeyHolder::Identity(identity::read(&self.identity)?),
        };
        wrapping::unwrap(wrapped, &holder)
    }
}
