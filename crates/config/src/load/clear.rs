//! Finds secrets that stand in clear in the files, before anything is said about them: no mistake may repeat one.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::diagnostic::Span;
use infra_model::value::Value;

use super::{Parsed, ParsedFile, resolve, source_of};
use crate::syntax::{Attribute, Block, Expr, ExprKind, Part};

/// The names of the secret variables of each folder.
type SecretVariables<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Conceals every value that is called secret where it stands: defaults, values of overlays, arguments of modules, and
/// secrets of key vaults.
pub(super) fn conceal(parsed: &mut Parsed) {
    let mut spans = Vec::new();
    let secret: SecretVariables<'_> = parsed
        .folders
        .iter()
        .map(|(folder, files)| (folder.as_str(), variables(files, is_secret)))
        .collect();
    for (folder, files) in &parsed.folders {
        for block in files.iter().flat_map(|file| &file.body.blocks) {
            declared(block, folder, &secret, &mut spans);
        }
    }
    for block in parsed.overlays.iter().flat_map(|file| &file.body.blocks) {
        match &*block.kind.text {
            "variables" => values(block, secret.get(""), &mut spans),
            _ => declared(block, "", &secret, &mut spans),
        }
    }
    spans.into_iter().for_each(|span| parsed.sources.conceal(span));
}

impl Parsed {
    /// Returns the names of the stack's own variables.
    pub(crate) fn variables(&self) -> BTreeSet<&str> {
        self.folders
            .get("")
            .map(|files| variables(files, |_| true))
            .unwrap_or_default()
    }

    /// Returns the names of those that are secret.
    pub(crate) fn secret_variables(&self) -> BTreeSet<&str> {
        self.folders
            .get("")
            .map(|files| variables(files, is_secret))
            .unwrap_or_default()
    }
}

fn variables(files: &[ParsedFile], fits: impl Fn(&Block) -> bool) -> BTreeSet<&str> {
    let blocks = files.iter().flat_map(|file| &file.body.blocks);
    blocks
        .filter(|block| &*block.kind.text == "variable" && fits(block))
        .filter_map(|block| Some(&*block.labels.first()?.text))
        .collect()
}

/// Tells whether a variable is secret, or may be: what is not plainly false is not shown.
fn is_secret(variable: &Block) -> bool {
    let plainly_not = [Value::Bool(false), Value::Null];
    attribute(variable, "secret").is_some_and(
        |secret| !matches!(&secret.value.kind, ExprKind::Literal(value) if plainly_not.contains(value)),
    )
}

fn declared(block: &Block, folder: &str, secret: &SecretVariables<'_>, spans: &mut Vec<Span>) {
    match &*block.kind.text {
        "variable" if is_secret(block) => spans.extend(in_clear(attribute(block, "default"))),
        "module" => {
            let source = source_of(block).map(|(source, _)| resolve(folder, source));
            values(block, source.and_then(|source| secret.get(&*source)), spans);
        }
        "key_vault" => {
            let secrets = block.body.blocks.iter();
            for one in secrets.filter(|inner| &*inner.kind.text == "secret") {
                spans.extend(in_clear(attribute(one, "value")));
            }
        }
        _ => {}
    }
}

/// Adds the values of these variables.
fn values(block: &Block, names: Option<&BTreeSet<&str>>, spans: &mut Vec<Span>) {
    let is_named = |one: &&Attribute| names.is_some_and(|names| names.contains(&*one.name.text));
    let given = block.body.attributes.iter().filter(is_named);
    spans.extend(given.filter_map(|one| in_clear(Some(one))));
}

fn attribute<'a>(block: &'a Block, name: &str) -> Option<&'a Attribute> {
    let mut attributes = block.body.attributes.iter();
    attributes.find(|attribute| &*attribute.name.text == name)
}

/// Returns where a value stands if something of it stands there, and not only names.
fn in_clear(attribute: Option<&Attribute>) -> Option<Span> {
    attribute
        .filter(|attribute| holds_text(&attribute.value))
        .map(|attribute| attribute.value.span)
}

fn holds_text(expression: &Expr) -> bool {
    match &expression.kind {
        ExprKind::Literal(value) => !matches!(value, Value::Null | Value::Bool(_)),
        ExprKind::List(values) | ExprKind::Operation(_, values) => values.iter().any(holds_text),
        ExprKind::Object(entries) => entries.iter().any(|(_, value)| holds_text(value)),
        ExprKind::Template(parts) => parts.iter().any(|part| !matches!(part, Part::Interpolation(_))),
        ExprKind::Variable(_) => false,
        ExprKind::Traversal(start, _) => holds_text(start),
        ExprKind::Call(call) => call.arguments.iter().any(holds_text),
        ExprKind::For(_) => true,
    }
}
