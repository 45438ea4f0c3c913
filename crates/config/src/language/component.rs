//! What all kinds of component share.

pub mod blob_store;
pub mod key_vault;
pub mod network;
pub mod postgres;
pub mod redis;

use crate::language::rule::Rule;
use crate::language::ty::{Choice, TEXT, Type, choice};
use crate::language::{AttributeSchema, BlockSchema, Default, LabelSchema, Occurs};

/// All kinds of component.
pub const KINDS: &[BlockSchema] = &[
    network::NETWORK,
    postgres::POSTGRES,
    redis::REDIS,
    blob_store::BLOB_STORE,
    key_vault::KEY_VAULT,
];

/// The providers that an environment can name.
pub const PROVIDERS: &[Choice] = &[
    choice("local", "Real servers on this machine"),
    choice("aws", "Amazon Web Services"),
    choice("azure", "Microsoft Azure"),
    choice("sim", "A simulated cloud, for tests of the engine"),
];

/// The portable classes of size.
pub(crate) const SIZES: &[Choice] = &[
    choice("tiny", "For trying out and for tests"),
    choice("small", "For development"),
    choice("medium", "For staging and small production"),
    choice("large", "For production"),
    choice("xlarge", "For heavy production"),
];

pub(crate) const LABEL: LabelSchema = LabelSchema {
    names: "component",
    rule: Rule::Name,
};

/// The segment that a server listens in.
pub(crate) const SEGMENT: AttributeSchema = AttributeSchema::new(
    "segment",
    Type::Segment,
    Default::Unset("reachable from this machine alone"),
    "The segment of a network where it listens",
);

/// The attributes and blocks of every component.
pub const SHARED: BlockSchema = BlockSchema {
    kind: "component",
    summary: "What every kind of component takes",
    attributes: &[
        AttributeSchema::new(
            "for_each",
            Type::Special("a map, or a list of texts that differ"),
            Default::Unset("one component"),
            "Makes one component per entry; `each.key` and `each.value` say which",
        ),
        AttributeSchema::new(
            "count",
            Type::Whole {
                min: 0,
                max: crate::INSTANCES_MAX,
            },
            Default::Unset("one component"),
            "Makes that many components; `count.index` says which, from 0",
        ),
        AttributeSchema::new(
            "depends_on",
            Type::Special("a list of components, such as `[postgres.main]`"),
            Default::Empty,
            "Components that must exist before this one, beyond those it refers to",
        ),
        AttributeSchema::new(
            "protect",
            Type::Bool,
            Default::Bool(false),
            "Short for `lifecycle { protect = … }`",
        ),
    ],
    blocks: &[
        BlockSchema {
            kind: "lifecycle",
            summary: "How the resources of the component may change",
            attributes: &[
                AttributeSchema::new(
                    "protect",
                    Type::Bool,
                    Default::Bool(false),
                    "Refuses to delete or replace, also when the whole component is deleted; lifting it is an earlier change of its own",
                ),
                AttributeSchema::new(
                    "ignore_changes",
                    Type::List(&TEXT),
                    Default::Empty,
                    "Names of attributes of resources whose changes are left alone",
                ),
                AttributeSchema::new(
                    "create_before_destroy",
                    Type::Bool,
                    Default::Unset("as the type of resource prefers"),
                    "Whether a replacement is created before the old object is deleted",
                ),
            ],
            ..BlockSchema::EMPTY
        },
        provider(
            "local",
            "What the provider `local` is told beyond the portable attributes",
        ),
        provider(
            "aws",
            "What the provider `aws` is told beyond the portable attributes",
        ),
        provider(
            "azure",
            "What the provider `azure` is told beyond the portable attributes",
        ),
        provider(
            "sim",
            "What the provider `sim` is told beyond the portable attributes",
        ),
    ],
    ..BlockSchema::EMPTY
};

const fn provider(kind: &'static str, summary: &'static str) -> BlockSchema {
    BlockSchema {
        kind,
        summary,
        free: Some(
            "settings of the provider, which checks them; values may be secret or known only after apply",
        ),
        ..BlockSchema::EMPTY
    }
}

/// Returns a kind of component.
#[must_use]
pub fn kind(name: &str) -> Option<&'static BlockSchema> {
    KINDS.iter().find(|kind| kind.kind == name)
}

/// Returns the provider blocks that a component may hold.
pub(crate) fn is_provider(kind: &str) -> bool {
    PROVIDERS.iter().any(|provider| provider.word == kind)
}

/// A block with a label that is a name, of which there may be several.
pub(crate) const fn labelled(
    kind: &'static str,
    names: &'static str,
    rule: Rule,
    summary: &'static str,
) -> BlockSchema {
    BlockSchema {
        kind,
        summary,
        label: Some(LabelSchema { names, rule }),
        occurs: Occurs::Labelled,
        ..BlockSchema::EMPTY
    }
}
