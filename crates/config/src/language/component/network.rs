//! The words of `network`.

use super::{LABEL, SHARED, labelled};
use crate::language::rule::Rule;
use crate::language::ty::Type;
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs};

/// A segmented network.
pub const NETWORK: BlockSchema = BlockSchema {
    kind: "network",
    summary: "A segmented network; whatever no rule allows is denied",
    label: Some(LABEL),
    occurs: Occurs::Labelled,
    attributes: &[
        AttributeSchema::new(
            "cidr",
            Type::Text(Rule::Cidr),
            Default::Required,
            "The address range, from /8 to /24",
        ),
        AttributeSchema::new(
            "zones",
            Type::Whole { min: 1, max: 6 },
            Default::Whole(1),
            "Over how many zones it spreads",
        ),
    ],
    blocks: &[
        BlockSchema {
            attributes: &[AttributeSchema::new(
                "public",
                Type::Bool,
                Default::Bool(false),
                "Whether it has a way from and to the internet",
            )],
            ..labelled("segment", "segment", Rule::Name, "A part of the network")
        },
        BlockSchema {
            kind: "allow",
            summary: "A permission to connect",
            occurs: Occurs::Repeated,
            attributes: &[
                AttributeSchema::new(
                    "from",
                    Type::Text(Rule::Peer),
                    Default::Required,
                    "Who connects: `internet`, a segment of this network, or an address range",
                ),
                AttributeSchema::new(
                    "to",
                    Type::Text(Rule::Name),
                    Default::Required,
                    "The segment connected to",
                ),
                AttributeSchema::new(
                    "ports",
                    Type::List(&Type::Whole { min: 1, max: 65535 }),
                    Default::Required,
                    "TCP ports",
                ),
            ],
            ..BlockSchema::EMPTY
        },
    ],
    shared: Some(&SHARED),
    ..BlockSchema::EMPTY
};
