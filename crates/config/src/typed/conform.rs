//! Whether a value fits the type of its attribute.

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::value::Value;

use super::{segment, whole};
use crate::evaluate::{World, secret, shown, unknown};
use crate::language::ty::{Choice, Type};
use crate::language::{AttributeSchema, Timing};
use crate::report::{Failed, suggestion, with_hint};

impl World<'_> {
    /// Returns the value if it fits; null fits everywhere and counts as not set.
    pub(super) fn conform(
        &self,
        schema: &AttributeSchema,
        value: Value,
        span: Span,
    ) -> Result<Value, Failed> {
        let problem = match timing(schema, &value) {
            Some(problem) => Some(problem),
            None if value.is_null() => None,
            None => misfit(&schema.ty, &value, &format!("`{}`", schema.name)),
        };
        match problem {
            None => Ok(value),
            Some(problem) => Err(self.report.fail(problem.at(span))),
        }
    }
}

/// Returns what is wrong with when the value is known and who may see it.
fn timing(schema: &AttributeSchema, value: &Value) -> Option<Diagnostic> {
    if schema.timing == Timing::Apply || matches!(schema.ty, Type::Segment) {
        return None;
    }
    let what = format!("`{}`", schema.name);
    if value.is_secret() {
        return Some(secret(&what));
    }
    (!value.is_known()).then(|| unknown(&what))
}

fn misfit(ty: &Type, value: &Value, what: &str) -> Option<Diagnostic> {
    match (ty, value) {
        (Type::Any | Type::Special(_), _) | (Type::Bool, Value::Bool(_)) => None,
        (Type::Text(_), Value::Deferred(_) | Value::Secret(_) | Value::Sealed(_)) => None,
        (Type::Scalar, Value::String(_) | Value::Number(_) | Value::Bool(_)) => None,
        (Type::Whole { min, max }, Value::Number(_)) => {
            let fits = whole(value).is_some_and(|value| (*min..=*max).contains(&value));
            (!fits).then(|| wrong(ty, value, what))
        }
        (Type::Text(rule), Value::String(text)) => {
            let fault = rule.fault(text)?;
            Some(Diagnostic::error("Invalid value", format!("{what} cannot be {}", shown(value))).hint(fault))
        }
        (Type::Choice(choices), Value::String(word)) => unknown_choice(choices, word, what),
        (Type::List(element), Value::List(values)) => values
            .iter()
            .find_map(|value| misfit(element, value, &format!("An element of {what}")))
            .or_else(|| repeated(values, what)),
        (Type::Map(element), Value::Map(entries)) => entries
            .iter()
            .find_map(|(key, value)| misfit(element, value, &format!("`{key}` of {what}"))),
        (Type::Segment, value) if segment(value).is_some() => None,
        _ => Some(wrong(ty, value, what)),
    }
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

fn repeated(values: &[Value], what: &str) -> Option<Diagnostic> {
    let mut sorted: Vec<&Value> = values.iter().collect();
    sorted.sort();
    let twice = sorted.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(Diagnostic::error(
        "Duplicate element",
        format!("{what} holds {} twice", shown(twice[0])),
    ))
}
