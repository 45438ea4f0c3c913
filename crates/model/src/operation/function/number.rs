//! Functions on numbers.

use std::cmp::Ordering;

use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, reads_all};
use crate::operation::operator::{self, Operator};
use crate::value::{Number, Value};

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads_all(
        "abs(number)",
        "Returns the number without its sign",
        ["abs(-3)", "3"],
        |call| match call.number(0)? {
            Number::Int(number) => Ok(number
                .checked_abs()
                .map_or_else(|| float(call, 0, -(number as f64)), whole)?),
            Number::Float(number) => float(call, 0, number.abs()),
        },
    ),
    reads_all(
        "ceil(number)",
        "Returns the nearest whole number that is not below the number",
        ["ceil(1.2)", "2"],
        |call| round(call, f64::ceil),
    ),
    reads_all(
        "floor(number)",
        "Returns the nearest whole number that is not above the number",
        ["floor(1.8)", "1"],
        |call| round(call, f64::floor),
    ),
    reads_all(
        "log(number, base)",
        "Returns the logarithm of the number to the base",
        ["log(16, 2)", "4"],
        |call| {
            let (number, base) = (call.number(0)?.as_f64(), call.number(1)?.as_f64());
            let problem = |at| call.error(at, "must be above 0, and a base must not be 1");
            let at = usize::from(number > 0.0);
            Number::from_f64(number.log(base))
                .map(Value::Number)
                .ok_or_else(|| problem(at))
        },
    ),
    reads_all(
        "max(number…)",
        "Returns the highest number",
        ["max(1, 3, 2)", "3"],
        |call| extreme(call, Ordering::Greater),
    ),
    reads_all(
        "min(number…)",
        "Returns the lowest number",
        ["min(1, 3, 2)", "1"],
        |call| extreme(call, Ordering::Less),
    ),
    reads_all(
        "parseint(text, base)",
        "Returns the whole number that a text gives in a base from 2 to 36",
        [r#"parseint("ff", 16)"#, "255"],
        |call| {
            let base = u32::try_from(call.int(1)?)
                .ok()
                .filter(|base| (2..=36).contains(base));
            let base = base.ok_or_else(|| call.error(1, "must be from 2 to 36"))?;
            let number = i64::from_str_radix(call.text(0)?, base);
            let problem = "is not a whole number of at most 64 bits in this base";
            number.map(Value::from).map_err(|_| call.error(0, problem))
        },
    ),
    reads_all(
        "pow(number, exponent)",
        "Returns the number raised to the exponent",
        ["pow(2, 10)", "1024"],
        pow,
    ),
    reads_all(
        "signum(number)",
        "Returns -1, 0 or 1: the sign of the number",
        ["signum(-3)", "-1"],
        |call| Ok(Value::from(call.number(0)?.cmp(&Number::Int(0)) as i64)),
    ),
    reads_all(
        "sum(list)",
        "Returns the sum of a list of numbers; of an empty list this is 0",
        ["sum([1, 2, 3])", "6"],
        sum,
    ),
];

fn whole(number: i64) -> Result<Value, OperationError> {
    Ok(Value::from(number))
}

fn float(call: Arguments<'_>, at: usize, number: f64) -> Result<Value, OperationError> {
    let number = Number::from_f64(number).map(Value::Number);
    number.ok_or_else(|| call.error(at, "gives a result too large for a number"))
}

fn round(call: Arguments<'_>, to: fn(f64) -> f64) -> Result<Value, OperationError> {
    match call.number(0)? {
        Number::Int(number) => whole(number),
        Number::Float(number) => float(call, 0, to(number)),
    }
}

fn extreme(call: Arguments<'_>, wanted: Ordering) -> Result<Value, OperationError> {
    let mut result: Option<Number> = None;
    for at in 0..call.all().len() {
        let number = call.number(at)?;
        if result.is_none_or(|best| number.cmp(&best) == wanted) {
            result = Some(number);
        }
    }
    let none = || OperationError::whole("Expected at least one number; a list is expanded by `…` after it");
    result.map(Value::Number).ok_or_else(none)
}

fn pow(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (number, exponent) = (call.number(0)?, call.number(1)?);
    if let (Number::Int(number), Number::Int(exponent)) = (number, exponent)
        && let Some(exact) = u32::try_from(exponent)
            .ok()
            .and_then(|exponent| number.checked_pow(exponent))
    {
        return whole(exact);
    }
    float(call, 1, number.as_f64().powf(exponent.as_f64()))
}

fn sum(call: Arguments<'_>) -> Result<Value, OperationError> {
    let mut total = Number::Int(0);
    for (place, value) in call.list(0)?.iter().enumerate() {
        let Value::Number(number) = value else {
            return Err(call.element_mismatch(0, place, "a number", value));
        };
        let larger = operator::calculate(Operator::Add, total, *number);
        total = larger.ok_or_else(|| call.error(0, "gives a result too large for a number"))?;
    }
    Ok(Value::Number(total))
}
