//! The words of `store`: where the state of an environment is kept.

use crate::language::rule::Rule;
use crate::language::ty::{TEXT, Type};
use crate::language::{AttributeSchema, BlockSchema, Default, LabelSchema, Occurs, Variant};

/// The block `store` of a stack or an overlay.
pub const STORE: BlockSchema = BlockSchema {
    kind: "store",
    summary: "Where the state of an environment is kept: without the block in a folder `.infra` beside the stack. \
              An overlay's block of the same kind is merged into the stack's, one of another kind takes its place",
    label: Some(LABEL),
    occurs: Occurs::Once,
    variants: &[
        with_previous("embedded", EMBEDDED),
        with_previous("object", OBJECT),
        with_previous("postgres", POSTGRES),
    ],
    ..BlockSchema::EMPTY
};

/// What a store of any kind takes.
const SHARED: BlockSchema = BlockSchema {
    kind: "store",
    blocks: &[PREVIOUS],
    ..BlockSchema::EMPTY
};

const PREVIOUS: BlockSchema = BlockSchema {
    kind: "previous",
    summary: "Where the state was before, for `infra state migrate`; it takes what a store of its kind takes",
    label: Some(LABEL),
    occurs: Occurs::Once,
    variants: &[
        alone("embedded", EMBEDDED),
        alone("object", OBJECT),
        alone("postgres", POSTGRES),
    ],
    ..BlockSchema::EMPTY
};

const LABEL: LabelSchema = LabelSchema {
    names: "kind of store",
    rule: Rule::Word,
};

const EMBEDDED: BlockSchema = BlockSchema {
    summary: "A folder of this machine, `.infra/<environment>/state` beside the stack",
    ..BlockSchema::EMPTY
};

const OBJECT: BlockSchema = BlockSchema {
    summary: "A bucket of S3, a container of Azure Blob Storage or a directory, for all who can reach it. \
              Credentials come from the variables that every tool takes, `AWS_…` and `AZURE_…`",
    attributes: &[
        AttributeSchema::new(
            "url",
            Type::Text(Rule::ObjectUrl),
            Default::Required,
            "The bucket, container or directory, and a path inside it; each environment has a folder of its own there",
        ),
        AttributeSchema::new(
            "region",
            TEXT,
            Default::Unset("as `AWS_REGION` says"),
            "The region of a bucket",
        ),
        AttributeSchema::new(
            "endpoint",
            Type::Text(Rule::WebUrl),
            Default::Unset("the cloud's own"),
            "Whom to ask, for stores that are not a cloud's own but speak its language",
        ),
        AttributeSchema::new(
            "account",
            TEXT,
            Default::Unset("as `AZURE_STORAGE_ACCOUNT_NAME` says"),
            "The storage account of a container",
        ),
    ],
    ..BlockSchema::EMPTY
};

const POSTGRES: BlockSchema = BlockSchema {
    summary: "A database of PostgreSQL",
    attributes: &[AttributeSchema::new(
        "url",
        Type::Text(Rule::PostgresUrl),
        Default::Required,
        "The database, with user and password",
    )
    .maybe_secret()],
    ..BlockSchema::EMPTY
};

const fn alone(word: &'static str, schema: BlockSchema) -> Variant {
    let schema = BlockSchema {
        kind: "previous",
        ..schema
    };
    Variant { word, schema }
}

const fn with_previous(word: &'static str, schema: BlockSchema) -> Variant {
    let schema = BlockSchema {
        kind: "store",
        shared: Some(&SHARED),
        ..schema
    };
    Variant { word, schema }
}
