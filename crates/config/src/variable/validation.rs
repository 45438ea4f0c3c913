//! The conditions that the values of variables must meet.

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::value::Value;

use crate::evaluate::{Place, World};
use crate::report::Failed;
use crate::shape::Shape;
use crate::variable::Input;

impl World<'_> {
    /// Checks all validations of all variables. Called when everything that they may refer to is known.
    pub(crate) fn check_validations(&self) {
        for (at, scope) in self.scopes.iter().enumerate() {
            for (name, variable) in &scope.declarations.variables {
                // What failed to get a value was reported.
                if scope
                    .variables
                    .get(name)
                    .is_some_and(|slot| matches!(slot.get(), Some(Ok(_))))
                {
                    for validation in variable.blocks_of("validation") {
                        let _ = self.check_validation(name, validation, at);
                    }
                }
            }
        }
    }

    fn check_validation(&self, name: &str, validation: &Shape<'_>, scope: usize) -> Result<(), Failed> {
        let place = Place::scope(scope);
        let condition = &validation.attribute("condition").ok_or(Failed)?.value;
        let error = &validation.attribute("error").ok_or(Failed)?.value;
        let holds = self.evaluate(condition, &place)?;
        let problem = match &*holds {
            Value::Bool(true) => return Ok(()),
            Value::Bool(false) => {
                let message = self.evaluate(error, &place)?;
                let detail = match &*message {
                    Value::String(text) => format!("`{name}`: {text}"),
                    _ => format!("The value of `{name}` does not meet this condition"),
                };
                Diagnostic::error("Invalid value", detail)
                    .at(self.value_span(scope, name))
                    .related(condition.span, "the condition")
            }
            // A module may be given what is known only after apply: then there is nothing to check yet.
            Value::Deferred(_) => return Ok(()),
            other => Diagnostic::error(
                "Invalid condition",
                format!("Expected true or false, found {}", other.type_name()),
            )
            .at(condition.span),
        };
        Err(self.report.fail(problem))
    }

    /// Returns where the value of a variable stands, or the variable if it comes from outside.
    fn value_span(&self, scope: usize, name: &str) -> Span {
        let own = &self.scopes[scope];
        let declared = &own.declarations.variables[name];
        let default = declared.attribute("default").map(|default| default.value.span);
        let given = match (own.parent, self.inputs.get(name)) {
            (Some(_), _) => self.argument(scope, name).map(|argument| argument.span),
            (None, Some(Input::Overlay(expression))) => Some(expression.span),
            (None, Some(Input::Outside(_))) => Some(declared.span),
            (None, None) => None,
        };
        given.or(default).unwrap_or(declared.span)
    }
}
