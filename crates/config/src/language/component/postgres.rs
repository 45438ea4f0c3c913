//! The words of `postgres`.

use super::{LABEL, SEGMENT, SHARED, SIZES, labelled};
use crate::language::rule::Rule;
use crate::language::ty::{Type, choice};
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs};

/// A PostgreSQL cluster.
pub const POSTGRES: BlockSchema = BlockSchema {
    kind: "postgres",
    summary: "A PostgreSQL cluster: a primary, its replicas, and what lives in them",
    label: Some(LABEL),
    occurs: Occurs::Labelled,
    attributes: ATTRIBUTES,
    blocks: &[
        POOLER,
        BlockSchema {
            attributes: &[AttributeSchema::new(
                "owner",
                Type::Text(Rule::Identifier),
                Default::Unset("the name of the database"),
                "The role that owns it, created with a generated password",
            )],
            blocks: &[SEED],
            ..labelled("database", "database", Rule::Identifier, "A database")
        },
        BlockSchema {
            attributes: &[AttributeSchema::new(
                "access",
                Type::Choice(&[
                    choice("read", "Reads all tables, present and future"),
                    choice("write", "Reads and writes all tables"),
                    choice("admin", "Owns and changes everything"),
                ]),
                Default::Required,
                "What it may do in every database",
            )],
            ..labelled(
                "role",
                "role",
                Rule::Identifier,
                "A login role with a generated password, beyond the owners",
            )
        },
        BlockSchema {
            kind: "backup",
            summary: "Backups of the cluster",
            attributes: &[
                AttributeSchema::new(
                    "retention_days",
                    Type::Whole { min: 0, max: 35 },
                    Default::Whole(7),
                    "How many days backups are kept; 0 means none are made",
                ),
                AttributeSchema::new(
                    "point_in_time",
                    Type::Bool,
                    Default::Bool(false),
                    "Whether any moment within retention can be restored",
                ),
            ],
            ..BlockSchema::EMPTY
        },
    ],
    shared: Some(&SHARED),
    ..BlockSchema::EMPTY
};

const SEED: BlockSchema = BlockSchema {
    attributes: &[
        AttributeSchema::new(
            "files",
            Type::List(&Type::Text(Rule::StackFile)),
            Default::Required,
            "Files of SQL beside `stack.hcl`, which run as the owner, in this order and in one transaction; running \
             them again must do no harm, because they run once more when their content changes",
        ),
        AttributeSchema::new(
            "after",
            Type::List(&Type::Text(Rule::Name)),
            Default::Empty,
            "Seeds of the same database that come first; otherwise they come in the order of their names",
        ),
    ],
    ..labelled(
        "seed",
        "seed",
        Rule::Name,
        "Data that is brought into the database, once per content; only where the provider is `local` and the data \
         is not `real`, so it usually stands in the overlay of the environment",
    )
};

const ATTRIBUTES: &[AttributeSchema] = &[
    AttributeSchema::new(
        "version",
        Type::Whole { min: 13, max: 18 },
        Default::Whole(16),
        "The major version",
    ),
    SEGMENT,
    AttributeSchema::new(
        "size",
        Type::Choice(SIZES),
        Default::Text("small"),
        "The portable class of machine; each provider maps it to its own",
    ),
    AttributeSchema::new(
        "storage_gb",
        Type::Whole { min: 1, max: 65536 },
        Default::Whole(20),
        "Storage in GiB",
    ),
    AttributeSchema::new(
        "replicas",
        Type::Whole { min: 0, max: 15 },
        Default::Whole(0),
        "The number of read replicas",
    ),
    AttributeSchema::new(
        "high_availability",
        Type::Bool,
        Default::Bool(false),
        "Whether a standby takes over in another zone by itself",
    ),
    AttributeSchema::new(
        "extensions",
        Type::List(&Type::Text(Rule::Extension)),
        Default::Empty,
        "Extensions created in every database",
    ),
    AttributeSchema::new(
        "parameters",
        Type::Map(&Type::Scalar),
        Default::Empty,
        "Server parameters by name",
    ),
];

const POOLER: BlockSchema = BlockSchema {
    kind: "pooler",
    summary: "A connection pooler: PgBouncer locally, the cloud's own elsewhere",
    attributes: &[
        AttributeSchema::new(
            "mode",
            Type::Choice(&[
                choice(
                    "session",
                    "A server connection returns to the pool when the client leaves",
                ),
                choice("transaction", "It returns after each transaction"),
                choice("statement", "It returns after each statement"),
            ]),
            Default::Text("transaction"),
            "When a server connection returns to the pool",
        ),
        AttributeSchema::new(
            "size",
            Type::Whole { min: 1, max: 10_000 },
            Default::Whole(20),
            "Server connections per database and user",
        ),
        AttributeSchema::new(
            "clients_max",
            Type::Whole { min: 1, max: 100_000 },
            Default::Whole(200),
            "Client connections at most",
        ),
    ],
    ..BlockSchema::EMPTY
};
