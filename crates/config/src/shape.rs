//! Bodies matched with the tables: which attribute and block is what, before any value is looked at.
//!
//! A shape refers to the syntax tree; an overlay is merged into the stack's shape without copying a value.

use std::collections::BTreeMap;

use infra_model::diagnostic::{Diagnostic, Span};

use crate::language::{AttributeSchema, BlockSchema, Occurs};
use crate::report::{Report, suggestion, with_hint};
use crate::syntax::{Attribute, Block, Body, Name};

/// A body whose attributes and blocks are known to its table.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub schema: &'static BlockSchema,
    /// The header of the block.
    pub span: Span,
    pub label: Option<&'a Name>,
    pub attributes: Vec<(&'static AttributeSchema, &'a Attribute)>,
    /// Attributes of any name, where the table allows them.
    pub free: Vec<&'a Attribute>,
    pub blocks: Vec<Shape<'a>>,
    /// Whether some of it could not be read.
    pub broken: bool,
}

impl<'a> Shape<'a> {
    /// Returns the attribute with this name, if it is set.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a Attribute> {
        self.attributes
            .iter()
            .find(|(schema, _)| schema.name == name)
            .map(|(_, attribute)| *attribute)
    }

    /// Returns the blocks of a kind.
    pub(crate) fn blocks_of(&self, kind: &str) -> impl Iterator<Item = &Shape<'a>> {
        self.blocks.iter().filter(move |block| block.schema.kind == kind)
    }

    /// Returns the block of a kind that occurs once, if it is there.
    pub(crate) fn block(&self, kind: &str) -> Option<&Shape<'a>> {
        self.blocks_of(kind).next()
    }

    /// Returns the text of the label, empty without one.
    pub(crate) fn name(&self) -> &'a str {
        self.label.map_or("", |label| &label.text)
    }

    /// Takes over what an overlay says: attributes replace, blocks merge or are appended, as their table says.
    pub(crate) fn merge(&mut self, overlay: Shape<'a>) {
        self.broken |= overlay.broken;
        for (schema, attribute) in overlay.attributes {
            match self
                .attributes
                .iter_mut()
                .find(|(own, _)| own.name == schema.name)
            {
                Some(own) => own.1 = attribute,
                None => self.attributes.push((schema, attribute)),
            }
        }
        for attribute in overlay.free {
            match self
                .free
                .iter_mut()
                .find(|own| own.name.text == attribute.name.text)
            {
                Some(own) => *own = attribute,
                None => self.free.push(attribute),
            }
        }
        for block in overlay.blocks {
            let same = |own: &&mut Shape<'_>| {
                own.schema.kind == block.schema.kind
                    && (own.name() == block.name() || own.schema.occurs == Occurs::Once)
                    && own.schema.occurs != Occurs::Repeated
            };
            match self.blocks.iter_mut().find(same) {
                Some(own) => own.override_with(block),
                None => self.blocks.push(block),
            }
        }
    }

    /// Takes over what an overlay says of the same block; one with another label is another thing and takes its
    /// place.
    pub(crate) fn override_with(&mut self, overlay: Shape<'a>) {
        if self.name() == overlay.name() {
            self.merge(overlay);
        } else {
            *self = overlay;
        }
    }
}

/// Returns the shape of bodies that together are one, such as the files of a folder.
pub(crate) fn shape<'a>(
    bodies: impl IntoIterator<Item = &'a Body>,
    schema: &'static BlockSchema,
    report: &Report,
) -> Shape<'a> {
    let mut shape = Shape {
        schema,
        span: Span::default(),
        label: None,
        attributes: Vec::new(),
        free: Vec::new(),
        blocks: Vec::new(),
        broken: false,
    };
    let mut seen = Seen::default();
    for body in bodies {
        shape.broken |= body.broken;
        for attribute in &body.attributes {
            add_attribute(&mut shape, attribute, &mut seen, report);
        }
        for block in &body.blocks {
            add_block(&mut shape, block, &mut seen, report);
        }
    }
    shape
}

