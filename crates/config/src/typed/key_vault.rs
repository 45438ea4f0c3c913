//! `key_vault`.

use infra_model::component::key_vault::{Alphabet, Generate, KeyVault, VaultSecret};
use infra_model::diagnostic::Diagnostic;
use infra_model::sealing::Secret;
use infra_model::value::Value;

use super::Node;
use crate::evaluate::World;
use crate::report::Failed;

pub(super) fn key_vault(node: &Node<'_>, world: &World<'_>) -> Result<KeyVault, Failed> {
    let secrets: Vec<_> = node
        .blocks_of("secret")
        .map(|block| Ok((block.shape.name().to_owned(), secret(block, world)?)))
        .collect();
    Ok(KeyVault {
        secrets: secrets.into_iter().collect::<Result<_, _>>()?,
    })
}

fn secret(node: &Node<'_>, world: &World<'_>) -> Result<VaultSecret, Failed> {
    let span = node.shape.span;
    match (node.value("value")?, node.block("generate")) {
        (Some(_), Some(generate)) => Err(world.report.fail(
            Diagnostic::error("Conflicting attributes", "A secret is either given or generated")
                .at(generate.shape.span)
                .related(node.span("value"), "given here")
                .hint("Remove one of them"),
        )),
        (None, Some(generate)) => Ok(VaultSecret::Generated(self::generate(generate)?)),
        (Some(value), None) => Ok(VaultSecret::Given(given(value.clone(), node, world))),
        (None, None) if node.shape.broken => Err(Failed),
        (None, None) => Err(world.report.fail(
            Diagnostic::error("Secret without source", "It has neither `value` nor `generate`")
                .at(span)
                .hint("Add `generate {}` to let the provider make it, or `value = var.…`"),
        )),
    }
}

/// Returns the value, marked as secret whatever it was made from.
fn given(value: Value, node: &Node<'_>, world: &World<'_>) -> Value {
    match value {
        Value::String(text) => {
            world.report.add(
                Diagnostic::warning(
                    "Secret in clear",
                    "The value of this secret stands in a file of the stack",
                )
                .at(node.span("value"))
                .hint("Give it with a variable that has `secret = true`, or let the vault generate it"),
            );
            Value::Secret(Secret::new(text))
        }
        other => other,
    }
}

fn generate(node: &Node<'_>) -> Result<Generate, Failed> {
    Ok(Generate {
        length: node.whole("length")?,
        alphabet: match node.text("alphabet")? {
            "alphanumeric" => Alphabet::Alphanumeric,
            "hex" => Alphabet::Hex,
            "url_safe" => Alphabet::UrlSafe,
            _ => return Err(Failed),
        },
    })
}
