//! The reference page of a provider's types of resource, from their schemas.

use std::fmt::Write;

use crate::schema::{OnChange, RecoveryClass, ResourceSchema, SchemaSet};

/// Returns the types as Markdown, below a title.
#[must_use]
pub fn markdown(title: &str, schemas: &SchemaSet) -> String {
    let mut page =
        format!("# {title}\n\nWritten from the schemas that plans are made with; do not edit by hand.\n");
    schemas.iter().for_each(|schema| section(&mut page, schema));
    page
}

fn section(page: &mut String, schema: &ResourceSchema) {
    let _ = write!(page, "\n## `{}`\n\n{}.\n\n", schema.resource_type, schema.summary);
    let _ = write!(page, "Recovery class: {}. ", class(schema.recovery));
    let _ = writeln!(page, "Deleting it {}.", loss(schema));
    if !schema.attributes.is_empty() {
        page.push_str("\n| Attribute | Meaning | A change |\n| --- | --- | --- |\n");
    }
    for (name, attribute) in &schema.attributes {
        let change = match attribute.on_change {
            _ if attribute.carried => "is made only by an operation that names it",
            OnChange::InPlace => "is made in place",
            OnChange::Disruptive => "restarts it",
            OnChange::Replace => "replaces it",
        };
        let _ = writeln!(page, "| `{name}` | {} | {change} |", cell(&attribute.summary));
    }
    if !schema.outputs.is_empty() {
        page.push_str("\n| Output | Meaning |\n| --- | --- |\n");
    }
    for (name, output) in &schema.outputs {
        let secret = if output.secret { "; secret" } else { "" };
        let _ = writeln!(page, "| `{name}` | {}{secret} |", cell(&output.summary));
    }
}

fn loss(schema: &ResourceSchema) -> String {
    let mark = schema
        .attributes
        .iter()
        .find(|(_, attribute)| attribute.stands_alone);
    match mark {
        _ if schema.holds_data => "destroys data".to_owned(),
        Some((name, _)) => format!("destroys data where `{name}` is true"),
        None => "loses no data".to_owned(),
    }
}

fn class(recovery: RecoveryClass) -> &'static str {
    match recovery {
        RecoveryClass::Named => "A, by name",
        RecoveryClass::Token => "B, by client token",
        RecoveryClass::Tagged => "C, by tag",
        RecoveryClass::Content => "D, by content",
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
