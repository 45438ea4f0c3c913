//! The component `key_vault`: named secrets with versions.

use crate::compact_map::CompactMap;
use crate::value::Value;

/// A vault of secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyVault {
    /// Its secrets by name.
    pub secrets: CompactMap<String, VaultSecret>,
}

/// A secret and where its value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum VaultSecret {
    /// Made by the provider, never seen by the stack.
    Generated(Generate),
    /// Given by the stack, usually by a secret variable.
    Given(Value),
}

/// How a secret is generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generate {
    /// The number of characters.
    pub length: u32,
    /// Which characters.
    pub alphabet: Alphabet,
}

/// The characters of a generated secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// Letters and digits.
    Alphanumeric,
    /// Hexadecimal digits.
    Hex,
    /// Letters, digits and punctuation that needs no quoting in a URL.
    UrlSafe,
}
