//! Changes of attributes for people: short ones on a line, long ones as what goes and what comes.

use std::collections::BTreeSet;

use infra_model::decision::{Change, ChangeOrigin};
use infra_model::value::{Attributes, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::render::value::{SECRET, entry, fits, inline, is_document, key, spread};
use crate::terminal::{style, styled};

/// How many lines of a changed file are shown.
const DOCUMENT_LINES_MAX: usize = 20;
/// Where attributes begin.
const INDENT: usize = 8;

/// Returns the attributes of an object that is made. What is not set is not shown.
pub(crate) fn created(changes: &[Change]) -> String {
    let set: Vec<&Change> = changes.iter().filter(|change| !change.after.is_null()).collect();
    let width = width(set.iter().copied());
    set.iter()
        .map(|change| {
            let before = format!("{:width$} = ", change.attribute);
            line(&spread(&before, &change.after, INDENT))
        })
        .collect()
}

/// Returns what changes of an object that exists, and who caused it.
pub(crate) fn changed(changes: &[Change]) -> String {
    let width = width(changes);
    let line = |change| one(change, width, &notes(change));
    changes.iter().map(line).collect()
}

/// Returns what changed of an object behind our back.
pub(crate) fn drifted(changes: &[Change]) -> String {
    let width = width(changes);
    changes.iter().map(|change| one(change, width, "")).collect()
}

fn one(change: &Change, width: usize, notes: &str) -> String {
    let (before, after) = (&change.before, &change.after);
    let name = format!("{:width$} :", change.attribute);
    let short = format!("{name} {}", arrow(before, after));
    let long = |lines: Vec<String>| {
        let lines: String = lines.iter().map(|text| line(&format!("    {text}"))).collect();
        line(&format!("{name}{notes}")) + &lines
    };
    match (before, after) {
        (Value::Map(old), Value::Map(new))
            if old.len().max(new.len()) > 1 || !fits(&short, INDENT) || holds_document(new) =>
        {
            long(entries(old, new))
        }
        (Value::List(old), Value::List(new)) if !fits(&short, INDENT) => {
            long(elements(&texts(old), &texts(new)))
        }
        (Value::String(old), Value::String(new)) if old.contains('\n') || new.contains('\n') => {
            long(elements(&text_lines(old), &text_lines(new)))
        }
        _ if !fits(&short, INDENT) => long(vec![removed(&inline(before)), added(&inline(after))]),
        _ => line(&format!("{short}{notes}")),
    }
}

fn holds_document(entries: &Attributes) -> bool {
    entries
        .values()
        .any(|value| value.as_str().is_some_and(is_document))
}

/// Returns both values around an arrow.
fn arrow(before: &Value, after: &Value) -> String {
    if before.is_null() && after.is_null() {
        // Nobody knows what was applied last, so it is taken away once more.
        return format!("(in doubt) -> {}", inline(after));
    }
    let (before, after) = (inline(before), inline(after));
    if before == SECRET && after == SECRET {
        // Both are hidden, so that they differ must be said.
        return format!("{SECRET} -> (another secret)");
    }
    format!("{before} -> {after}")
}

/// Returns what differs between two maps, entry by entry.
fn entries(old: &Attributes, new: &Attributes) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut lines = Vec::new();
    let mut same = 0;
    for name in names {
        match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) if old == new => same += 1,
            (Some(Value::String(old)), Some(Value::String(new))) if is_document(old) || is_document(new) => {
                lines.push(format!("{} {} :", styled(style::UPDATE, "~"), key(name)));
                let inner = elements(&text_lines(old), &text_lines(new));
                lines.extend(
                    inner
                        .iter()
                        .take(DOCUMENT_LINES_MAX)
                        .map(|text| format!("    {text}")),
                );
                let rest = inner.len().saturating_sub(DOCUMENT_LINES_MAX);
                lines.extend((rest > 0).then(|| styled(style::DIM, format!("      ({rest} lines more)"))));
            }
            (Some(old), Some(new)) => lines.push(format!(
                "{} {} : {}",
                styled(style::UPDATE, "~"),
                key(name),
                arrow(old, new)
            )),
            (Some(old), None) => lines.push(removed(&entry(name, old))),
            (None, Some(new)) => lines.push(added(&entry(name, new))),
            (None, None) => {}
        }
    }
    lines.extend(unchanged(same));
    lines
}

/// Returns what differs between two lists, with what stands around it left out.
fn elements(old: &[String], new: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut same = 0;
    for op in capture_diff_slices(Algorithm::Myers, old, new) {
        if let DiffOp::Equal { len, .. } = op {
            same += len;
        } else {
            lines.extend(old[op.old_range()].iter().map(|text| removed(text)));
            lines.extend(new[op.new_range()].iter().map(|text| added(text)));
        }
    }
    lines.extend(unchanged(same));
    lines
}

fn texts(values: &[Value]) -> Vec<String> {
    values.iter().map(inline).collect()
}

fn text_lines(text: &str) -> Vec<String> {
    text.lines().map(|line| inline(&Value::from(line))).collect()
}

fn removed(text: &str) -> String {
    styled(style::DELETE, format!("- {text}"))
}

fn added(text: &str) -> String {
    styled(style::CREATE, format!("+ {text}"))
}

fn unchanged(count: usize) -> Option<String> {
    (count > 0).then(|| styled(style::DIM, format!("  ({count} unchanged)")))
}

fn notes(change: &Change) -> String {
    let origin = match change.origin {
        ChangeOrigin::Stack => "",
        ChangeOrigin::Drift => "  # drifted",
        ChangeOrigin::Both => "  # drifted, and the stack changed",
    };
    let replaces = if change.replaces {
        "  # forces replacement"
    } else {
        ""
    };
    if origin.is_empty() && replaces.is_empty() {
        return String::new();
    }
    styled(style::DRIFT, format!("{origin}{replaces}"))
}

fn line(text: &str) -> String {
    format!("{:INDENT$}{text}\n", "")
}

fn width<'a>(changes: impl IntoIterator<Item = &'a Change>) -> usize {
    let widths = changes.into_iter().map(|change| change.attribute.chars().count());
    widths.max().unwrap_or(0)
}
