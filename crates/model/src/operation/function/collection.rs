//! Functions on maps, on both maps and lists, and choices between values.

use crate::operation::Depth::{Content, Keys, Nothing, Outline};
use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, reads, reads_all};
use crate::value::{Attributes, Value};

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "alltrue(list)",
        "Tells whether every element is true; of an empty list this is true",
        ["alltrue([true, false])", "false"],
        |call| Ok(truths(call)?.iter().all(|truth| *truth).into()),
    ),
    reads_all(
        "anytrue(list)",
        "Tells whether some element is true; of an empty list this is false",
        ["anytrue([true, false])", "true"],
        |call| Ok(truths(call)?.iter().any(|truth| *truth).into()),
    ),
    reads_all(
        "coalesce(value…)",
        "Returns the first value that is neither null nor an empty text; it is an error if there is none",
        [r#"coalesce(null, "", "a")"#, r#""a""#],
        |call| {
            let empty = |value: &Value| value.is_null() || value.as_str() == Some("");
            let first = call.all().iter().find(|value| !empty(value));
            let none = || OperationError::whole("Every value is null or an empty text");
            first.cloned().ok_or_else(none)
        },
    ),
    reads_all(
        "contains(list, value)",
        "Tells whether some element equals the value",
        [r#"contains(["a", "b"], "b")"#, "true"],
        |call| Ok(call.list(0)?.contains(call.value(1)).into()),
    ),
    reads(
        &[Outline],
        "keys(map)",
        "Returns the keys of a map, sorted",
        ["keys({ b = 1, a = 2 })", r#"["a", "b"]"#],
        |call| Ok(Value::list(call.map(0)?.keys().map(|key| key.as_str().into()))),
    ),
    reads(
        &[Outline],
        "length(collection)",
        "Returns the number of elements of a list or map, or of characters of a text",
        [r#"length(["a", "b"])"#, "2"],
        length,
    ),
    reads(
        &[Outline, Content, Nothing],
        "lookup(map, key, default?)",
        "Returns the value under the key, or the default if the map has no such key",
        [r#"lookup({ a = 1 }, "b", 0)"#, "0"],
        lookup,
    ),
    reads(
        &[Outline],
        "merge(map…)",
        "Returns one map with the entries of all; of equal keys the last one counts, and nulls are left out",
        ["merge({ a = 1, b = 1 }, { b = 2 })", "{ a = 1, b = 2 }"],
        merge,
    ),
    reads(
        &[Outline],
        "values(map)",
        "Returns the values of a map in the order of its keys",
        ["values({ b = 1, a = 2 })", "[2, 1]"],
        |call| Ok(Value::list(call.map(0)?.values().cloned())),
    ),
    reads(
        &[Keys, Outline],
        "zipmap(keys, values)",
        "Returns the map that has the first list's texts as keys and the second list's elements as values",
        [r#"zipmap(["a", "b"], [1, 2])"#, "{ a = 1, b = 2 }"],
        zipmap,
    ),
];

fn truths(call: Arguments<'_>) -> Result<Vec<bool>, OperationError> {
    let elements = call.list(0)?.iter().enumerate();
    let truth = |(place, value): (usize, &Value)| {
        let mismatch = || call.element_mismatch(0, place, "true or false", value);
        value.as_bool().ok_or_else(mismatch)
    };
    elements.map(truth).collect()
}

fn length(call: Arguments<'_>) -> Result<Value, OperationError> {
    let count = match call.value(0) {
        Value::List(values) => values.len(),
        Value::Map(entries) => entries.len(),
        Value::String(text) => text.chars().count(),
        other => return Err(call.mismatch(0, "a list, map or text", other)),
    };
    Ok(Value::from(count as i64))
}

fn lookup(call: Arguments<'_>) -> Result<Value, OperationError> {
    if let Some(value) = call.map(0)?.get(call.text(1)?) {
        return Ok(value.clone());
    }
    let default = call.all().get(2).cloned();
    default.ok_or_else(|| call.error(1, "is not in the map, and there is no default"))
}

fn merge(call: Arguments<'_>) -> Result<Value, OperationError> {
    let mut entries = Attributes::new();
    for (at, value) in call.all().iter().enumerate() {
        if !value.is_null() {
            entries.extend(call.map(at)?.clone());
        }
    }
    Ok(Value::Map(entries))
}

fn zipmap(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (keys, values) = (call.texts(0)?, call.list(1)?);
    if keys.len() != values.len() {
        let problem = format!(
            "must have as many elements as `keys`: {}, found {}",
            keys.len(),
            values.len()
        );
        return Err(call.error(1, &problem));
    }
    Ok(Value::map(keys.into_iter().zip(values.iter().cloned())))
}
