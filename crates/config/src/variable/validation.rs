//! The conditions that the values of variables must meet.

use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use crate::evaluate::{Place, World};
use crate::report::Failed;
use crate::shape::Shape;

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
                let declared = validation.span;
                Diagnostic::error("Invalid value", detail)
                    .at(condition.span)
                    .related(declared, "the condition")
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
}
