//! Calls of functions.

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::operation::{Function, Operation};
use infra_model::value::Value;

use super::{Place, World, unknown};
use crate::report::Failed;
use crate::syntax::{Call, Expr};

impl World<'_> {
    pub(super) fn call<'v>(&'v self, call: &'v Call, span: Span, place: &Place<'v>) -> Result<Value, Failed> {
        let arguments: Result<Vec<Value>, Failed> = self.all(&call.arguments, place).into_iter().collect();
        let mut arguments = arguments?;
        if call.expands
            && let (Some(last), Some(expression)) = (arguments.pop(), call.arguments.last())
        {
            arguments.extend(self.expanded(last, expression)?);
        }
        // An unknown name was reported when names were checked.
        let function = Function::by_name(&call.name.text).ok_or(Failed)?;
        let result = Operation::Call(function)
            .fold(arguments)
            .map_err(|error| self.misfit("Invalid argument", &error, &call.arguments, span))?;
        self.step(span, super::measure(&result).weight)?;
        Ok(result)
    }

    fn expanded(&self, list: Value, expression: &Expr) -> Result<Vec<Value>, Failed> {
        let problem = match list {
            Value::List(values) => return Ok(values),
            Value::Deferred(_) => unknown("A list of arguments"),
            other => Diagnostic::error(
                "Invalid argument",
                format!(
                    "Only a list can be expanded into arguments, not a {}",
                    other.type_name()
                ),
            ),
        };
        Err(self.report.fail(problem.at(expression.span)))
    }
}
