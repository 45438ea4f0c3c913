//! Functions on text. Positions and lengths count characters, not bytes.

use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, format, reads_all};
use crate::operation::limit;
use crate::value::Value;

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "endswith(text, suffix)",
        "Tells whether the text ends with the suffix",
        [r#"endswith("app.example", ".example")"#, "true"],
        |call| Ok(call.text(0)?.ends_with(call.text(1)?).into()),
    ),
    reads_all(
        "format(template, value…)",
        "Returns the template with `%s` (text), `%d` (whole number), `%f` (decimals), `%x` (hexadecimal) and `%v` \
         (any value) replaced by the values in turn; a width, `0` to fill it with zeros, `-` to fill it on the \
         right and decimals are possible, as in `%03d`, `%-8s` and `%.2f`; `%%` is a percent sign",
        [r#"format("%s-%03d", "db", 7)"#, r#""db-007""#],
        format::format,
    ),
    reads_all(
        "indent(spaces, text)",
        "Returns the text with every line but the first moved to the right",
        [r#"indent(2, "a\nb")"#, r#""a\n  b""#],
        indent,
    ),
    reads_all(
        "join(separator, list)",
        "Returns the texts of a list, with the separator between them",
        [r#"join(", ", ["a", "b"])"#, r#""a, b""#],
        join,
    ),
    reads_all(
        "lower(text)",
        "Returns the text in lower case",
        [r#"lower("ABC")"#, r#""abc""#],
        |call| Ok(call.text(0)?.to_lowercase().into()),
    ),
    reads_all(
        "split(separator, text)",
        "Returns the parts of a text between the separators",
        [r#"split(",", "a,b")"#, r#"["a", "b"]"#],
        split,
    ),
    reads_all(
        "startswith(text, prefix)",
        "Tells whether the text starts with the prefix",
        [r#"startswith("db-main", "db-")"#, "true"],
        |call| Ok(call.text(0)?.starts_with(call.text(1)?).into()),
    ),
    reads_all(
        "strcontains(text, part)",
        "Tells whether the part occurs in the text",
        [r#"strcontains("production", "duct")"#, "true"],
        |call| Ok(call.text(0)?.contains(call.text(1)?).into()),
    ),
    reads_all(
        "substr(text, offset, length)",
        "Returns `length` characters from `offset`; a negative offset counts from the end, a length of -1 takes \
         the rest",
        [r#"substr("production", 0, 4)"#, r#""prod""#],
        substr,
    ),
    reads_all(
        "title(text)",
        "Returns the text with the first letter of each word in upper case",
        [r#"title("event api")"#, r#""Event Api""#],
        |call| Ok(title(call.text(0)?).into()),
    ),
    reads_all(
        "trim(text, characters)",
        "Returns the text without any of the characters at its start and end",
        [r#"trim("--a--", "-")"#, r#""a""#],
        trim,
    ),
    reads_all(
        "trimprefix(text, prefix)",
        "Returns the text without the prefix, if it starts with it",
        [r#"trimprefix("db-main", "db-")"#, r#""main""#],
        |call| {
            let text = call.text(0)?;
            Ok(text.strip_prefix(call.text(1)?).unwrap_or(text).into())
        },
    ),
    reads_all(
        "trimspace(text)",
        "Returns the text without white space at its start and end",
        [r#"trimspace("  a\n")"#, r#""a""#],
        |call| Ok(call.text(0)?.trim().into()),
    ),
    reads_all(
        "trimsuffix(text, suffix)",
        "Returns the text without the suffix, if it ends with it",
        [r#"trimsuffix("main.hcl", ".hcl")"#, r#""main""#],
        |call| {
            let text = call.text(0)?;
            Ok(text.strip_suffix(call.text(1)?).unwrap_or(text).into())
        },
    ),
    reads_all(
        "upper(text)",
        "Returns the text in upper case",
        [r#"upper("abc")"#, r#""ABC""#],
        |call| Ok(call.text(0)?.to_uppercase().into()),
    ),
];

fn indent(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (spaces, text) = (call.count(0)?, call.text(1)?);
    let lines = text.matches('\n').count();
    if spaces.saturating_mul(lines) > limit::TEXT_BYTES_MAX || spaces > limit::TEXT_BYTES_MAX {
        return Err(call.error(0, "makes the text too long"));
    }
    Ok(text.replace('\n', &format!("\n{}", " ".repeat(spaces))).into())
}

fn join(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (separator, texts) = (call.text(0)?, call.texts(1)?);
    if separator.len().saturating_mul(texts.len()) > limit::TEXT_BYTES_MAX {
        return Err(call.error(0, "makes the text too long"));
    }
    Ok(texts.join(separator).into())
}

fn split(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (separator, text) = (call.text(0)?, call.text(1)?);
    if text.matches(separator).count() > limit::ELEMENTS_MAX {
        return Err(call.error(1, "has too many parts"));
    }
    if separator.is_empty() {
        return Ok(Value::list(
            text.chars().map(|character| character.to_string().into()),
        ));
    }
    Ok(Value::list(text.split(separator).map(Value::from)))
}

fn substr(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (text, offset, length) = (call.text(0)?, call.int(1)?, call.int(2)?);
    if length < -1 {
        return Err(call.error(2, "must be -1 or more"));
    }
    let from_end = || {
        text.chars()
            .count()
            .saturating_sub(offset.unsigned_abs() as usize)
    };
    let start = usize::try_from(offset).unwrap_or_else(|_| from_end());
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    Ok(text.chars().skip(start).take(length).collect::<String>().into())
}

fn title(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if inside {
            result.push(character);
        } else {
            result.extend(character.to_uppercase());
        }
        inside = character.is_alphanumeric() || character == '\'';
    }
    result
}

fn trim(call: Arguments<'_>) -> Result<Value, OperationError> {
    let characters: Vec<char> = call.text(1)?.chars().collect();
    Ok(call.text(0)?.trim_matches(characters.as_slice()).into())
}
