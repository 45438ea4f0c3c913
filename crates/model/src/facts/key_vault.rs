//! The facts of a vault: where its secrets come from, never what they are.

use super::Branch;
use crate::component::key_vault::{Alphabet, Generate, KeyVault, VaultSecret};

pub(super) fn describe(vault: &KeyVault, root: &mut Branch<'_>) {
    let KeyVault { secrets } = vault;
    let mut branch = root.branch("secret");
    for (name, secret) in secrets {
        let mut branch = branch.branch(name);
        match secret {
            VaultSecret::Generated(generate) => describe_generation(generate, &mut branch),
            // What the value is computed from is told, and nothing that stands in it.
            VaultSecret::Given(value) => branch.set_concealed("value", value.clone()),
        }
    }
}

fn describe_generation(generate: &Generate, branch: &mut Branch<'_>) {
    let Generate { length, alphabet } = generate;
    let alphabet = match alphabet {
        Alphabet::Alphanumeric => "alphanumeric",
        Alphabet::Hex => "hex",
        Alphabet::UrlSafe => "url_safe",
    };
    let mut branch = branch.branch("generate");
    branch.set("length", *length);
    branch.set("alphabet", alphabet);
}
