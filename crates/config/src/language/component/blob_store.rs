//! The words of `blob_store`.

use super::{LABEL, SEGMENT, SHARED};
use crate::language::ty::Type;
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs};

const DAYS: Type = Type::Whole { min: 1, max: 36_500 };

/// A store of blobs.
pub const BLOB_STORE: BlockSchema = BlockSchema {
    kind: "blob_store",
    summary: "A store of blobs: a bucket or container",
    label: Some(LABEL),
    occurs: Occurs::Labelled,
    attributes: &[
        SEGMENT,
        AttributeSchema::new(
            "versioning",
            Type::Bool,
            Default::Bool(false),
            "Whether overwritten and deleted blobs are kept as versions",
        ),
        AttributeSchema::new(
            "expire_days",
            DAYS,
            Default::Unset("kept"),
            "Days after which blobs expire",
        ),
        AttributeSchema::new(
            "expire_noncurrent_days",
            DAYS,
            Default::Unset("kept"),
            "Days after which versions that are no longer current expire; needs `versioning`",
        ),
    ],
    shared: Some(&SHARED),
    ..BlockSchema::EMPTY
};
