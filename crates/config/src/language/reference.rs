//! The reference page of the stack language, written from the tables so that it cannot be out of date.

use std::fmt::Write as _;

use infra_model::component::exports::{Export, ExportType, of_kind};

use crate::language::component::{KINDS, SHARED};
use crate::language::environment::OVERLAY;
use crate::language::stack::{MODULE_FILE, STACK_FILE};
use crate::language::ty::{Choice, Type};
use crate::language::{AttributeSchema, BlockSchema, Default, Occurs, Timing};

const INTRODUCTION: &str = "\
# Reference of the stack language

<!-- Generated: run `cargo run -p infra-config --example stack_language_reference > docs/reference/stack-language.md` -->

Every block and attribute with its type, default and meaning. The checker reads the same tables. The
[guide](../guide/stack-language.md) explains the language, [functions](functions.md) lists the functions.

**Merging.** An overlay is merged into the stack block by block: an attribute replaces the stack's, a block that occurs
once or is told apart by its label is merged into the stack's, and a block that occurs *repeatedly* is appended.
An attribute set to `null` counts as not set.

**When a value is known.** Attributes must be known when the plan is made, and are then no secret; *at apply* marks those
that may be a secret and may come from another component, *may be a secret* those that are known early all the same.
";

const REFERENCES: &[[&str; 2]] = &[
    ["`var.<name>`", "The value of a variable"],
    ["`local.<name>`", "The value of a name under `locals`"],
    [
        "`<kind>.<label>.<export>`",
        "What a component exports; several instances are told apart as in `redis.cache[\"eu\"].url`",
    ],
    [
        "`<kind>.<label>`",
        "A component, in `depends_on` and `moved`, and as an argument of a module",
    ],
    [
        "`network.<label>.segment.<name>`",
        "A segment of a network, for `segment`",
    ],
    [
        "`each.key`, `each.value`",
        "Which component of a `for_each` this is",
    ],
    ["`count.index`", "Which component of a `count` this is, from 0"],
    ["`module.<name>.<output>`", "An output of a module"],
    [
        "`environment.name`, `stack.name`",
        "The names of the environment and of the stack",
    ],
];

/// Returns the page in Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n## References\n\n| Written | Is |\n| --- | --- |\n");
    for [written, meaning] in REFERENCES {
        let _ = writeln!(page, "| {written} | {meaning} |");
    }
    section(&mut page, "## Files of a stack", &STACK_FILE);
    section(&mut page, "## Files of an environment", &OVERLAY);
    let _ = write!(page, "\n## Files of a module\n\n{}.\n", MODULE_FILE.summary);
    page.push_str("\nA module has no blocks `stack`, `store`, `settings` and `parity`, and outputs besides what a stack has.\n");
    let outputs = MODULE_FILE
        .blocks
        .iter()
        .filter(|block| STACK_FILE.block(block.kind).is_none());
    outputs.for_each(|block| write_block(&mut page, block, &[]));
    section(&mut page, "## All components", &SHARED);
    for kind in KINDS {
        let _ = write!(page, "\n## `{}`\n\n{}.\n", header(kind), kind.summary);
        write_body(&mut page, kind, &[]);
        write_exports(&mut page, kind);
    }
    page
}

/// Writes a file or the shared part, but for components, which have sections of their own, and for what an overlay
/// overrides.
fn section(page: &mut String, title: &str, schema: &BlockSchema) {
    let _ = write!(page, "\n{title}\n\n{}.\n", schema.summary);
    write_attributes(page, schema);
    let is_shown = |block: &&BlockSchema| {
        let is_overridden = schema.kind == OVERLAY.kind && STACK_FILE.block(block.kind).is_some();
        !is_overridden && !KINDS.iter().any(|kind| kind.kind == block.kind)
    };
    for block in schema.blocks.iter().filter(is_shown) {
        write_block(page, block, &[]);
    }
}