/// What a body already holds.
#[derive(Default)]
struct Seen<'a> {
    attributes: BTreeMap<&'a str, Span>,
    blocks: BTreeMap<(&'static str, &'a str), Span>,
}

fn add_attribute<'a>(shape: &mut Shape<'a>, attribute: &'a Attribute, seen: &mut Seen<'a>, report: &Report) {
    let name = &*attribute.name.text;
    if let Some(first) = seen.attributes.get(name) {
        report.add(
            Diagnostic::error("Duplicate attribute", format!("`{name}` is set twice"))
                .at(attribute.name.span)
                .related(*first, "first set here"),
        );
        return;
    }
    seen.attributes.insert(name, attribute.name.span);
    match shape.schema.attribute(name) {
        Some(schema) => shape.attributes.push((schema, attribute)),
        None if shape.schema.free.is_some() => shape.free.push(attribute),
        None => report.add(unknown_attribute(shape.schema, attribute)),
    }
}

fn unknown_attribute(schema: &BlockSchema, attribute: &Attribute) -> Diagnostic {
    let name = &*attribute.name.text;
    let diagnostic = Diagnostic::error(
        "Unknown attribute",
        format!("There is no attribute `{name}` in {}", place(schema)),
    )
    .at(attribute.name.span);
    if schema.block(name).is_some() {
        return diagnostic.hint(format!("`{name}` is a block: write `{name} {{ … }}` without `=`"));
    }
    if matches!(schema.kind, "overlay" | "stack file" | "module file") {
        return diagnostic
            .hint("Attributes stand inside blocks; names for values go into `locals` or `variables`");
    }
    let attributes = schema.all_attributes().map(|attribute| attribute.name);
    with_hint(diagnostic, suggestion(name, "Its attributes", attributes))
}

fn add_block<'a>(shape: &mut Shape<'a>, block: &'a Block, seen: &mut Seen<'a>, report: &Report) {
    let kind = &*block.kind.text;
    let Some(schema) = shape.schema.block(kind) else {
        report.add(unknown_block(shape.schema, block));
        return;
    };
    let Some(label) = checked_label(schema, block, report) else {
        return;
    };
    let text = match (schema.occurs, label) {
        (Occurs::Labelled, Some(label)) => &*label.text,
        _ => "",
    };
    if schema.occurs != Occurs::Repeated {
        if let Some(first) = seen.blocks.get(&(schema.kind, text)) {
            report.add(duplicate_block(schema, text, block.span).related(*first, "first declared here"));
            return;
        }
        seen.blocks.insert((schema.kind, text), block.span);
    }
    let Some(schema) = variant(schema, label, report) else {
        return;
    };
    let inner = self::shape([&block.body], schema, report);
    shape.blocks.push(Shape {
        span: block.span,
        label,
        ..inner
    });
}

/// Returns what the block holds; nothing if its label should decide that and is no word for it.
fn variant(
    schema: &'static BlockSchema,
    label: Option<&Name>,
    report: &Report,
) -> Option<&'static BlockSchema> {
    let Some(label) = label.filter(|_| !schema.variants.is_empty()) else {
        return Some(schema);
    };
    let found = schema.variant(&label.text);
    if found.is_none() {
        let names = schema.label.as_ref().map_or("kind", |label| label.names);
        let detail = format!("There is no {names} `{}`", label.text);
        let diagnostic = Diagnostic::error("Unknown kind", detail).at(label.span);
        report.add(with_hint(
            diagnostic,
            suggestion(&label.text, "There are", schema.words()),
        ));
    }
    found
}

