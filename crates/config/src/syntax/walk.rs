//! Finds the references and calls inside an expression.

use infra_model::diagnostic::Span;

use super::{Bindings, Call, Expr, ExprKind, For, Part, Step, StepKind};

/// Something in an expression that refers to a name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Found<'e> {
    /// A reference: its first name, the steps after it, and where all of it stands.
    Reference {
        root: &'e str,
        steps: &'e [Step],
        span: Span,
    },
    /// A call of a function.
    Call(&'e Call),
}

/// Calls `visit` for every reference and call inside. Names that a `for` binds are no references inside it.
pub(crate) fn walk<'e>(expression: &'e Expr, visit: &mut dyn FnMut(Found<'e>)) {
    Walk {
        bound: Vec::new(),
        visit,
    }
    .expression(expression);
}

struct Walk<'e, 'v> {
    bound: Vec<&'e str>,
    visit: &'v mut dyn FnMut(Found<'e>),
}

impl<'e> Walk<'e, '_> {
    fn expression(&mut self, expression: &'e Expr) {
        match &expression.kind {
            ExprKind::Literal(_) => {}
            ExprKind::List(values) | ExprKind::Operation(_, values) => self.all(values),
            ExprKind::Object(entries) => entries.iter().for_each(|(key, value)| {
                self.expression(key);
                self.expression(value);
            }),
            ExprKind::Template(parts) => self.parts(parts),
            ExprKind::Variable(root) => self.reference(root, &[], expression.span),
            ExprKind::Traversal(start, steps) => self.traversal(expression, start, steps),
            ExprKind::Call(call) => {
                (self.visit)(Found::Call(call));
                self.all(&call.arguments);
            }
            ExprKind::For(found) => self.for_expression(found),
        }
    }

    fn all(&mut self, expressions: &'e [Expr]) {
        expressions
            .iter()
            .for_each(|expression| self.expression(expression));
    }

    fn reference(&mut self, root: &'e str, steps: &'e [Step], span: Span) {
        if !self.bound.contains(&root) {
            (self.visit)(Found::Reference { root, steps, span });
        }
    }

    fn traversal(&mut self, whole: &'e Expr, start: &'e Expr, steps: &'e [Step]) {
        match &start.kind {
            ExprKind::Variable(root) => self.reference(root, steps, whole.span),
            _ => self.expression(start),
        }
        for step in steps {
            if let StepKind::Index(index) = &step.kind {
                self.expression(index);
            }
        }
    }

    fn for_expression(&mut self, found: &'e For) {
        self.expression(&found.collection);
        self.binding(&found.bindings, |walk| {
            found.key.iter().for_each(|key| walk.expression(key));
            walk.expression(&found.value);
            found
                .condition
                .iter()
                .for_each(|condition| walk.expression(condition));
        });
    }

    fn binding(&mut self, bindings: &'e Bindings, inside: impl FnOnce(&mut Self)) {
        let before = self.bound.len();
        for name in bindings.key.iter().chain([&bindings.value]) {
            self.bound.push(&name.text);
        }
        inside(self);
        self.bound.truncate(before);
    }

    fn parts(&mut self, parts: &'e [Part]) {
        for part in parts {
            match part {
                Part::Literal(_) => {}
                Part::Interpolation(expression) => self.expression(expression),
                Part::If {
                    condition,
                    then,
                    otherwise,
                } => {
                    self.expression(condition);
                    self.parts(then);
                    self.parts(otherwise);
                }
                Part::For {
                    bindings,
                    collection,
                    body,
                } => {
                    self.expression(collection);
                    self.binding(bindings, |walk| walk.parts(body));
                }
            }
        }
    }
}