fn write_block(page: &mut String, block: &BlockSchema, outer: &[&str]) {
    let path: Vec<&str> = outer.iter().copied().chain([block.kind]).collect();
    let occurs = match block.occurs {
        Occurs::Once => "once",
        Occurs::Labelled => "once per label",
        Occurs::Repeated => "repeatedly",
    };
    let inside = match outer {
        [] => String::new(),
        outer => format!(" in `{}`", outer.join("` in `")),
    };
    let _ = write!(
        page,
        "\n### `{}`{inside}\n\n{}. Occurs {occurs}",
        header(block),
        block.summary
    );
    if !block.variants.is_empty() {
        let words: Vec<String> = block.words().map(|word| format!("`\"{word}\"`")).collect();
        let _ = write!(page, "; its label is one of {}", words.join(", "));
    } else if let Some(label) = &block.label {
        let _ = write!(page, "; its label is {}", label.rule.expected());
    }
    page.push_str(".\n");
    write_body(page, block, &path);
    // A block inside another says that it takes what a block of its kind takes.
    if outer.is_empty() {
        write_variants(page, block, &path);
    }
}

fn write_variants(page: &mut String, block: &BlockSchema, path: &[&str]) {
    for variant in block.variants {
        let (kind, word) = (block.kind, variant.word);
        let _ = write!(page, "\n### `{kind} \"{word}\"`\n\n{}.\n", variant.schema.summary);
        write_attributes(page, &variant.schema);
    }
    let shared = block.variants.iter().find_map(|variant| variant.schema.shared);
    let blocks = shared.map_or(&[][..], |shared| shared.blocks);
    blocks.iter().for_each(|inner| write_block(page, inner, path));
}

fn write_body(page: &mut String, block: &BlockSchema, path: &[&str]) {
    write_attributes(page, block);
    if let Some(free) = block.free {
        let _ = write!(page, "\nFurther attributes: {free}.\n");
    }
    block
        .blocks
        .iter()
        .for_each(|inner| write_block(page, inner, path));
}

fn header(block: &BlockSchema) -> String {
    match &block.label {
        Some(label) => format!("{} \"<{}>\"", block.kind, label.names),
        None => block.kind.to_owned(),
    }
}

fn write_attributes(page: &mut String, block: &BlockSchema) {
    if block.attributes.is_empty() {
        return;
    }
    page.push_str("\n| Attribute | Value | Default | Meaning |\n| --- | --- | --- | --- |\n");
    for attribute in block.attributes {
        let _ = writeln!(page, "{}", row(attribute));
    }
    for attribute in block.attributes {
        write_choices(page, attribute);
    }
}

fn row(attribute: &AttributeSchema) -> String {
    let default = match attribute.default {
        Default::Required => "*required*".to_owned(),
        Default::Unset(meaning) => meaning.to_owned(),
        Default::Bool(value) => format!("`{value}`"),
        Default::Whole(value) => format!("`{value}`"),
        Default::Text(value) => format!("`\"{value}\"`"),
        Default::Empty => "none".to_owned(),
    };
    let timing = match attribute.timing {
        Timing::Plan => "",
        Timing::Apply => ", known *at apply*",
        Timing::Read => ", *may be a secret*",
    };
    let value = match attribute.ty {
        Type::Choice(_) => "a word, see below".to_owned(),
        ty => ty.expected().replace('|', "\\|"),
    };
    format!(
        "| `{}` | {value}{timing} | {default} | {} |",
        attribute.name, attribute.summary
    )
}

fn write_choices(page: &mut String, attribute: &AttributeSchema) {
    let Type::Choice(choices) = attribute.ty else {
        return;
    };
    let words = choices
        .iter()
        .map(|Choice { word, summary }| format!("- `\"{word}\"`: {summary}\n"));
    let _ = write!(
        page,
        "\n`{}` is one of:\n\n{}",
        attribute.name,
        words.collect::<String>()
    );
}

fn write_exports(page: &mut String, kind: &BlockSchema) {
    let _ = write!(
        page,
        "\n### Exports of `{}`\n\n| Export | Value | Meaning |\n| --- | --- | --- |\n",
        kind.kind
    );
    for export in of_kind(kind.kind) {
        let Export {
            value,
            secret,
            summary,
            ..
        } = export;
        let value = match value {
            ExportType::Text => "text",
            ExportType::Number => "number",
            ExportType::Texts => "list of texts",
        };
        let secret = if *secret { ", secret" } else { "" };
        let path = export.path.join(".").replace('*', "<label>");
        let _ = writeln!(page, "| `{path}` | {value}{secret} | {summary} |");
    }
}
