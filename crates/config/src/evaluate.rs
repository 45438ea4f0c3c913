//! Expressions to values.
//!
//! Everything that a reference can name is evaluated in the order of its needs (see [`order`]), so nothing here
//! recurses further than an expression is nested, and a value is computed once and borrowed afterwards.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::expression::Expression;
use infra_model::operation::{Operation, OperationError, Operator};
use infra_model::value::{Number, Value};

use crate::report::{Failed, Report};
use crate::scope::Scope;
use crate::seeds::SeedTexts;
use crate::syntax::{Expr, ExprKind};
use crate::variable::{Input, Missing};

pub(crate) use instances::shown;
pub(crate) use reference::step_name;

mod access;
mod call;
pub(crate) mod instances;
mod loops;
pub(crate) mod order;
mod reference;
mod template;

/// The most steps that the evaluation of a stack takes. A hundred thousand large components take ten million; a
/// stack that needs more is a mistake or an attack, and would fill the memory. Tests reach it without waiting.
const STEPS_MAX: u64 = if cfg!(test) { 500_000 } else { 50_000_000 };

/// How deeply lists and maps may be nested in a value: all stages walk values recursively.
const DEPTH_MAX: usize = 96;

/// How many levels an operation that waits adds to those of its arguments where values are written down: readers of JSON
/// stop at 128, so an expression that nests too deeply would be written and never be read again.
const OPERATION_LEVELS: usize = 3;

/// A value, borrowed where it exists already.
pub(crate) type Evaluated<'v> = Result<Cow<'v, Value>, Failed>;

/// All that expressions refer to, and what was found wrong.
#[derive(Debug)]
pub(crate) struct World<'a> {
    pub report: Report,
    /// The stack first, then its modules.
    pub scopes: Vec<Scope<'a>>,
    /// Values for the stack's variables.
    pub inputs: BTreeMap<&'a str, Input<'a>>,
    pub missing: Missing,
    /// The files of SQL that seeds name; none where only constants can be evaluated.
    pub seeds: Option<&'a SeedTexts>,
    /// The name of the environment and of the stack.
    pub environment: &'a str,
    pub stack: String,
    pub steps: Cell<u64>,
}

/// Where an expression stands: what its names mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'p> {
    /// The stack or module; none where only constants are allowed.
    pub scope: Option<usize>,
    pub instance: Option<Instance<'p>>,
    pub frame: Option<&'p Frame<'p>>,
}

/// Which component of several an expression belongs to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instance<'p> {
    Index(u64),
    Each { key: &'p str, value: &'p Value },
}

/// Names bound by a `for`, and those around it.
#[derive(Debug)]
pub(crate) struct Frame<'p> {
    outer: Option<&'p Frame<'p>>,
    key: Option<(&'p str, &'p Value)>,
    value: (&'p str, &'p Value),
}

impl Place<'_> {
    /// A place where only constants are allowed.
    pub(crate) const CONSTANT: Place<'static> = Place {
        scope: None,
        instance: None,
        frame: None,
    };

    /// Returns the place of expressions of a stack or module, outside components.
    pub(crate) fn scope(scope: usize) -> Place<'static> {
        Place {
            scope: Some(scope),
            ..Place::CONSTANT
        }
    }
}

