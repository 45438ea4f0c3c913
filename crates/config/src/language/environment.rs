//! The words of an overlay: `environment`, `variables`, and what is overridden: the store and components.

use crate::language::component::{PROVIDERS, labelled};
use crate::language::rule::Rule;
use crate::language::ty::{Type, choice};
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs, component, settings, store};

/// A file `env/<environment>.hcl`.
pub const OVERLAY: BlockSchema = BlockSchema {
    kind: "overlay",
    summary: "The file `env/<environment>.hcl`: one deployment of the stack",
    blocks: &[
        ENVIRONMENT,
        BlockSchema {
            kind: "variables",
            summary: "Values of the stack's variables in this environment",
            free: Some("a variable of the stack and its value, which may not refer to anything"),
            ..BlockSchema::EMPTY
        },
        store::STORE,
        component::network::NETWORK,
        component::postgres::POSTGRES,
        component::redis::REDIS,
        component::blob_store::BLOB_STORE,
        component::key_vault::KEY_VAULT,
        settings::SETTINGS,
    ],
    ..BlockSchema::EMPTY
};

const ENVIRONMENT: BlockSchema = BlockSchema {
    occurs: Occurs::Once,
    attributes: &[
        AttributeSchema::new(
            "aliases",
            Type::List(&Type::Text(Rule::Name)),
            Default::Empty,
            "Other names that commands accept, such as `prod`",
        ),
        AttributeSchema::new(
            "wave",
            Type::Whole { min: 0, max: 100 },
            Default::Whole(0),
            "The order in which a change is promoted",
        ),
        AttributeSchema::new(
            "data",
            Type::Choice(&[
                choice("none", "No data is promised"),
                choice("mock", "Made up"),
                choice("anonymised", "Of production, with persons made unrecognisable"),
                choice("real", "Of production"),
            ]),
            Default::Text("none"),
            "What data it may hold",
        ),
    ],
    blocks: &[
        BlockSchema {
            occurs: Occurs::Once,
            free: Some(
                "settings of the provider, all of them texts: `region`, `account`, `profile` and `role` of `aws`, \
                 `location`, `subscription`, `tenant` and `resource_group` of `azure`; `local` has none",
            ),
            ..labelled("provider", "provider", Rule::Word, PROVIDER)
        },
        APPROVAL,
    ],
    ..labelled(
        "environment",
        "environment",
        Rule::Name,
        "The environment; its name is the name of the file",
    )
};

const PROVIDER: &str = "Who provides its resources: exactly one of `local`, `aws`, `azure`";

const APPROVAL: BlockSchema = BlockSchema {
    kind: "approval",
    summary: "Who must approve changes; without it nobody must",
    attributes: &[
        AttributeSchema::new(
            "required",
            Type::Whole { min: 1, max: 20 },
            Default::Whole(1),
            "How many distinct people",
        ),
        AttributeSchema::new(
            "allow_author",
            Type::Bool,
            Default::Bool(false),
            "Whether the author of a plan may be one of them",
        ),
        AttributeSchema::new(
            "expires",
            Type::Text(Rule::Duration),
            Default::Text("24h"),
            "After what time an approval expires",
        ),
    ],
    ..BlockSchema::EMPTY
};

/// Returns the names of the providers that people choose from; the simulated one is for tests.
pub fn provider_names() -> impl Iterator<Item = &'static str> + Clone {
    PROVIDERS
        .iter()
        .map(|provider| provider.word)
        .filter(|word| *word != "sim")
}

/// Tells whether there is such a provider.
pub(crate) fn is_provider(name: &str) -> bool {
    PROVIDERS.iter().any(|provider| provider.word == name)
}

/// Returns the settings of a provider, nothing for one that checks them itself.
pub(crate) fn settings(provider: &str) -> Option<&'static [&'static str]> {
    match provider {
        "local" => Some(&[]),
        "aws" => Some(&["region", "account", "profile", "role", "database_ca_file"]),
        "azure" => Some(&["location", "subscription", "tenant", "resource_group"]),
        _ => None,
    }
}
