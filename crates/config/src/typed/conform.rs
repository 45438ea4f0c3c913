//! Whether a value fits the type of its attribute.

use std::collections::BTreeMap;

use infra_model::diagnostic::Diagnostic;
use infra_model::expression::each_reference;
use infra_model::value::Value;

use super::{segment, whole};
use crate::evaluate::{World, secret, shown, unknown};
use crate::language::rule::Rule;
use crate::language::ty::{Choice, Type};
use crate::language::{AttributeSchema, Timing};
use crate::report::{Failed, suggestion, with_hint};
use crate::syntax::{Expr, ExprKind};
use crate::variable::Missing;

impl World<'_> {
    /// Returns the value if it fits; null fits everywhere and counts as not set.
    pub(super) fn conform(
        &self,
        schema: &AttributeSchema,
        value: Value,
        expression: &Expr,
    ) -> Result<Value, Failed> {
        let problems = match timing(schema, &value, self.missing) {
            Some(problem) => vec![problem.at(expression.span)],
            None if value.is_null() => Vec::new(),
            None => misfits(&schema.ty, &value, &format!("`{}`", schema.name), expression),
        };
        let is_fit = problems.is_empty();
        problems.into_iter().for_each(|problem| self.report.add(problem));
        is_fit.then_some(value).ok_or(Failed)
    }
}

/// Returns what is wrong with when the value is known and who may see it.
fn timing(schema: &AttributeSchema, value: &Value, missing: Missing) -> Option<Diagnostic> {
    if schema.timing == Timing::Apply || matches!(schema.ty, Type::Segment) {
        return None;
    }
    let what = format!("`{}`", schema.name);
    match schema.timing {
        Timing::Read if missing == Missing::Imagine && waits_for_secrets_only(value) => None,
        Timing::Read => (!value.is_known()).then(|| read_too_early(&what)),
        _ if value.is_secret() => Some(secret(&what)),
        _ => (!value.is_known()).then(|| unknown(&what)),
    }
}

/// Tells whether nothing but secrets that were imagined keeps a value from being known.
fn waits_for_secrets_only(value: &Value) -> bool {
    let mut refers = false;
    each_reference(value, &mut |_| refers = true);
    value.is_secret() && !refers
}

/// Returns the error for a value that nobody knows yet when the state is opened.
fn read_too_early(what: &str) -> Diagnostic {
    let detail = format!(
        "{what} says where the state is, which is read before anything else, so it must not depend on what is \
         known only after apply"
    );
    Diagnostic::error("Value known too late", detail)
        .hint("Use a variable or a local instead of the export of a component")
}

/// Returns all that is wrong with a value, each at the part of the expression that gives it.
fn misfits(ty: &Type, value: &Value, what: &str, expression: &Expr) -> Vec<Diagnostic> {
    match (ty, value) {
        (Type::List(element), Value::List(values)) => {
            let what = format!("An element of {what}");
            let elements = values.iter().enumerate();
            let wrong: Vec<Diagnostic> = elements
                .flat_map(|(at, value)| misfits(element, value, &what, nth(expression, at)))
                .collect();
            if wrong.is_empty() {
                return repeated(values, &what, expression).into_iter().collect();
            }
            wrong
        }
        (Type::Map(element), Value::Map(entries)) => {
            let wrong = |(key, value): (&String, &Value)| {
                let what = format!("`{key}` of {what}");
                misfits(element, value, &what, entry(expression, key))
            };
            entries.iter().flat_map(wrong).collect()
        }
        _ => misfit(ty, value, what)
            .map(|problem| problem.at(expression.span))
            .into_iter()
            .collect(),
    }
}

