//! The words of `parity`: in what environments may differ, and why.

use crate::language::component::labelled;
use crate::language::rule::Rule;
use crate::language::ty::{TEXT, Type};
use crate::language::{AttributeSchema, BlockSchema, Default};

/// What is declared about differences between environments.
pub const PARITY: BlockSchema = BlockSchema {
    kind: "parity",
    summary: "In what environments may differ, for `infra parity` and `infra docs`; it changes nothing that exists",
    blocks: &[BlockSchema {
        attributes: &[
            AttributeSchema::new(
                "paths",
                Type::List(&Type::Text(Rule::FactPath)),
                Default::Required,
                "What may differ, as `infra parity` writes it, with all that is below: `postgres.main`, `*.*.protect`",
            ),
            AttributeSchema::new(
                "between",
                Type::List(&Type::Text(Rule::Name)),
                Default::Unset("any two environments"),
                "The environments, by name or alias: any two of these may differ",
            ),
            AttributeSchema::new("reason", TEXT, Default::Required, "Why they differ"),
        ],
        ..labelled(
            "exception",
            "difference",
            Rule::Name,
            "Differences that are meant to be, with their reason",
        )
    }],
    ..BlockSchema::EMPTY
};
