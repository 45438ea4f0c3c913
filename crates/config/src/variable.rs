//! Variables: where their value comes from, and whether it is what they take.

use std::fmt;

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::sealing::{Sealed, Secret};
use infra_model::value::Value;

use crate::evaluate::{Place, World};
use crate::report::Failed;
use crate::shape::Shape;
use crate::syntax::Expr;
use crate::variable::ty::VariableType;

mod outside;
pub(crate) mod ty;
mod validation;

/// A value for a variable from outside the stack: the command line or its environment.
#[derive(Clone)]
pub struct Given {
    /// The text; taken as it is for a variable of type `string`, else read as an expression. It may be a secret.
    pub text: Secret,
    /// Who gave it.
    pub origin: Origin,
}

/// Who gave a value from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// An argument; a variable that does not exist is a mistake.
    Argument,
    /// The process's environment; a variable that does not exist may be meant for another stack.
    Environment,
}

impl Given {
    /// Returns how the value of this variable was given, for people.
    fn option(&self, name: &str) -> String {
        match self.origin {
            Origin::Argument => format!("`--var {name}`"),
            Origin::Environment => format!("`INFRA_VAR_{name}`"),
        }
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Given")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// A value for a variable of the stack that is not its default.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    Outside(&'a Given),
    Overlay(&'a Expr),
}

/// What happens with a variable that nobody gave a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is an error.
    Refuse,
    /// It is said, and what needs it is not checked.
    Skip,
    /// A secret is imagined, because nobody will see its value; any other is an error. Secrets that have a value are sealed,
    /// so that what is made of them does not tell whether somebody gave one.
    Imagine,
}

impl<'a> World<'a> {
    /// Returns the value of a variable, converted and marked.
    pub(crate) fn variable(&self, scope: usize, name: &str) -> Result<Value, Failed> {
        let shape = self.scopes[scope]
            .declarations
            .variables
            .get(name)
            .ok_or(Failed)?;
        let is_secret = self.flag(shape, "secret");
        let ty = self.variable_type(shape)?;
        let is_outside = matches!(self.inputs.get(name), Some(Input::Outside(_)));
        let given = match self.imagined(scope, shape, &ty).filter(|_| is_outside) {
            Some(imagined) => Some((imagined, None)),
            None => self.given(scope, name, shape, &ty, is_secret)?,
        };
        let given = given.filter(|(value, _)| !value.is_null() || self.flag(shape, "nullable"));
        let (value, span) = match given {
            Some(given) => given,
            None => match self.imagined(scope, shape, &ty) {
                Some(imagined) => (imagined, None),
                None => self.default(scope, shape, name)?,
            },
        };
        let value = ty.convert(value).map_err(|fault| {
            let what = match (span, self.inputs.get(name)) {
                (None, Some(Input::Outside(given))) => given.option(name),
                _ => format!("`{name}`"),
            };
            let detail = format!("The value of {what}{}: {}", fault.path, fault.message(is_secret));
            let mut diagnostic = Diagnostic::error("Invalid value", detail);
            diagnostic.span = span;
            self.report.fail(diagnostic.related(shape.span, "declared here"))
        })?;
        Ok(match (is_secret, self.missing) {
            (false, _) => value,
            (true, Missing::Refuse | Missing::Skip) => conceal(value),
            (true, Missing::Imagine) => sealed(conceal(value)),
        })
    }

    /// Returns the value that somebody gave and where it stands.
    fn given(
        &self,
        scope: usize,
        name: &str,
        shape: &Shape<'_>,
        ty: &VariableType,
        is_secret: bool,
    ) -> Result<Option<(Value, Option<Span>)>, Failed> {
        if let Some(parent) = self.scopes[scope].parent {
            let Some(argument) = self.argument(scope, name) else {
                return Ok(None);
            };
            return Ok(Some((
                self.value(argument, &Place::scope(parent))?,
                Some(argument.span),
            )));
        }
        match self.inputs.get(name) {
            None => Ok(None),
            Some(Input::Overlay(expression)) => {
                let value = self.value(expression, &Place::CONSTANT)?;
                if is_secret {
                    self.warn_of_clear_secret(&value, expression.span);
                }
                Ok(Some((value, Some(expression.span))))
            }
            Some(Input::Outside(given)) => match self.read(given, ty) {
                Ok(value) => Ok(Some((value, None))),
                Err(problem) => {
                    let option = given.option(name);
                    let detail = format!("The value of {option} is no {}: {problem}", ty.name());
                    let diagnostic = Diagnostic::error("Invalid value", detail);
                    Err(self.report.fail(diagnostic.related(shape.span, "declared here")))
                }
            },
        }
    }