fn misfit(ty: &Type, value: &Value, what: &str) -> Option<Diagnostic> {
    match (ty, value) {
        (Type::Any | Type::Special(_), _) | (Type::Bool, Value::Bool(_)) => None,
        (Type::Text(_) | Type::Scalar, Value::Deferred(_) | Value::Secret(_) | Value::Sealed(_)) => None,
        (Type::Scalar, Value::String(_) | Value::Number(_) | Value::Bool(_)) => None,
        (Type::Whole { min, max }, Value::Number(_)) => {
            let fits = whole(value).is_some_and(|value| (*min..=*max).contains(&value));
            (!fits).then(|| wrong(ty, value, what))
        }
        // It may hold a password that nobody marked as a secret, so it is not repeated.
        (Type::Text(rule), Value::String(text)) if may_hold_password(*rule, text) => {
            let fault = rule.fault(text)?;
            Some(Diagnostic::error("Invalid value", format!("{what} is no URL for such a store")).hint(fault))
        }
        (Type::Text(rule), Value::String(text)) => rule.fault(text).map(|fault| {
            Diagnostic::error("Invalid value", format!("{what} cannot be {}", shown(value))).hint(fault)
        }),
        (Type::Choice(choices), Value::String(word)) => unknown_choice(choices, word, what),
        (Type::Segment, value) if segment(value).is_some() => None,
        _ => Some(wrong(ty, value, what)),
    }
}

/// Tells whether a text may hold a password.
fn may_hold_password(rule: Rule, text: &str) -> bool {
    rule == Rule::PostgresUrl || (rule == Rule::ObjectUrl && text.contains('@'))
}

/// Returns the expression of an element, the whole list if it is not written out.
pub(super) fn nth(list: &Expr, at: usize) -> &Expr {
    match &list.kind {
        ExprKind::List(elements) => elements.get(at).unwrap_or(list),
        _ => list,
    }
}

/// Returns the expression of an entry, the whole map if it is not written out.
fn entry<'e>(map: &'e Expr, key: &str) -> &'e Expr {
    let ExprKind::Object(entries) = &map.kind else {
        return map;
    };
    let is_key = |name: &Expr| matches!(&name.kind, ExprKind::Literal(name) if name.as_str() == Some(key));
    entries
        .iter()
        .find(|(name, _)| is_key(name))
        .map_or(map, |(_, value)| value)
}

fn wrong(ty: &Type, value: &Value, what: &str) -> Diagnostic {
    let detail = format!("{what} takes {}, found {}", ty.expected(), shown(value));
    let diagnostic = Diagnostic::error("Invalid value", detail);
    match (ty, value) {
        (Type::Whole { .. } | Type::Bool, Value::String(text)) if is_plain(text) => {
            diagnostic.hint(format!("Write it without quotes: {text}"))
        }
        (Type::Text(_) | Type::Choice(_), Value::Number(_) | Value::Bool(_)) => {
            diagnostic.hint(format!("Write it in quotes: \"{value:?}\""))
        }
        (Type::List(_), _) => diagnostic.hint("Write a list: [ … ]"),
        (Type::Segment, Value::String(_)) => diagnostic.hint("Write a reference, without quotes"),
        _ => diagnostic,
    }
}

fn is_plain(text: &str) -> bool {
    matches!(text, "true" | "false") || (!text.is_empty() && text.chars().all(|c| c.is_ascii_digit()))
}

fn unknown_choice(choices: &[Choice], word: &str, what: &str) -> Option<Diagnostic> {
    let words = choices.iter().map(|choice| choice.word);
    if words.clone().any(|known| known == word) {
        return None;
    }
    let detail = format!("{what} cannot be \"{}\"", word.escape_debug());
    let expected = suggestion(word, "Expected one of", words);
    Some(with_hint(Diagnostic::error("Invalid value", detail), expected))
}

fn repeated(values: &[Value], what: &str, list: &Expr) -> Option<Diagnostic> {
    let mut seen = BTreeMap::new();
    for (at, value) in values.iter().enumerate() {
        if let Some(first) = seen.insert(value, at) {
            let diagnostic = Diagnostic::error(
                "Duplicate element",
                format!("{what} stands twice: {}", shown(value)),
            );
            return Some(
                diagnostic
                    .at(nth(list, at).span)
                    .related(nth(list, first).span, "first here"),
            );
        }
    }
    None
}
