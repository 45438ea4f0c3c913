//! The words of `settings`: what a program that uses the stack reads from its environment.

use crate::language::component::labelled;
use crate::language::rule::Rule;
use crate::language::ty::{TEXT, Type, choice};
use crate::language::{AttributeSchema, BlockSchema, Default};

/// The settings of one consumer.
pub const SETTINGS: BlockSchema = BlockSchema {
    attributes: &[AttributeSchema::new(
        "description",
        TEXT,
        Default::Unset("none"),
        "What the consumer is",
    )],
    blocks: &[SETTING],
    ..labelled(
        "settings",
        "consumer",
        Rule::Name,
        "What a program that uses the stack reads from its environment variables, for `infra env` and `infra run`",
    )
};

const SETTING: BlockSchema = BlockSchema {
    attributes: &[
        AttributeSchema::new(
            "type",
            Type::Choice(&[
                choice("string", "Any text"),
                choice("url", "A URL: a scheme, `://` and something after it"),
                choice("integer", "A whole number"),
                choice("boolean", "`true` or `false`"),
                choice("duration", "A time span such as `90m`, `24h` or `1d12h`"),
                choice("enum", "One of the words in `values`"),
                choice("secret", "Any text, hidden wherever settings are shown"),
            ]),
            Default::Text("string"),
            "What values the program understands",
        ),
        AttributeSchema::new(
            "value",
            Type::Scalar,
            Default::Unset("then `default` is taken"),
            "The value, usually of a component or a variable; what is computed from a secret is one",
        )
        .known_later(),
        AttributeSchema::new(
            "default",
            Type::Scalar,
            Default::Unset("none"),
            "The value where there is no other",
        ),
        AttributeSchema::new(
            "required",
            Type::Bool,
            Default::Bool(true),
            "Whether the program needs it: without a value the stack is refused; otherwise it is left out",
        ),
        AttributeSchema::new(
            "values",
            Type::List(&TEXT),
            Default::Empty,
            "The words of an `enum`",
        ),
        AttributeSchema::new(
            "description",
            TEXT,
            Default::Unset("none"),
            "What it does, for whoever writes an `.env` file by hand",
        ),
    ],
    ..labelled(
        "setting",
        "setting",
        Rule::EnvironmentVariable,
        "An environment variable of the program",
    )
};
