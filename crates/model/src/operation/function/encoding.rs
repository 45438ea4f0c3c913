//! Functions that encode, decode and hash. Of a secret, all of them return a secret.

use data_encoding::{BASE64, HEXLOWER};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::operation::function::{FunctionEntry, reads_all};
use crate::value::{Number, Value};

/// The characters that RFC 3986 reserves for no use, so that they never need encoding.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "base64decode(text)",
        "Returns the text that is encoded in standard Base64 with padding; it must be UTF-8",
        [r#"base64decode("aGk=")"#, r#""hi""#],
        |call| {
            let problem = || call.error(0, "must be Base64 of a UTF-8 text");
            let bytes = BASE64.decode(call.text(0)?.as_bytes()).map_err(|_| problem())?;
            String::from_utf8(bytes).map(Value::from).map_err(|_| problem())
        },
    ),
    reads_all(
        "base64encode(text)",
        "Returns the text's bytes in standard Base64 with padding",
        [r#"base64encode("hi")"#, r#""aGk=""#],
        |call| Ok(BASE64.encode(call.text(0)?.as_bytes()).into()),
    ),
    reads_all(
        "jsondecode(text)",
        "Returns the value of a JSON text; of a secret text every text and number in it is secret, but the names \
         of its fields are not",
        [r#"jsondecode("[1, true]")"#, "[1, true]"],
        |call| match serde_json::from_str(call.text(0)?) {
            Ok(json) => from_json(json).ok_or_else(|| call.error(0, "holds a number that is too large")),
            Err(error) => {
                let place = format!("line {}, column {}", error.line(), error.column());
                Err(call.error(0, &format!("is not JSON at {place}, or is nested too deeply")))
            }
        },
    ),
    reads_all(
        "jsonencode(value)",
        "Returns the value as JSON on one line, with the keys of maps sorted",
        ["jsonencode([1, true])", r#""[1,true]""#],
        |call| Ok(to_json(call.value(0)).to_string().into()),
    ),
    reads_all(
        "sha256(text)",
        "Returns the SHA-256 hash of the text's bytes in lower-case hexadecimal",
        [
            r#"sha256("a")"#,
            r#""ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb""#,
        ],
        |call| Ok(HEXLOWER.encode(&Sha256::digest(call.text(0)?.as_bytes())).into()),
    ),
    reads_all(
        "urlencode(text)",
        "Returns the text with everything but letters, digits and `-._~` percent-encoded, a space as `%20`, so \
         that it fits every part of a URL",
        [r#"urlencode("p@ss word")"#, r#""p%40ss%20word""#],
        |call| {
            Ok(percent_encode(call.text(0)?.as_bytes(), ENCODED)
                .to_string()
                .into())
        },
    ),
];

/// Returns the JSON of a known value.
///
/// It is not the serde form of values, which marks seals and unknown parts with keys that a text must not forge.
pub(super) fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(Number::Int(number)) => Json::from(*number),
        Value::Number(Number::Float(number)) => Json::from(*number),
        Value::String(text) => Json::from(text.as_str()),
        Value::List(values) => Json::Array(values.iter().map(to_json).collect()),
        Value::Map(entries) => {
            let entry = |(key, value): (&String, &Value)| (key.clone(), to_json(value));
            Json::Object(entries.iter().map(entry).collect())
        }
        // The last three are exposed or waited for before a function sees them.
        Value::Null | Value::Secret(_) | Value::Sealed(_) | Value::Deferred(_) => Json::Null,
    }
}

fn from_json(json: Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => Value::Number(match number.as_i64() {
            Some(number) => Number::Int(number),
            None => Number::from_f64(number.as_f64()?)?,
        }),
        Json::String(text) => Value::String(text),
        Json::Array(values) => Value::List(values.into_iter().map(from_json).collect::<Option<_>>()?),
        Json::Object(entries) => {
            let entry = |(key, value)| Some((key, from_json(value)?));
            Value::Map(entries.into_iter().map(entry).collect::<Option<_>>()?)
        }
    })
}
