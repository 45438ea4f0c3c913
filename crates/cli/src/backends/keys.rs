//! Opens data keys with the user's passphrase or age identity.

use std::path::PathBuf;

use infra_engine::backend::Keyring;
use infra_model::sealing::Secret;
use infra_state::sealing::DataKey;
use infra_state::sealing::error::KeyError;
use infra_state::sealing::identity;
use infra_state::sealing::wrapping::{self, KeyHolder};

use crate::settings::Settings;

/// Knows the user's passphrase, or else where the identity lies.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    passphrase: Option<Secret>,
    identity: PathBuf,
}

impl Keys {
    pub(crate) fn new(settings: &Settings) -> Self {
        Keys {
            passphrase: settings.passphrase.clone(),
            identity: settings.identity.clone(),
        }
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
