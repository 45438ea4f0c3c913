//! Operators: arithmetic, comparison, logic, index, conditional and template.

use crate::operation::{Depth, OperationError};
use crate::value::{Number, Value};

/// An operator of the stack language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operator {
    /// Joins the text forms of all arguments: `"a${b}"`.
    Template,
    /// Element of a list or map: `a[b]`, `a.b`.
    Index,
    /// `condition ? then : else`.
    Conditional,
    /// `!a`.
    Not,
    /// `-a`.
    Negate,
    /// `a + b`.
    Add,
    /// `a - b`.
    Subtract,
    /// `a * b`.
    Multiply,
    /// `a / b`.
    Divide,
    /// `a % b`.
    Remainder,
    /// `a == b`.
    Equal,
    /// `a != b`.
    NotEqual,
    /// `a < b`.
    Less,
    /// `a <= b`.
    LessOrEqual,
    /// `a > b`.
    Greater,
    /// `a >= b`.
    GreaterOrEqual,
    /// `a && b`.
    And,
    /// `a || b`.
    Or,
}

impl Operator {
    /// All operators.
    pub const ALL: &[Operator] = &[
        Operator::Template,
        Operator::Index,
        Operator::Conditional,
        Operator::Not,
        Operator::Negate,
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Remainder,
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::And,
        Operator::Or,
    ];

    /// Returns the name used in plan files; operators start with `$`, which no function does.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Operator::Template => "$template",
            Operator::Index => "$index",
            Operator::Conditional => "$conditional",
            Operator::Not => "$not",
            Operator::Negate => "$negate",
            Operator::Add => "$add",
            Operator::Subtract => "$subtract",
            Operator::Multiply => "$multiply",
            Operator::Divide => "$divide",
            Operator::Remainder => "$remainder",
            Operator::Equal => "$equal",
            Operator::NotEqual => "$not_equal",
            Operator::Less => "$less",
            Operator::LessOrEqual => "$less_or_equal",
            Operator::Greater => "$greater",
            Operator::GreaterOrEqual => "$greater_or_equal",
            Operator::And => "$and",
            Operator::Or => "$or",
        }
    }

    /// Returns how much of an argument, counted from zero, it reads.
    pub(super) fn depth(self, argument: usize) -> Depth {
        match (self, argument) {
            (Operator::Index, 0) => Depth::Outline,
            (Operator::Conditional, 1 | 2) => Depth::Nothing,
            _ => Depth::Content,
        }
    }

    pub(super) fn evaluate(self, arguments: &[Value]) -> Result<Value, OperationError> {
        match (self, arguments) {
            (Operator::Template, parts) => template(parts),
            (Operator::Index, [collection, key]) => index(collection, key),
            (Operator::Conditional, [condition, then, otherwise]) => Ok(if truth(condition, 0)? {
                then.clone()
            } else {
                otherwise.clone()
            }),
            (Operator::Not, [value]) => Ok(Value::Bool(!truth(value, 0)?)),
            (Operator::Negate, [value]) => arithmetic(Operator::Subtract, &Value::from(0_i64), value),
            (Operator::Equal, [left, right]) => Ok(Value::Bool(left == right)),
            (Operator::NotEqual, [left, right]) => Ok(Value::Bool(left != right)),
            (Operator::And, [left, right]) => Ok(Value::Bool(truth(left, 0)? && truth(right, 1)?)),
            (Operator::Or, [left, right]) => Ok(Value::Bool(truth(left, 0)? || truth(right, 1)?)),
            (
                Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual,
                [left, right],
            ) => compare(self, left, right),
            (_, [left, right]) => arithmetic(self, left, right),
            _ => Err(OperationError::whole(format!(
                "Wrong number of arguments for `{}`",
                self.name()
            ))),
        }
    }
}

fn template(parts: &[Value]) -> Result<Value, OperationError> {
    let mut text = String::new();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Value::String(part) => text.push_str(part),
            Value::Number(number) => text.push_str(&number.to_string()),
            Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            other => {
                let message = format!("A {} cannot stand in a text", other.type_name());
                return Err(OperationError::argument(at, message));
            }
        }
    }
    Ok(Value::String(text))
}

fn index(collection: &Value, key: &Value) -> Result<Value, OperationError> {
    match (collection, key) {
        (Value::List(values), Value::Number(number)) => number
            .as_int()
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| values.get(at).cloned())
            .ok_or_else(|| {
                let count = match values.len() {
                    1 => "one element".to_owned(),
                    count => format!("{count} elements"),
                };
                OperationError::argument(1, format!("The list has {count}"))
            }),
        (Value::Map(entries), Value::String(key)) => entries.get(key).cloned().ok_or_else(|| {
            let known: Vec<&str> = entries.keys().map(String::as_str).collect();
            OperationError::argument(1, format!("No such key; there are: {}", known.join(", ")))
        }),
        (Value::List(_), _) => Err(OperationError::argument(1, "A list is indexed by a whole number")),
        (Value::Map(_), _) => Err(OperationError::argument(1, "A map is indexed by a text")),
        (other, _) => Err(OperationError::argument(
            0,
            format!("A {} has no elements", other.type_name()),
        )),
    }
}

fn truth(value: &Value, argument: usize) -> Result<bool, OperationError> {
    value.as_bool().ok_or_else(|| {
        OperationError::argument(
            argument,
            format!("Expected true or false, found {}", value.type_name()),
        )
    })
}

fn number(value: &Value, argument: usize) -> Result<Number, OperationError> {
    match value {
        Value::Number(number) => Ok(*number),
        other => {
            let message = format!("Expected a number, found {}", other.type_name());
            Err(OperationError::argument(argument, message))
        }
    }
}

fn compare(operator: Operator, left: &Value, right: &Value) -> Result<Value, OperationError> {
    let order = number(left, 0)?.cmp(&number(right, 1)?);
    Ok(Value::Bool(match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }))
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Result<Value, OperationError> {
    let result = calculate(operator, number(left, 0)?, number(right, 1)?);
    let error = || OperationError::argument(1, "Division by zero, or a result too large for a number");
    result.map(Value::Number).ok_or_else(error)
}

/// Returns the result of an arithmetic operator, or nothing if it is no finite number.
pub(super) fn calculate(operator: Operator, left: Number, right: Number) -> Option<Number> {
    if let (Number::Int(left), Number::Int(right)) = (left, right)
        && let Some(exact) = exact(operator, left, right)
    {
        return Some(Number::Int(exact));
    }
    let (left, right) = (left.as_f64(), right.as_f64());
    Number::from_f64(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        _ => left % right,
    })
}

/// Returns the result where whole numbers give a whole number without loss.
fn exact(operator: Operator, left: i64, right: i64) -> Option<i64> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => (left.checked_rem(right)? == 0).then(|| left / right),
        _ => left.checked_rem(right),
    }
}
