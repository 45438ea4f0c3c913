//! From the parser's tree to ours.

use std::ops::Range;

use hcl_edit::expr::{
    BinaryOperator, Expression, ForExpr, ForIntro, FuncCall, ObjectKey, Traversal, TraversalOperator,
    UnaryOperator,
};
use hcl_edit::structure::{self, BlockLabel, Structure};
use hcl_edit::{Decorated, Ident, Number};
use infra_model::diagnostic::{SourceId, Span};
use infra_model::operation::Operator;
use infra_model::value;
use infra_model::value::Value;

use super::{Attribute, Bindings, Block, Body, Call, Expr, ExprKind, For, Name, Step, StepKind};

mod template;

/// Where the text that was parsed stands in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub source: SourceId,
    pub offset: usize,
}

impl Origin {
    /// Returns the place of a range of the parsed text.
    pub(super) fn span(self, range: Range<usize>) -> Span {
        let byte = |at: usize| u32::try_from(self.offset + at).unwrap_or(u32::MAX);
        Span {
            source: self.source,
            start: byte(range.start),
            end: byte(range.end),
        }
    }

    fn of(self, part: &impl hcl_edit::Span) -> Span {
        self.span(part.span().unwrap_or_default())
    }

    /// Adds all attributes and blocks of a parsed body.
    pub(super) fn body(self, parsed: &structure::Body, into: &mut Body) {
        for structure in parsed {
            match structure {
                Structure::Attribute(attribute) => into.attributes.push(Attribute {
                    name: self.name(&attribute.key),
                    value: self.expression(&attribute.value),
                }),
                Structure::Block(block) => into.blocks.push(self.block(block)),
            }
        }
    }

    fn block(self, block: &structure::Block) -> Block {
        let mut body = Body::default();
        self.body(&block.body, &mut body);
        let kind = self.name(&block.ident);
        let labels: Vec<Name> = block.labels.iter().map(|label| self.label(label)).collect();
        let end = labels.last().map_or(kind.span.end, |label| label.span.end);
        Block {
            span: Span { end, ..kind.span },
            kind,
            labels,
            body,
        }
    }

    fn label(self, label: &BlockLabel) -> Name {
        match label {
            BlockLabel::Ident(ident) => self.name(ident),
            BlockLabel::String(text) => Name {
                text: text.value().as_str().into(),
                span: self.of(text),
            },
        }
    }

    fn name(self, ident: &Decorated<Ident>) -> Name {
        Name {
            text: ident.as_str().into(),
            span: self.of(ident),
        }
    }

    fn expression(self, parsed: &Expression) -> Expr {
        Expr {
            kind: self.kind(parsed),
            span: self.of(parsed),
        }
    }

