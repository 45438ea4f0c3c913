//! What the planner is told of the four types.

use std::collections::BTreeMap;

use infra_model::schema::{
    AttributeSchema, Equality, OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};

/// Returns the name of the type with this recovery class.
#[must_use]
pub fn name_of(class: RecoveryClass) -> &'static str {
    match class {
        RecoveryClass::Named => "sim.named.thing",
        RecoveryClass::Token => "sim.token.thing",
        RecoveryClass::Tagged => "sim.tagged.thing",
        RecoveryClass::Content => "sim.content.thing",
    }
}

/// Returns the schema of the type with this recovery class.
///
/// # Panics
///
/// Never: the names above are types of resource.
#[must_use]
pub fn of(class: RecoveryClass) -> ResourceSchema {
    let is_content = class == RecoveryClass::Content;
    ResourceSchema {
        resource_type: name_of(class).parse().expect("a type in this file"),
        summary: "A simulated object".to_owned(),
        version: 1,
        recovery: class,
        attributes: if is_content {
            content_attributes()
        } else {
            thing_attributes(class)
        },
        outputs: if is_content {
            content_outputs()
        } else {
            thing_outputs(class)
        },
        holds_data: class == RecoveryClass::Named,
        create_before_destroy: class == RecoveryClass::Tagged,
        typical: TypicalDurations {
            create_ms: 4000,
            update_ms: 2000,
            delete_ms: 2000,
        },
    }
}

fn attribute(summary: &str, on_change: OnChange) -> AttributeSchema {
    AttributeSchema {
        summary: summary.to_owned(),
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

fn thing_attributes(class: RecoveryClass) -> BTreeMap<String, AttributeSchema> {
    let mut attributes = vec![
        ("size", attribute("How large it is", OnChange::InPlace)),
        (
            "mode",
            attribute("How it works; changing it restarts it", OnChange::Disruptive),
        ),
        ("zone", attribute("Where it stands", OnChange::Replace)),
        (
            "labels",
            AttributeSchema {
                equality: Equality::DesiredKeys,
                ..attribute("Labels by name", OnChange::InPlace)
            },
        ),
        (
            "parents",
            AttributeSchema {
                equality: Equality::Unordered,
                ..attribute("Identities of the objects that it stands on", OnChange::InPlace)
            },
        ),
        (
            "home",
            attribute(
                "The identity of the object that it lives in; it goes with it",
                OnChange::Replace,
            ),
        ),
        (
            "password",
            AttributeSchema {
                observed: false,
                ..attribute("A secret; it is never shown again", OnChange::InPlace)
            },
        ),
    ];
    if class == RecoveryClass::Named {
        attributes.push((
            "name",
            attribute("Its name, which is its identity", OnChange::Replace),
        ));
    }
    if class == RecoveryClass::Token {
        attributes.push((
            "rotation",
            attribute("How often its key was made anew", OnChange::InPlace)
                .carried()
                .default_value(0_i64),
        ));
    }
    attributes
        .into_iter()
        .map(|(name, schema)| (name.to_owned(), schema))
        .collect()
}

fn content_attributes() -> BTreeMap<String, AttributeSchema> {
    let parents = AttributeSchema {
        equality: Equality::Unordered,
        ..attribute("Identities of the objects that it stands on", OnChange::Replace)
    };
    let rule = attribute("What it says", OnChange::Replace);
    [("parents".to_owned(), parents), ("rule".to_owned(), rule)].into()
}

fn output(summary: &str) -> OutputSchema {
    OutputSchema {
        summary: summary.to_owned(),
        secret: false,
        changes_on_update: false,
    }
}

fn content_outputs() -> BTreeMap<String, OutputSchema> {
    [("id".to_owned(), output("Its identity"))].into()
}

fn thing_outputs(class: RecoveryClass) -> BTreeMap<String, OutputSchema> {
    let revision = OutputSchema {
        changes_on_update: true,
        ..output("How often it was changed")
    };
    let key = OutputSchema {
        secret: true,
        changes_on_update: class == RecoveryClass::Token,
        ..output("A secret that the cloud generates")
    };
    let outputs = [
        ("id", output("Its identity")),
        ("endpoint", output("Where it answers")),
        ("revision", revision),
        ("key", key),
    ];
    outputs.map(|(name, schema)| (name.to_owned(), schema)).into()
}
