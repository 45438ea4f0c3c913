//! Functions that turn one type into another, assert a type, or add a mark. Null stays null.

use crate::operation::Depth::Outline;
use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, reads, reads_all};
use crate::value::{Number, Value};

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "sensitive(value)",
        "Returns the value with every text and number in it marked as secret",
        [r#"sensitive("a")"#, r#""a""#],
        |call| Ok(call.value(0).clone()),
    ),
    reads_all(
        "tobool(value)",
        "Returns true or false from the texts `true` and `false`",
        [r#"tobool("true")"#, "true"],
        tobool,
    ),
    reads(
        &[Outline],
        "tolist(list)",
        "Returns the list, or an error if the value is none",
        [r#"tolist(["a"])"#, r#"["a"]"#],
        |call| Ok(Value::List(call.list(0)?.to_vec())),
    ),
    reads(
        &[Outline],
        "tomap(map)",
        "Returns the map, or an error if the value is none",
        ["tomap({ a = 1 })", "{ a = 1 }"],
        |call| Ok(Value::Map(call.map(0)?.clone())),
    ),
    reads_all(
        "tonumber(value)",
        "Returns the number that a text writes in decimal",
        [r#"tonumber("1.5")"#, "1.5"],
        tonumber,
    ),
    reads_all(
        "tostring(value)",
        "Returns a number, true or false as text",
        ["tostring(16)", r#""16""#],
        tostring,
    ),
];

fn tobool(call: Arguments<'_>) -> Result<Value, OperationError> {
    match call.value(0) {
        value @ (Value::Bool(_) | Value::Null) => Ok(value.clone()),
        Value::String(text) => match text.as_str() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => Err(call.error(0, "must be `true` or `false`, found another text")),
        },
        other => Err(call.mismatch(0, "true, false or a text", other)),
    }
}

fn tonumber(call: Arguments<'_>) -> Result<Value, OperationError> {
    match call.value(0) {
        value @ (Value::Number(_) | Value::Null) => Ok(value.clone()),
        Value::String(text) => decimal(text)
            .map(Value::Number)
            .ok_or_else(|| call.error(0, "is a text that is not a decimal number")),
        other => Err(call.mismatch(0, "a number or a text", other)),
    }
}

/// Returns the number in a text such as `-1.5e3`.
fn decimal(text: &str) -> Option<Number> {
    let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    if !text.chars().all(plain) || !text.contains(|c: char| c.is_ascii_digit()) {
        return None; // `f64::from_str` would take `inf`, `nan` and others
    }
    let whole = text.parse().ok().map(Number::Int);
    whole.or_else(|| text.parse().ok().and_then(Number::from_f64))
}

fn tostring(call: Arguments<'_>) -> Result<Value, OperationError> {
    match call.value(0) {
        value @ (Value::String(_) | Value::Null) => Ok(value.clone()),
        Value::Number(number) => Ok(number.to_string().into()),
        Value::Bool(value) => Ok(value.to_string().into()),
        other => Err(call.mismatch(0, "a text, number, true or false", other)),
    }
}
