//! Templates: strip markers are applied here, so that the evaluator never sees them.

use hcl_edit::template::{Directive, Element, ForDirective, IfDirective, Strip, Template};
use infra_model::value::Value;

use super::Origin;
use crate::syntax::{Bindings, ExprKind, Part};

/// Whether white space around a part is dropped.
#[derive(Clone, Copy, Debug, Default)]
struct Trim {
    start: bool,
    end: bool,
}

impl Origin {
    /// Returns the expression for a quoted template or heredoc.
    pub(super) fn template<'e>(self, elements: impl Iterator<Item = &'e Element>) -> ExprKind {
        let elements: Vec<&Element> = elements.collect();
        let mut parts = self.parts(&elements, Trim::default());
        match parts.as_mut_slice() {
            [] => ExprKind::Literal(Value::string("")),
            [Part::Literal(text)] => ExprKind::Literal(Value::String(std::mem::take(text))),
            _ => ExprKind::Template(parts),
        }
    }

    fn inner(self, template: &Template, trim: Trim) -> Vec<Part> {
        self.parts(&template.iter().collect::<Vec<_>>(), trim)
    }

    fn parts(self, elements: &[&Element], outer: Trim) -> Vec<Part> {
        let mut parts = Vec::with_capacity(elements.len());
        for (at, element) in elements.iter().enumerate() {
            let before = at.checked_sub(1).map(|at| elements[at]);
            let trim = Trim {
                start: before.map_or(outer.start, |before| strips(before).end),
                end: elements
                    .get(at + 1)
                    .map_or(outer.end, |after| strips(after).start),
            };
            match element {
                Element::Literal(text) => parts.extend(literal(text.value(), trim)),
                Element::Interpolation(found) => {
                    parts.push(Part::Interpolation(self.expression(&found.expr)));
                }
                Element::Directive(directive) => parts.push(match &**directive {
                    Directive::If(directive) => self.if_directive(directive),
                    Directive::For(directive) => self.for_directive(directive),
                }),
            }
        }
        parts
    }

    fn if_directive(self, directive: &IfDirective) -> Part {
        let end = marks(directive.endif_expr.strip).start;
        let otherwise = directive.else_expr.as_ref();
        let then = Trim {
            start: marks(directive.if_expr.strip).end,
            end: otherwise.map_or(end, |otherwise| marks(otherwise.strip).start),
        };
        Part::If {
            condition: self.expression(&directive.if_expr.cond_expr),
            then: self.inner(&directive.if_expr.template, then),
            otherwise: otherwise.map_or(Vec::new(), |otherwise| {
                let start = marks(otherwise.strip).end;
                self.inner(&otherwise.template, Trim { start, end })
            }),
        }
    }

    fn for_directive(self, directive: &ForDirective) -> Part {
        let found = &directive.for_expr;
        let trim = Trim {
            start: marks(found.strip).end,
            end: marks(directive.endfor_expr.strip).start,
        };
        Part::For {
            bindings: Bindings {
                key: found.key_var.as_ref().map(|name| self.name(name)),
                value: self.name(&found.value_var),
            },
            collection: self.expression(&found.collection_expr),
            body: self.inner(&found.template, trim),
        }
    }
}

fn literal(text: &str, trim: Trim) -> Option<Part> {
    let text = if trim.start { text.trim_start() } else { text };
    let text = if trim.end { text.trim_end() } else { text };
    (!text.is_empty()).then(|| Part::Literal(text.to_owned()))
}

/// Returns on which sides an element strips the text beside it.
fn strips(element: &Element) -> Trim {
    match element {
        Element::Literal(_) => Trim::default(),
        Element::Interpolation(found) => marks(found.strip),
        Element::Directive(directive) => match &**directive {
            Directive::If(found) => Trim {
                start: marks(found.if_expr.strip).start,
                end: marks(found.endif_expr.strip).end,
            },
            Directive::For(found) => Trim {
                start: marks(found.for_expr.strip).start,
                end: marks(found.endfor_expr.strip).end,
            },
        },
    }
}

fn marks(strip: Strip) -> Trim {
    Trim {
        start: strip.strip_start(),
        end: strip.strip_end(),
    }
}
