//! Templates: texts with interpolations and directives.

use std::borrow::Cow;

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::operation::{Operation, Operator};
use infra_model::value::Value;

use super::{Evaluated, Place, World};
use crate::report::Failed;
use crate::syntax::{Expr, Part};

impl World<'_> {
    pub(super) fn template<'v>(&'v self, parts: &'v [Part], span: Span, place: &Place<'v>) -> Evaluated<'v> {
        // A text that is one interpolation is its value, whatever its type.
        if let [Part::Interpolation(expression)] = parts {
            return self.evaluate(expression, place);
        }
        let mut pieces = Vec::with_capacity(parts.len());
        self.pieces(parts, span, place, &mut pieces)?;
        self.join(pieces, span).map(Cow::Owned)
    }

    /// Joins pieces of text, each with the place it comes from.
    fn join(&self, pieces: Vec<(Value, Span)>, span: Span) -> Result<Value, Failed> {
        let (values, spans): (Vec<Value>, Vec<Span>) = pieces.into_iter().unzip();
        let text = Operation::Operator(Operator::Template)
            .fold(values)
            .map_err(|error| {
                let at = error
                    .argument
                    .and_then(|argument| spans.get(argument))
                    .unwrap_or(&span);
                let diagnostic = Diagnostic::error("Invalid part of a text", error.message).at(*at);
                self.report
                    .fail(diagnostic.hint("Only texts, numbers and truth values can stand in a text"))
            })?;
        self.step(span, super::measure(&text).weight)?;
        Ok(text)
    }

    fn pieces<'v>(
        &'v self,
        parts: &'v [Part],
        span: Span,
        place: &Place<'v>,
        pieces: &mut Vec<(Value, Span)>,
    ) -> Result<(), Failed> {
        let mut result = Ok(());
        for part in parts {
            let outcome = match part {
                Part::Literal(text) => {
                    pieces.push((Value::string(text.as_str()), span));
                    self.step(span, 1 + text.len() as u64 / 16)
                }
                Part::Interpolation(expression) => self
                    .value(expression, place)
                    .map(|value| pieces.push((value, expression.span))),
                Part::If {
                    condition,
                    then,
                    otherwise,
                } => self.if_part(condition, [then, otherwise], place, pieces),
                Part::For {
                    bindings,
                    collection,
                    body,
                } => self.each_entry(bindings, collection, place, &mut |place| {
                    self.pieces(body, span, place, pieces)
                }),
            };
            result = result.and(outcome);
        }
        result
    }

    fn if_part<'v>(
        &'v self,
        condition: &'v Expr,
        [then, otherwise]: [&'v [Part]; 2],
        place: &Place<'v>,
        pieces: &mut Vec<(Value, Span)>,
    ) -> Result<(), Failed> {
        let decision = self.value(condition, place)?;
        match decision.as_bool() {
            Some(true) => return self.pieces(then, condition.span, place, pieces),
            Some(false) => return self.pieces(otherwise, condition.span, place, pieces),
            None => {}
        }
        let mut branches = vec![decision];
        for branch in [then, otherwise] {
            let mut inner = Vec::new();
            self.pieces(branch, condition.span, place, &mut inner)?;
            branches.push(self.join(inner, condition.span)?);
        }
        let folded = Operation::Operator(Operator::Conditional).fold(branches);
        let value = folded.map_err(|error| {
            self.report
                .fail(Diagnostic::error("Invalid condition", error.message).at(condition.span))
        })?;
        pieces.push((value, condition.span));
        Ok(())
    }
}
