//! A handful of types of resource that show everything the planner knows of.

use infra_model::schema::ascent::Ascent;
use infra_model::schema::{
    AttributeSchema, Equality, OnChange, OutputSchema, RecoveryClass, ResourceSchema, SchemaSet,
    TypicalDurations,
};
use infra_model::value::Value;

fn attribute(on_change: OnChange) -> AttributeSchema {
    AttributeSchema {
        summary: String::new(),
        on_change,
        equality: Equality::Exact,
        carried: false,
        stands_alone: false,
        observed: true,
        default: None,
        ascent: None,
        unlocks: None,
    }
}

fn in_place() -> AttributeSchema {
    attribute(OnChange::InPlace)
}

fn disruptive() -> AttributeSchema {
    attribute(OnChange::Disruptive)
}

fn replaces() -> AttributeSchema {
    attribute(OnChange::Replace)
}

fn unseen() -> AttributeSchema {
    AttributeSchema {
        observed: false,
        ..in_place()
    }
}

fn with_default(attribute: AttributeSchema, default: impl Into<Value>) -> AttributeSchema {
    AttributeSchema {
        default: Some(default.into()),
        ..attribute
    }
}

fn carried(attribute: AttributeSchema) -> AttributeSchema {
    AttributeSchema {
        carried: true,
        ..attribute
    }
}

fn unlocks(attribute: AttributeSchema) -> AttributeSchema {
    AttributeSchema {
        unlocks: Some("Keep the key".to_owned()),
        ..attribute
    }
}

fn comparing(attribute: AttributeSchema, equality: Equality) -> AttributeSchema {
    AttributeSchema {
        equality,
        ..attribute
    }
}

fn output(is_secret: bool, changes_on_update: bool) -> OutputSchema {
    OutputSchema {
        summary: String::new(),
        secret: is_secret,
        changes_on_update,
    }
}

fn schema(
    name: &str,
    attributes: impl IntoIterator<Item = (&'static str, AttributeSchema)>,
    outputs: impl IntoIterator<Item = (&'static str, OutputSchema)>,
) -> ResourceSchema {
    ResourceSchema {
        resource_type: format!("test.box.{name}").parse().unwrap(),
        summary: String::new(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: attributes
            .into_iter()
            .map(|(name, schema)| (name.to_owned(), schema))
            .collect(),
        outputs: outputs
            .into_iter()
            .map(|(name, schema)| (name.to_owned(), schema))
            .collect(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 30,
            update_ms: 20,
            delete_ms: 10,
        },
    }
}

fn disk() -> ResourceSchema {
    let attributes = [
        ("name", carried(replaces())),
        ("zone", replaces()),
        ("size", in_place()),
        ("on", replaces()),
    ];
    ResourceSchema {
        create_before_destroy: true,
        ..schema("disk", attributes, [("id", output(false, false))])
    }
}

fn server() -> ResourceSchema {
    ResourceSchema {
        holds_data: true,
        ..schema(
            "server",
            [
                ("name", carried(replaces())),
                ("net", replaces()),
                ("version", replaces()),
                ("size", disruptive()),
                ("status", with_default(in_place(), "running")),
                ("params", comparing(in_place(), Equality::DesiredKeys)),
                ("zones", comparing(in_place(), Equality::Unordered)),
                ("mode", comparing(in_place(), Equality::IgnoreCase)),
                ("policy", comparing(in_place(), Equality::Json)),
                ("note", unseen()),
                (
                    "release",
                    disruptive().only_up(Ascent::Steps(["old", "new"].map(str::to_owned).into())),
                ),
            ],
            [
                ("id", output(false, false)),
                ("port", output(false, true)),
                ("url", output(true, true)),
            ],
        )
    }
}

fn key() -> ResourceSchema {
    ResourceSchema {
        holds_data: true,
        ..schema(
            "key",
            [("size", in_place()), ("spec", replaces())],
            [("id", output(false, false))],
        )
    }
}

/// A network, a server that holds data, a disk that is created before it is destroyed, a generated secret, one whose
/// counter can be seen, a role with a password, a copy that may come to stand on its own, a key
/// and what is encrypted with it, a rule that is nothing but edges, and a route that its content tells apart.
pub(crate) fn schemas() -> SchemaSet {
    SchemaSet::new([
        schema(
            "net",
            [
                ("cidr", replaces()),
                ("zones", in_place()),
                ("tags", comparing(in_place(), Equality::DesiredKeys)),
            ],
            [("id", output(false, false)), ("gateway", output(false, true))],
        ),
        server(),
        disk(),
        schema(
            "secret",
            [
                ("rotation", carried(with_default(unseen(), 0_i64))),
                ("length", replaces()),
            ],
            [("value", output(true, true))],
        ),
        schema(
            "vault",
            [
                ("rotation", carried(with_default(in_place(), 0_i64))),
                ("text", in_place()),
            ],
            [("value", output(true, true))],
        ),
        schema(
            "role",
            [("name", replaces()), ("password", unseen()), ("on", unseen())],
            [("id", output(false, false))],
        ),
        schema(
            "copy",
            [
                ("of", replaces()),
                ("freed", with_default(disruptive(), false).stands_alone()),
            ],
            [("id", output(false, false))],
        ),
        key(),
        schema(
            "bucket",
            [("key", unlocks(in_place())), ("size", in_place())],
            [("id", output(false, false))],
        ),
        schema(
            "store",
            [("key", unlocks(carried(replaces()))), ("size", in_place())],
            [("id", output(false, false))],
        ),
        schema("rule", [("from", unseen()), ("to", unseen())], []),
        ResourceSchema {
            recovery: RecoveryClass::Content,
            create_before_destroy: true,
            ..schema("route", [("to", replaces())], [("id", output(false, false))])
        },
    ])
}
