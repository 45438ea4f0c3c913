//! The words of `key_vault`.

use super::{LABEL, SHARED, labelled};
use crate::language::rule::Rule;
use crate::language::ty::{TEXT, Type, choice};
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs};

/// A vault of secrets.
pub const KEY_VAULT: BlockSchema = BlockSchema {
    kind: "key_vault",
    summary: "A vault of named secrets with versions",
    label: Some(LABEL),
    occurs: Occurs::Labelled,
    blocks: &[BlockSchema {
        attributes: &[AttributeSchema::new(
            "value",
            TEXT,
            Default::Unset("none: then it is generated, as the block `generate` says"),
            "The secret, usually from a secret variable or another component",
        )
        .known_later()],
        blocks: &[BlockSchema {
            kind: "generate",
            summary: "Makes the secret at the provider, unseen by the stack",
            attributes: &[
                AttributeSchema::new(
                    "length",
                    Type::Whole { min: 8, max: 4096 },
                    Default::Whole(32),
                    "The number of characters",
                ),
                AttributeSchema::new(
                    "alphabet",
                    Type::Choice(&[
                        choice("alphanumeric", "Letters and digits"),
                        choice("hex", "Hexadecimal digits"),
                        choice(
                            "url_safe",
                            "Letters, digits and punctuation that needs no quoting in a URL",
                        ),
                    ]),
                    Default::Text("alphanumeric"),
                    "Which characters",
                ),
            ],
            ..BlockSchema::EMPTY
        }],
        ..labelled(
            "secret",
            "secret",
            Rule::SecretName,
            "A secret: either `value` or `generate`",
        )
    }],
    shared: Some(&SHARED),
    ..BlockSchema::EMPTY
};