    fn expressions<'e>(self, parsed: impl IntoIterator<Item = &'e Expression>) -> Vec<Expr> {
        parsed
            .into_iter()
            .map(|expression| self.expression(expression))
            .collect()
    }

    fn kind(self, parsed: &Expression) -> ExprKind {
        match parsed {
            Expression::Null(_) => ExprKind::Literal(Value::Null),
            Expression::Bool(value) => ExprKind::Literal(Value::Bool(*value.value())),
            Expression::Number(value) => ExprKind::Literal(number(*value.value())),
            Expression::String(text) => ExprKind::Literal(Value::string(text.value().as_str())),
            Expression::StringTemplate(template) => self.template(template.iter()),
            Expression::HeredocTemplate(heredoc) => self.template(heredoc.template.iter()),
            Expression::Array(values) => ExprKind::List(self.expressions(values)),
            Expression::Object(entries) => ExprKind::Object(
                entries
                    .iter()
                    .map(|(key, value)| (self.key(key), self.expression(value.expr())))
                    .collect(),
            ),
            Expression::Parenthesis(inside) => self.kind(inside.inner()),
            Expression::Variable(name) => ExprKind::Variable(name.as_str().into()),
            Expression::Conditional(found) => ExprKind::Operation(
                Operator::Conditional,
                self.expressions([&found.cond_expr, &found.true_expr, &found.false_expr]),
            ),
            Expression::FuncCall(call) => self.call(call),
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::UnaryOp(found) => {
                ExprKind::Operation(unary(*found.operator.value()), self.expressions([&found.expr]))
            }
            Expression::BinaryOp(found) => ExprKind::Operation(
                binary(*found.operator.value()),
                self.expressions([&found.lhs_expr, &found.rhs_expr]),
            ),
            Expression::ForExpr(found) => self.for_expression(found),
        }
    }

    fn key(self, key: &ObjectKey) -> Expr {
        match key {
            ObjectKey::Expression(expression) => self.expression(expression),
            ObjectKey::Ident(ident) => Expr {
                kind: ExprKind::Literal(Value::string(ident.as_str())),
                span: self.of(ident),
            },
        }
    }

    fn call(self, call: &FuncCall) -> ExprKind {
        let mut name = self.name(&call.name.name);
        if let Some(first) = call.name.namespace.first() {
            let spaces: Vec<&str> = call.name.namespace.iter().map(|part| part.as_str()).collect();
            name.text = format!("{}::{}", spaces.join("::"), name.text).into();
            name.span.start = self.of(first).start;
        }
        ExprKind::Call(Box::new(Call {
            name,
            arguments: self.expressions(call.args.iter()),
            expands: call.args.expand_final(),
        }))
    }

    fn traversal(self, traversal: &Traversal) -> ExprKind {
        let steps = traversal.operators.iter().map(|operator| Step {
            span: self.of(operator.value()),
            kind: match operator.value() {
                TraversalOperator::GetAttr(name) => StepKind::Attribute(name.as_str().into()),
                TraversalOperator::Index(index) => StepKind::Index(self.expression(index)),
                TraversalOperator::FullSplat(_) => StepKind::Splat,
                TraversalOperator::AttrSplat(_) => StepKind::AttributeSplat,
                TraversalOperator::LegacyIndex(index) => StepKind::Index(Expr {
                    kind: ExprKind::Literal(number(Number::from(*index.value()))),
                    span: self.of(operator),
                }),
            },
        });
        ExprKind::Traversal(Box::new(self.expression(&traversal.expr)), steps.collect())
    }

    fn for_expression(self, parsed: &ForExpr) -> ExprKind {
        ExprKind::For(Box::new(For {
            bindings: self.bindings(&parsed.intro),
            collection: self.expression(&parsed.intro.collection_expr),
            key: parsed.key_expr.as_ref().map(|key| self.expression(key)),
            value: self.expression(&parsed.value_expr),
            groups: parsed.grouping,
            condition: parsed
                .cond
                .as_ref()
                .map(|condition| self.expression(&condition.expr)),
        }))
    }

    fn bindings(self, intro: &ForIntro) -> Bindings {
        Bindings {
            key: intro.key_var.as_ref().map(|name| self.name(name)),
            value: self.name(&intro.value_var),
        }
    }
}

fn number(parsed: Number) -> Value {
    let number = parsed
        .as_i64()
        .map(value::Number::from)
        .or_else(|| parsed.as_f64().and_then(value::Number::from_f64));
    number.map_or(Value::Null, Value::Number)
}

fn unary(operator: UnaryOperator) -> Operator {
    match operator {
        UnaryOperator::Neg => Operator::Negate,
        UnaryOperator::Not => Operator::Not,
    }
}

fn binary(operator: BinaryOperator) -> Operator {
    match operator {
        BinaryOperator::Eq => Operator::Equal,
        BinaryOperator::NotEq => Operator::NotEqual,
        BinaryOperator::LessEq => Operator::LessOrEqual,
        BinaryOperator::GreaterEq => Operator::GreaterOrEqual,
        BinaryOperator::Less => Operator::Less,
        BinaryOperator::Greater => Operator::Greater,
        BinaryOperator::Plus => Operator::Add,
        BinaryOperator::Minus => Operator::Subtract,
        BinaryOperator::Mul => Operator::Multiply,
        BinaryOperator::Div => Operator::Divide,
        BinaryOperator::Mod => Operator::Remainder,
        BinaryOperator::And => Operator::And,
        BinaryOperator::Or => Operator::Or,
    }
}