fn unknown_block(schema: &BlockSchema, block: &Block) -> Diagnostic {
    let kind = &*block.kind.text;
    let diagnostic = Diagnostic::error(
        "Unknown block",
        format!("There is no block `{kind}` in {}", place(schema)),
    )
    .at(block.kind.span);
    if schema.attribute(kind).is_some() {
        return diagnostic.hint(format!("`{kind}` is an attribute: write `{kind} = …`"));
    }
    let hint = match (schema.kind, kind) {
        ("overlay", "variable" | "locals" | "module" | "moved" | "parity" | "stack") => Some(format!(
            "Declare `{kind}` in `stack.hcl`; an overlay sets `variables` and overrides components"
        )),
        ("stack file", "environment") => {
            Some("Each environment has a file of its own: `env/<name>.hcl`".to_owned())
        }
        ("stack file", "variables") => {
            Some("Values of an environment stand in its file: `env/<name>.hcl`".to_owned())
        }
        ("stack file", "output") => {
            Some("Only modules have outputs; components of a stack have exports".to_owned())
        }
        ("module file", "store") => {
            Some("A stack has one state with all of its modules: choose its store in `stack.hcl`".to_owned())
        }
        ("module file", "parity") => Some(
            "Environments differ in a stack with all of its modules: declare it in `stack.hcl`".to_owned(),
        ),
        ("stack file" | "overlay", "backend") => Some(
            "Where the state is kept says a block `store`, such as `store \"object\" { url = … }`".to_owned(),
        ),
        (_, "resource" | "data" | "terraform") => Some(
            "A stack declares portable components; settings of a provider go into its block inside them"
                .to_owned(),
        ),
        _ => suggestion(kind, "Its blocks", schema.all_blocks().map(|block| block.kind)),
    };
    with_hint(diagnostic, hint)
}

/// Returns the label that the block should have; nothing if it is wrong.
fn checked_label<'a>(schema: &BlockSchema, block: &'a Block, report: &Report) -> Option<Option<&'a Name>> {
    let kind = schema.kind;
    match (&schema.label, block.labels.as_slice()) {
        (None, []) => Some(None),
        (None, [label, ..]) => {
            report.add(
                Diagnostic::error("Unexpected label", format!("A block `{kind}` has no label"))
                    .at(label.span),
            );
            Some(None)
        }
        (Some(expected), []) => {
            let names = match schema.variants {
                [] => format!("name of the {}", expected.names),
                _ => expected.names.to_owned(),
            };
            let detail = format!("A block `{kind}` needs a label: the {names}");
            let label = schema.words().last().unwrap_or("name");
            report.add(
                Diagnostic::error("Missing label", detail)
                    .at(block.kind.span)
                    .hint(format!("Write `{kind} \"{label}\" {{ … }}`")),
            );
            None
        }
        (Some(expected), [label, rest @ ..]) => {
            if let Some(extra) = rest.first() {
                report.add(
                    Diagnostic::error("Unexpected label", format!("A block `{kind}` has one label"))
                        .at(extra.span),
                );
            }
            if let Some(fault) = expected.rule.fault(&label.text) {
                report.add(
                    Diagnostic::error(
                        "Invalid name",
                        format!("`{}` cannot name a {}", label.text, expected.names),
                    )
                    .at(label.span)
                    .hint(fault),
                );
            }
            Some(Some(label))
        }
    }
}

fn duplicate_block(schema: &BlockSchema, label: &str, span: Span) -> Diagnostic {
    let kind = schema.kind;
    let detail = match schema.occurs {
        Occurs::Labelled => format!("`{kind} \"{label}\"` is declared twice"),
        _ => format!("There may be one block `{kind}` here"),
    };
    Diagnostic::error("Duplicate block", detail).at(span)
}

/// Names a place for people.
fn place(schema: &BlockSchema) -> String {
    match schema.kind {
        "overlay" => "an overlay".to_owned(),
        "stack file" => "a stack".to_owned(),
        "module file" => "a module".to_owned(),
        kind => format!("a block `{kind}`"),
    }
}