    /// Returns a value for a secret variable of the stack that has none, if one will do.
    fn imagined(&self, scope: usize, shape: &Shape<'_>, ty: &VariableType) -> Option<Value> {
        let is_open = shape.attribute("default").is_none() && self.scopes[scope].parent.is_none();
        let is_wanted = self.missing == Missing::Imagine && self.flag(shape, "secret");
        (is_open && is_wanted).then(|| ty.imagined()).flatten()
    }

    fn default(&self, scope: usize, shape: &Shape<'_>, name: &str) -> Result<(Value, Option<Span>), Failed> {
        if let Some(default) = shape.attribute("default") {
            let value = self.value(&default.value, &Place::CONSTANT)?;
            if value.is_null() && !self.flag(shape, "nullable") {
                let diagnostic = Diagnostic::error("Invalid value", format!("`{name}` may not be null"));
                let hint = "Add `nullable = true`, or leave the default out: then a value must be given";
                return Err(self.report.fail(diagnostic.at(default.value.span).hint(hint)));
            }
            if self.flag(shape, "secret") {
                self.warn_of_clear_secret(&value, default.value.span);
            }
            return Ok((value, Some(default.value.span)));
        }
        // What a call of a module leaves out was reported there.
        if shape.broken || self.scopes[scope].parent.is_some() {
            return Err(Failed);
        }
        let environment = self.environment;
        let is_secret = self.flag(shape, "secret");
        Err(self.report.fail(match self.missing {
            Missing::Imagine if is_secret => {
                let detail = format!("Nothing sets `{name}` in `{environment}`, and a secret of its type cannot be left open");
                let hint = "Truth values and the number of elements decide what a stack holds";
                Diagnostic::error("Variable without value", detail)
                    .at(shape.span)
                    .hint(format!("{hint}: give it with INFRA_VAR_{name}"))
            }
            Missing::Refuse | Missing::Imagine => Diagnostic::error("Variable without value", format!("Nothing sets `{name}` in `{environment}`"))
                .at(shape.span)
                .hint(format!(
                    "Set it under `variables` in env/{environment}.hcl, with --var {name}=…, or with INFRA_VAR_{name}"
                )),
            Missing::Skip => Diagnostic::notice(
                "Variable without value",
                format!("Nothing sets `{name}` in `{environment}` yet, so what needs it was not checked"),
            )
            .at(shape.span),
        }))
    }

    fn warn_of_clear_secret(&self, value: &Value, span: Span) {
        if !value.is_null() {
            self.report.add(
                Diagnostic::warning(
                    "Secret in clear",
                    "The value of a secret variable stands in a file of the stack",
                )
                .at(span)
                .hint("Give it from outside, with INFRA_VAR_…, or let a key vault generate it"),
            );
        }
    }

    /// Returns the argument that the caller of a module gives for a variable.
    pub(crate) fn argument(&self, scope: usize, name: &str) -> Option<&'a Expr> {
        let own = &self.scopes[scope];
        let call = self.scopes[own.parent?]
            .declarations
            .modules
            .get(own.path.last()?)?;
        let argument = call.free.iter().find(|argument| &*argument.name.text == name)?;
        Some(&argument.value)
    }

    /// Returns whether a truth value that must be a constant is set; wrong types are reported elsewhere.
    pub(crate) fn flag(&self, shape: &Shape<'_>, name: &str) -> bool {
        let value = shape
            .attribute(name)
            .map(|attribute| self.evaluate(&attribute.value, &Place::CONSTANT));
        value.is_some_and(|value| value.is_ok_and(|value| value.as_bool() == Some(true)))
    }

    fn variable_type(&self, shape: &Shape<'_>) -> Result<VariableType, Failed> {
        let Some(attribute) = shape.attribute("type") else {
            return Ok(VariableType::Any);
        };
        self.parse_type(&attribute.value)
    }
}

/// Returns a value with the same seal for every secret inside, which nobody can open.
fn sealed(value: Value) -> Value {
    match value {
        Value::Secret(_) => Value::Sealed(Sealed::from_text(String::new())),
        Value::List(values) => Value::List(values.into_iter().map(sealed).collect()),
        Value::Map(entries) => {
            let entries = entries.into_iter();
            Value::Map(entries.map(|(key, value)| (key, sealed(value))).collect())
        }
        other => other,
    }
}

/// Marks every text and number inside as secret. Truth values stay: a condition must be able to decide.
pub(crate) fn conceal(value: Value) -> Value {
    match value {
        Value::String(text) => Value::Secret(Secret::new(text)),
        Value::Number(number) => Value::Secret(Secret::number(number)),
        Value::List(values) => Value::List(values.into_iter().map(conceal).collect()),
        Value::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key, conceal(value)))
                .collect(),
        ),
        other => other,
    }
}
