//! The words of a stack's and a module's files.

use crate::language::component::{self, labelled};
use crate::language::rule::Rule;
use crate::language::ty::{TEXT, Type};
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs, parity, settings, store};

/// The files of a stack's own folder.
pub const STACK_FILE: BlockSchema = BlockSchema {
    kind: "stack file",
    summary: "`stack.hcl` and all other files `*.hcl` beside it",
    blocks: &[
        STACK,
        store::STORE,
        VARIABLE,
        LOCALS,
        component::network::NETWORK,
        component::postgres::POSTGRES,
        component::redis::REDIS,
        component::blob_store::BLOB_STORE,
        component::key_vault::KEY_VAULT,
        settings::SETTINGS,
        parity::PARITY,
        MODULE,
        MOVED,
    ],
    ..BlockSchema::EMPTY
};

/// The files of a module's folder.
pub const MODULE_FILE: BlockSchema = BlockSchema {
    kind: "module file",
    summary: "All files `*.hcl` in the folder of a module",
    blocks: &[
        VARIABLE,
        LOCALS,
        component::network::NETWORK,
        component::postgres::POSTGRES,
        component::redis::REDIS,
        component::blob_store::BLOB_STORE,
        component::key_vault::KEY_VAULT,
        MODULE,
        MOVED,
        OUTPUT,
    ],
    ..BlockSchema::EMPTY
};

const STACK: BlockSchema = BlockSchema {
    kind: "stack",
    summary: "The stack itself",
    attributes: &[
        AttributeSchema::new(
            "name",
            Type::Text(Rule::Name),
            Default::Required,
            "Its name, part of every name in a cloud",
        ),
        AttributeSchema::new("description", TEXT, Default::Unset("none"), "What it is for"),
    ],
    ..BlockSchema::EMPTY
};

const VARIABLE: BlockSchema = BlockSchema {
    attributes: &[
        AttributeSchema::new(
            "type",
            Type::Special("`string`, `number`, `bool`, `any`, `list(…)`, `map(…)` or `object({ name = … })`"),
            Default::Unset("`any`"),
            "What values it takes; within an object, `optional(…)` and `optional(…, default)` may be left out",
        ),
        AttributeSchema::new(
            "default",
            Type::Any,
            Default::Unset("must be given"),
            "Its value where none is given",
        ),
        AttributeSchema::new("description", TEXT, Default::Unset("none"), "What it is for"),
        AttributeSchema::new(
            "secret",
            Type::Bool,
            Default::Bool(false),
            "Whether its value, and all computed from it, is hidden and sealed",
        ),
        AttributeSchema::new(
            "nullable",
            Type::Bool,
            Default::Bool(false),
            "Whether it may be null",
        ),
    ],
    blocks: &[BlockSchema {
        kind: "validation",
        summary: "A condition that every value must meet",
        occurs: Occurs::Repeated,
        attributes: &[
            AttributeSchema::new(
                "condition",
                Type::Bool,
                Default::Required,
                "True for good values; may refer to anything but components",
            ),
            AttributeSchema::new("error", TEXT, Default::Required, "What is wrong with the others"),
        ],
        ..BlockSchema::EMPTY
    }],
    ..labelled(
        "variable",
        "variable",
        Rule::Word,
        "A value that environments and the command line set",
    )
};

const LOCALS: BlockSchema = BlockSchema {
    kind: "locals",
    summary: "Names for expressions, used as `local.name`",
    occurs: Occurs::Repeated,
    free: Some("a name and its value"),
    ..BlockSchema::EMPTY
};

const MODULE: BlockSchema = BlockSchema {
    attributes: &[AttributeSchema::new(
        "source",
        Type::Text(Rule::Folder),
        Default::Required,
        "The folder of the module, relative to this file",
    )],
    free: Some("a variable of the module and its value"),
    ..labelled(
        "module",
        "module",
        Rule::Word,
        "Components of another folder under their own name",
    )
};

const MOVED: BlockSchema = BlockSchema {
    kind: "moved",
    summary: "Says that a component, or a resource of one, has a new name",
    occurs: Occurs::Repeated,
    attributes: &[
        AttributeSchema::new(
            "from",
            Type::Special("a component such as `postgres.old`, or the address of a resource as text"),
            Default::Required,
            "The old name",
        ),
        AttributeSchema::new(
            "to",
            Type::Special("a component such as `postgres.new`, or the address of a resource as text"),
            Default::Required,
            "The new name",
        ),
    ],
    ..BlockSchema::EMPTY
};

const OUTPUT: BlockSchema = BlockSchema {
    attributes: &[
        AttributeSchema::new("value", Type::Any, Default::Required, "The value").known_later(),
        AttributeSchema::new("description", TEXT, Default::Unset("none"), "What it is"),
    ],
    ..labelled(
        "output",
        "output",
        Rule::Word,
        "A value that the caller of the module sees as `module.name.output`",
    )
};