impl<'a> World<'a> {
    /// Returns the value of an expression. What is wrong was reported when it fails.
    pub(crate) fn evaluate<'v>(&'v self, expression: &'v Expr, place: &Place<'v>) -> Evaluated<'v> {
        self.step(expression.span, 1)?;
        match &expression.kind {
            ExprKind::Literal(value) => Ok(Cow::Borrowed(value)),
            ExprKind::List(values) => {
                let values: Result<Vec<Value>, Failed> = self.all(values, place).into_iter().collect();
                Ok(Cow::Owned(Value::List(values?)))
            }
            ExprKind::Object(entries) => self.object(entries, place).map(Cow::Owned),
            ExprKind::Template(parts) => self.template(parts, expression.span, place),
            ExprKind::Variable(root) => self.reference(root, &[], expression.span, place),
            ExprKind::Traversal(start, steps) => self.traversal(expression.span, start, steps, place),
            ExprKind::Operation(operator, operands) => {
                self.operation(*operator, operands, expression.span, place)
            }
            ExprKind::Call(call) => self.call(call, expression.span, place).map(Cow::Owned),
            ExprKind::For(found) => self.for_expression(found, place).map(Cow::Owned),
        }
    }

    /// Returns the value of an expression as one's own.
    pub(crate) fn value<'v>(&'v self, expression: &'v Expr, place: &Place<'v>) -> Result<Value, Failed> {
        let value = self.evaluate(expression, place)?;
        self.own(value, expression.span)
    }

    /// Returns a value as one's own, counting what is copied.
    fn own(&self, value: Cow<'_, Value>, span: Span) -> Result<Value, Failed> {
        let measure = measure(&value);
        if measure.depth > DEPTH_MAX {
            let operations = DEPTH_MAX / (OPERATION_LEVELS + 1);
            let detail = format!(
                "Lists and maps nest at most {DEPTH_MAX} levels deep, operations on what is known only after apply {operations}"
            );
            return Err(self
                .report
                .fail(Diagnostic::error("Nested too deeply", detail).at(span)));
        }
        if let Cow::Borrowed(_) = value {
            self.step(span, measure.weight)?;
        }
        Ok(value.into_owned())
    }

    /// Returns the values of all expressions: every one is evaluated, so that each mistake is found.
    fn all<'v>(&'v self, expressions: &'v [Expr], place: &Place<'v>) -> Vec<Result<Value, Failed>> {
        expressions
            .iter()
            .map(|expression| self.value(expression, place))
            .collect()
    }

    /// Counts steps; reports when there are too many.
    fn step(&self, span: Span, count: u64) -> Result<(), Failed> {
        let before = self.steps.get();
        self.steps.set(before.saturating_add(count));
        if self.steps.get() <= STEPS_MAX {
            return Ok(());
        }
        if before <= STEPS_MAX {
            self.report.add(
                Diagnostic::error(
                    "Stack too large",
                    "Its expressions take too many steps to evaluate",
                )
                .at(span)
                .hint("Look for values that hold themselves many times over, or loops inside loops"),
            );
        }
        Err(Failed)
    }

    fn object<'v>(&'v self, entries: &'v [(Expr, Expr)], place: &Place<'v>) -> Result<Value, Failed> {
        let mut map = BTreeMap::new();
        let mut failed = false;
        for (key, value) in entries {
            match (self.key(key, place), self.value(value, place)) {
                (Ok(name), Ok(value)) => {
                    if map.insert(name, value).is_some() {
                        let diagnostic =
                            Diagnostic::error("Duplicate key", "This object sets the same key twice");
                        self.report
                            .add(diagnostic.at(key.span).hint("Remove one of them"));
                        failed = true;
                    }
                }
                _ => failed = true,
            }
        }
        if failed {
            Err(Failed)
        } else {
            Ok(Value::Map(map.into()))
        }
    }

    /// Returns the text of a key. Keys decide how many things exist, so they are known and no secret.
    fn key<'v>(&'v self, key: &'v Expr, place: &Place<'v>) -> Result<String, Failed> {
        let value = self.evaluate(key, place)?;
        let problem = match &*value {
            Value::String(text) => return Ok(text.clone()),
            Value::Number(number) => return Ok(number.to_string()),
            Value::Bool(value) => return Ok(value.to_string()),
            Value::Secret(_) | Value::Sealed(_) => secret("The key of an object"),
            Value::Deferred(expression) if expression.is_secret() => secret("The key of an object"),
            Value::Deferred(_) => unknown("The key of an object"),
            other => Diagnostic::error(
                "Invalid key",
                format!("A {} cannot be a key; a key is a text", other.type_name()),
            ),
        };
        Err(self.report.fail(problem.at(key.span)))
    }

    fn operation<'v>(
        &'v self,
        operator: Operator,
        operands: &'v [Expr],
        span: Span,
        place: &Place<'v>,
    ) -> Evaluated<'v> {
        let [first, rest @ ..] = operands else {
            return Err(Failed);
        };
        let first_value = self.evaluate(first, place)?;
        match (operator, first_value.as_bool(), rest) {
            (Operator::Conditional, Some(true), [then, _]) => return self.evaluate(then, place),
            (Operator::Conditional, Some(false), [_, otherwise]) => return self.evaluate(otherwise, place),
            (Operator::And, Some(false), _) | (Operator::Or, Some(true), _) => return Ok(first_value),
            _ => {}
        }
        let mut values = vec![self.own(first_value, first.span)];
        values.extend(self.all(rest, place));
        let values: Result<Vec<Value>, Failed> = values.into_iter().collect();
        let folded = Operation::Operator(operator).fold(values?);
        folded
            .map(Cow::Owned)
            .map_err(|error| self.misfit("Invalid operand", &error, operands, span))
    }

    /// Reports that values do not fit an operation, at the argument that is wrong.
    fn misfit(&self, summary: &str, error: &OperationError, arguments: &[Expr], span: Span) -> Failed {
        let wrong = error.argument.and_then(|argument| arguments.get(argument));
        let span = wrong.map_or(span, |argument| argument.span);
        self.report
            .fail(Diagnostic::error(summary, error.message.as_str()).at(span))
    }
}

/// Returns the error for a secret where something must be told to everybody.
pub(crate) fn secret(what: &str) -> Diagnostic {
    Diagnostic::error(
        "Secret not allowed here",
        format!("{what} is shown in plans and names, so it must not be a secret"),
    )
    .hint("Give it a value that is not computed from a secret")
}

/// Returns the error for a value that is known too late.
pub(crate) fn unknown(what: &str) -> Diagnostic {
    Diagnostic::error(
        "Value known too late",
        format!(
            "{what} decides what the plan holds, so it must not depend on what is known only after apply"
        ),
    )
    .hint("Use a variable or a local instead of the export of a component")
}

/// How large a value is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measure {
    /// The number of its parts; a long text counts as several.
    pub weight: u64,
    /// How deeply lists and maps are nested in it.
    pub depth: usize,
}

/// Returns how large a value is.
pub(crate) fn measure(value: &Value) -> Measure {
    let inside = match value {
        Value::String(text) => Measure {
            weight: text.len() as u64 / 16,
            depth: 0,
        },
        Value::List(values) => around(values.iter()),
        Value::Map(entries) => around(entries.values()),
        Value::Deferred(expression) => match &**expression {
            Expression::Reference(_) => Measure::default(),
            Expression::Apply { arguments, .. } => {
                let inside = around(arguments.iter());
                Measure {
                    depth: inside.depth + OPERATION_LEVELS,
                    ..inside
                }
            }
        },
        _ => Measure::default(),
    };
    Measure {
        weight: inside.weight + 1,
        depth: inside.depth,
    }
}

fn around<'v>(values: impl Iterator<Item = &'v Value>) -> Measure {
    values
        .map(measure)
        .fold(Measure { weight: 0, depth: 1 }, |all, one| Measure {
            weight: all.weight + one.weight,
            depth: all.depth.max(one.depth + 1),
        })
}

/// Returns a whole number as a value.
fn whole(number: u64) -> Value {
    i64::try_from(number).map_or(Value::Null, |number| Value::Number(Number::from(number)))
}
