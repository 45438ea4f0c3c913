//! Functions on text patterns. The `regex` crate matches in time linear to the text, so no pattern can hang.

use regex::{Captures, Regex};

use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, reads_all};
use crate::operation::limit;
use crate::value::Value;

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "regex(pattern, text)",
        "Returns the first match of a regular expression: the matching text, or the list of its groups, or the \
         map of its named groups; it is an error if nothing matches",
        [r#"regex("[0-9]+", "pg16")"#, r#""16""#],
        |call| {
            let pattern = pattern(call)?;
            let found = pattern.captures(call.text(1)?);
            let found = found.ok_or_else(|| call.error(1, "does not match the pattern"))?;
            Ok(captured(&pattern, &found))
        },
    ),
    reads_all(
        "regexall(pattern, text)",
        "Returns the list of all matches of a regular expression, each as `regex` returns it",
        [r#"regexall("[0-9]", "a1b2")"#, r#"["1", "2"]"#],
        |call| {
            let pattern = pattern(call)?;
            let found = pattern.captures_iter(call.text(1)?);
            Ok(Value::list(found.map(|found| captured(&pattern, &found))))
        },
    ),
    reads_all(
        "replace(text, search, replacement)",
        "Returns the text with every occurrence of `search` replaced; `search` between slashes is a regular \
         expression, and `$1` or `${name}` in the replacement then stands for its groups",
        [r#"replace("a_b_c", "_", "-")"#, r#""a-b-c""#],
        replace,
    ),
];

fn pattern(call: Arguments<'_>) -> Result<Regex, OperationError> {
    compile(call, 0, call.text(0)?)
}

fn compile(call: Arguments<'_>, at: usize, pattern: &str) -> Result<Regex, OperationError> {
    Regex::new(pattern).map_err(|_| {
        call.error(at, "is not a regular expression, or one with look-around or back references, which do not exist here")
    })
}

fn captured(pattern: &Regex, found: &Captures<'_>) -> Value {
    let text = |at: usize| found.get(at).map_or(Value::Null, |group| group.as_str().into());
    if pattern.captures_len() == 1 {
        return text(0);
    }
    let names: Vec<&str> = pattern.capture_names().flatten().collect();
    if names.is_empty() {
        return Value::list((1..pattern.captures_len()).map(text));
    }
    Value::map(names.into_iter().map(|name| {
        let group = found.name(name);
        (name, group.map_or(Value::Null, |group| group.as_str().into()))
    }))
}

fn replace(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (text, search, replacement) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let inner = search.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let pattern = match inner {
        Some(inner) => compile(call, 1, inner)?,
        None => compile(call, 1, &regex::escape(search))?,
    };
    let mut result = String::new();
    let mut end = 0;
    for found in pattern.captures_iter(text) {
        let place = found.get_match();
        result.push_str(&text[end..place.start()]);
        let longest = replacement.len().saturating_mul(place.len() + 1);
        if result.len().saturating_add(longest) > limit::TEXT_BYTES_MAX {
            return Err(call.error(2, "makes the text too long"));
        }
        match inner {
            Some(_) => found.expand(replacement, &mut result),
            None => result.push_str(replacement),
        }
        end = place.end();
    }
    result.push_str(&text[end..]);
    Ok(result.into())
}
