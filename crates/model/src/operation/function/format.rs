//! The function `format`: a documented part of what C, Go and Terraform call by this name.

use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::encoding;
use crate::value::{Number, Value};

/// The widest field and the most decimals; a wider one is a slip, and would fill the memory.
const WIDTH_MAX: usize = 1_000;

/// A placeholder such as `%-08.2f`, without the percent sign.
struct Placeholder {
    left: bool,
    zeros: bool,
    width: usize,
    decimals: Option<usize>,
    verb: char,
}

pub(super) fn format(call: Arguments<'_>) -> Result<Value, OperationError> {
    let mut rest = call.text(0)?;
    let mut result = String::new();
    let mut next = 1;
    while let Some(percent) = rest.find('%') {
        result.push_str(&rest[..percent]);
        rest = &rest[percent + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            result.push('%');
            rest = after;
            continue;
        }
        let (placeholder, after) = placeholder(call, rest)?;
        if next >= call.all().len() {
            return Err(call.error(0, "has more placeholders than there are values"));
        }
        result.push_str(&placeholder.fill(call, next)?);
        next += 1;
        rest = after;
    }
    result.push_str(rest);
    if next < call.all().len() {
        return Err(call.error(next, "has no placeholder in the template"));
    }
    Ok(result.into())
}

fn placeholder<'a>(call: Arguments<'_>, text: &'a str) -> Result<(Placeholder, &'a str), OperationError> {
    let flags = text.len() - text.trim_start_matches(['-', '0']).len();
    let (flags, text) = text.split_at(flags);
    let (width, mut text) = digits(text);
    let mut decimals = None;
    if let Some(after) = text.strip_prefix('.') {
        let (digits, after) = digits(after);
        decimals = Some(size(call, digits)?);
        text = after;
    }
    let verb = text.chars().next().filter(|verb| "sdfxv".contains(*verb));
    let verb = verb.ok_or_else(|| call.error(0, "may hold %s, %d, %f, %x, %v and %% only"))?;
    if decimals.is_some() && verb != 'f' {
        return Err(call.error(0, "may ask for decimals with %f only"));
    }
    let placeholder = Placeholder {
        left: flags.contains('-'),
        zeros: flags.contains('0'),
        width: size(call, width)?,
        decimals,
        verb,
    };
    Ok((placeholder, &text[1..]))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len())
}

fn size(call: Arguments<'_>, digits: &str) -> Result<usize, OperationError> {
    if digits.is_empty() {
        return Ok(0);
    }
    let size = digits.parse().ok().filter(|size| *size <= WIDTH_MAX);
    size.ok_or_else(|| call.error(0, &format!("may hold widths of at most {WIDTH_MAX}")))
}

impl Placeholder {
    fn fill(&self, call: Arguments<'_>, at: usize) -> Result<String, OperationError> {
        let text = match self.verb {
            'd' => call.int(at)?.to_string(),
            'x' => hexadecimal(call.int(at)?),
            'f' => format!("{:.*}", self.decimals.unwrap_or(6), call.number(at)?.as_f64()),
            's' => plain(call, at)?,
            _ => any(call.value(at)),
        };
        Ok(self.pad(&text, matches!(call.value(at), Value::Number(_))))
    }

    fn pad(&self, text: &str, is_number: bool) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.left {
            return format!("{text}{}", " ".repeat(missing));
        }
        if !(self.zeros && is_number) {
            return format!("{}{text}", " ".repeat(missing));
        }
        let (sign, digits) = text.split_at(text.len() - text.trim_start_matches('-').len());
        format!("{sign}{}{digits}", "0".repeat(missing))
    }
}

fn hexadecimal(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{:x}", number.unsigned_abs())
}

fn plain(call: Arguments<'_>, at: usize) -> Result<String, OperationError> {
    match call.value(at) {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(any(call.value(at))),
        other => Err(call.mismatch(at, "a text, number, true or false for %s", other)),
    }
}

fn any(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(Number::Int(number)) => number.to_string(),
        other => encoding::to_json(other).to_string(),
    }
}
