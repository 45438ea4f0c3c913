//! Functions on lists. Those that only move elements keep each element's marks.

use crate::operation::Depth::{Content, Lists, Outline};
use crate::operation::OperationError;
use crate::operation::function::arguments::Arguments;
use crate::operation::function::{FunctionEntry, reads, reads_all};
use crate::operation::limit;
use crate::operation::operator::{self, Operator};
use crate::value::{Number, Value};

pub(super) const FUNCTIONS: &[FunctionEntry] = &[
    reads(
        &[Outline, Content],
        "chunklist(list, size)",
        "Returns the list cut into lists of `size` elements; the last one may be shorter",
        [r#"chunklist(["a", "b", "c"], 2)"#, r#"[["a", "b"], ["c"]]"#],
        chunklist,
    ),
    reads_all(
        "compact(list)",
        "Returns the list without nulls and empty texts",
        [r#"compact(["a", "", null])"#, r#"["a"]"#],
        |call| {
            let empty = |value: &Value| value.is_null() || value.as_str() == Some("");
            Ok(Value::list(
                call.list(0)?.iter().filter(|value| !empty(value)).cloned(),
            ))
        },
    ),
    reads(
        &[Outline],
        "concat(list…)",
        "Returns the elements of all lists in one list",
        [r#"concat(["a"], ["b", "c"])"#, r#"["a", "b", "c"]"#],
        concat,
    ),
    reads(
        &[Outline, Content],
        "element(list, index)",
        "Returns an element; an index beyond the end starts again at the first, a negative one counts from the end",
        [r#"element(["a", "b"], 3)"#, r#""b""#],
        element,
    ),
    reads(
        &[Lists],
        "flatten(list)",
        "Returns the list with every list inside replaced by its elements, as deep as they go",
        [r#"flatten(["a", ["b", ["c"]]])"#, r#"["a", "b", "c"]"#],
        |call| {
            let mut elements = Vec::new();
            flatten(call.list(0)?, &mut elements);
            Ok(Value::List(elements))
        },
    ),
    reads_all(
        "index(list, value)",
        "Returns the index of the first element that equals the value; it is an error if there is none",
        [r#"index(["a", "b"], "b")"#, "1"],
        |call| {
            let at = call.list(0)?.iter().position(|value| value == call.value(1));
            let at = at.ok_or_else(|| call.error(1, "is not in the list"))?;
            Ok(Value::from(at as i64))
        },
    ),
    reads(
        &[Outline],
        "one(list)",
        "Returns the only element of a list, or null if the list is empty",
        [r#"one(["a"])"#, r#""a""#],
        |call| match call.list(0)? {
            [] => Ok(Value::Null),
            [value] => Ok(value.clone()),
            many => Err(call.error(0, &format!("must have at most one element, found {}", many.len()))),
        },
    ),
    reads_all(
        "range(start?, limit, step?)",
        "Returns the numbers from `start` (0) up to but not including `limit`, by `step` (1, or -1 where the limit \
         is below the start); at most 1,000,000",
        ["range(1, 4)", "[1, 2, 3]"],
        range,
    ),
    reads(
        &[Outline],
        "reverse(list)",
        "Returns the elements in the opposite order",
        [r#"reverse(["a", "b"])"#, r#"["b", "a"]"#],
        |call| Ok(Value::list(call.list(0)?.iter().rev().cloned())),
    ),
    reads(
        &[Outline, Content],
        "slice(list, start, end)",
        "Returns the elements from index `start` up to but not including `end`",
        [r#"slice(["a", "b", "c"], 1, 3)"#, r#"["b", "c"]"#],
        slice,
    ),
    reads_all(
        "sort(list)",
        "Returns a list of texts in the order of their characters, or a list of numbers from the lowest",
        [r#"sort(["b", "a"])"#, r#"["a", "b"]"#],
        sort,
    ),
];

fn chunklist(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (list, size) = (call.list(0)?, call.count(1)?);
    if size == 0 {
        return Err(call.error(1, "must be at least 1"));
    }
    Ok(Value::list(
        list.chunks(size).map(|chunk| Value::List(chunk.to_vec())),
    ))
}

fn concat(call: Arguments<'_>) -> Result<Value, OperationError> {
    let mut elements = Vec::new();
    for at in 0..call.all().len() {
        elements.extend_from_slice(call.list(at)?);
    }
    Ok(Value::List(elements))
}

fn element(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (list, index) = (call.list(0)?, call.int(1)?);
    if list.is_empty() {
        return Err(call.error(0, "must not be empty"));
    }
    let at = index.rem_euclid(list.len() as i64) as usize;
    Ok(list[at].clone())
}

fn flatten(list: &[Value], elements: &mut Vec<Value>) {
    for value in list {
        match value {
            Value::List(inner) => flatten(inner, elements),
            other => elements.push(other.clone()),
        }
    }
}

fn range(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (start, limit) = match call.all().len() {
        1 => (Number::Int(0), range_number(call, 0)?),
        _ => (range_number(call, 0)?, range_number(call, 1)?),
    };
    let down = limit < start;
    let step = match call.all().len() {
        3 => range_number(call, 2)?,
        _ => Number::Int(if down { -1 } else { 1 }),
    };
    if start == limit {
        return Ok(Value::List(Vec::new()));
    }
    if step.as_f64() == 0.0 || down != (step.as_f64() < 0.0) {
        return Err(call.error(2, "must lead from the start to the limit"));
    }
    range_numbers(start, limit, step).map(Value::List).ok_or_else(|| {
        let most = limit::ELEMENTS_MAX;
        OperationError::whole(format!("The range is too long; the most is {most} numbers"))
    })
}

fn range_numbers(start: Number, limit: Number, step: Number) -> Option<Vec<Value>> {
    let span = operator::calculate(Operator::Subtract, limit, start)?;
    let count = operator::calculate(Operator::Divide, span, step)?.as_f64().ceil();
    if count > limit::ELEMENTS_MAX as f64 {
        return None;
    }
    let number = |at| {
        let offset = operator::calculate(Operator::Multiply, step, Number::Int(at))?;
        operator::calculate(Operator::Add, start, offset).map(Value::Number)
    };
    (0..count as i64).map(number).collect()
}

/// Returns an argument of `range`, whose first parameter is the limit if there is only one.
fn range_number(call: Arguments<'_>, at: usize) -> Result<Number, OperationError> {
    match call.value(at) {
        Value::Number(number) => Ok(*number),
        other if call.all().len() == 1 => {
            let found = other.type_name();
            Err(OperationError::argument(
                at,
                format!("`limit` must be a number, found {found}"),
            ))
        }
        other => Err(call.mismatch(at, "a number", other)),
    }
}

fn slice(call: Arguments<'_>) -> Result<Value, OperationError> {
    let (list, start, end) = (call.list(0)?, call.count(1)?, call.count(2)?);
    if end > list.len() {
        return Err(call.error(2, &format!("is beyond the {} elements of the list", list.len())));
    }
    if start > end {
        return Err(call.error(1, "must not be after `end`"));
    }
    Ok(Value::List(list[start..end].to_vec()))
}

fn sort(call: Arguments<'_>) -> Result<Value, OperationError> {
    let mut elements = call.list(0)?.to_vec();
    let is_number = matches!(elements.first(), Some(Value::Number(_)));
    let expected = if is_number {
        "numbers only: a number"
    } else {
        "texts only: a text"
    };
    for (place, value) in elements.iter().enumerate() {
        let fits = if is_number {
            matches!(value, Value::Number(_))
        } else {
            value.as_str().is_some()
        };
        if !fits {
            return Err(call.element_mismatch(0, place, expected, value));
        }
    }
    elements.sort();
    Ok(Value::List(elements))
}
