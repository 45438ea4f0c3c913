//! Expressions that wait, as the stack language writes them: what documents show of a value that is known only after apply.

use infra_model::expression::Expression;
use infra_model::operation::{Operation, Operator};
use infra_model::value::Value;

use super::value::{entry, inline, key};

/// Returns a value on one line, with expressions where it is not known yet. Secrets in it are hidden.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Deferred(expression) => match &**expression {
            Expression::Reference(reference) => reference.to_string(),
            Expression::Apply { operation, arguments } => applied(*operation, arguments),
        },
        Value::List(values) => format!("[{}]", list(values)),
        Value::Map(entries) if !value.is_known() => {
            let entries = entries.iter().map(|(name, value)| match value.is_known() {
                true => entry(name, value),
                false => format!("{} = {}", key(name), written(value)),
            });
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        known => inline(known),
    }
}

fn list(values: &[Value]) -> String {
    values.iter().map(written).collect::<Vec<_>>().join(", ")
}

fn applied(operation: Operation, arguments: &[Value]) -> String {
    let operator = match operation {
        Operation::Operator(operator) => operator,
        Operation::Call(function) => return format!("{}({})", function.name(), list(arguments)),
    };
    match (operator, arguments) {
        (Operator::Template, parts) => format!("\"{}\"", parts.iter().map(part).collect::<String>()),
        (Operator::Index, [of, Value::String(name)]) if key(name) == *name => {
            format!("{}.{name}", operand(of))
        }
        (Operator::Index, [of, index]) => format!("{}[{}]", operand(of), written(index)),
        (Operator::Conditional, [condition, then, otherwise]) => {
            let [condition, then, otherwise] = [condition, then, otherwise].map(operand);
            format!("{condition} ? {then} : {otherwise}")
        }
        (_, [only]) => format!("{}{}", sign(operator), operand(only)),
        (_, [left, right]) => format!("{} {} {}", operand(left), sign(operator), operand(right)),
        // No operator takes so many.
        (_, several) => format!("{}({})", operator.name(), list(several)),
    }
}

/// Returns a part of a text in quotes.
fn part(value: &Value) -> String {
    match value {
        Value::String(text) => {
            let quoted = inline(value);
            let inner = quoted.get(1..quoted.len() - 1).unwrap_or(text);
            inner.replace("${", "$${").replace("%{", "%%{")
        }
        other => format!("${{{}}}", written(other)),
    }
}

/// Returns a value as an operand: in brackets, if it is an operation itself.
fn operand(value: &Value) -> String {
    let text = written(value);
    let is_operation = |expression: &Expression| match expression {
        Expression::Apply { operation, .. } => !matches!(
            operation,
            Operation::Call(_) | Operation::Operator(Operator::Template | Operator::Index)
        ),
        Expression::Reference(_) => false,
    };
    match value {
        Value::Deferred(expression) if is_operation(expression) => format!("({text})"),
        _ => text,
    }
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Not => "!",
        Operator::Negate | Operator::Subtract => "-",
        Operator::Add => "+",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Remainder => "%",
        Operator::Equal => "==",
        Operator::NotEqual => "!=",
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        Operator::GreaterOrEqual => ">=",
        Operator::And => "&&",
        Operator::Or => "||",
        Operator::Template | Operator::Index | Operator::Conditional => operator.name(),
    }
}

#[cfg(test)]
mod tests {
    use infra_model::expression::Reference;
    use infra_model::sealing::Secret;

    use super::*;

    fn url() -> Value {
        Value::deferred(Expression::Reference(Reference::Export {
            component: "postgres.main".parse().unwrap(),
            path: vec!["url".to_owned()],
            secret: true,
        }))
    }

    fn apply(operator: Operator, arguments: impl IntoIterator<Item = Value>) -> Value {
        Value::deferred(Expression::Apply {
            operation: Operation::Operator(operator),
            arguments: arguments.into_iter().collect(),
        })
    }

    #[test]
    fn expressions_read_as_they_were_written() {
        let secret = Value::Secret(Secret::new("hunter2"));
        let text = apply(
            Operator::Template,
            [Value::from("a\"$"), Value::from("{"), secret, url()],
        );
        let is_long = apply(
            Operator::Greater,
            [apply(Operator::Add, [url(), Value::from(1_i64)]), url()],
        );
        for (value, shown) in [
            (url(), "postgres.main.url"),
            (text, r#""a\"${${(secret)}${postgres.main.url}""#),
            (is_long.clone(), "(postgres.main.url + 1) > postgres.main.url"),
            (
                apply(Operator::Not, [is_long]),
                "!((postgres.main.url + 1) > postgres.main.url)",
            ),
            (
                apply(Operator::Index, [url(), Value::from("eu")]),
                "postgres.main.url.eu",
            ),
            (
                apply(Operator::Index, [url(), Value::from(0_i64)]),
                "postgres.main.url[0]",
            ),
            (Value::list([url(), Value::from(1_i64)]), "[postgres.main.url, 1]"),
            (Value::map([("a b", url())]), "{ \"a b\" = postgres.main.url }"),
        ] {
            assert_eq!(written(&value), shown);
        }
    }
}
