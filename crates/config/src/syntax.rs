//! The syntax tree of a stack's files: small, with a place for every part.
//!
//! `hcl-edit` parses block by block; each block becomes this tree and its own, which is ten times as large, is
//! dropped. Strip markers and the indentation of heredocs are already applied.

use infra_model::diagnostic::Span;
use infra_model::operation::Operator;
use infra_model::value::Value;

mod convert;
mod grammar;
mod parse;
mod scan;
mod walk;

pub(crate) use parse::parse;
pub(crate) use walk::{Found, walk};

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub text: Box<str>,
    pub span: Span,
}

/// The inside of a file or block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub attributes: Vec<Attribute>,
    pub blocks: Vec<Block>,
    /// Whether some of it could not be parsed, so that what is missing may only be hidden by that.
    pub broken: bool,
}

/// `name = value`.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub name: Name,
    pub value: Expr,
}

/// `kind "label" { … }`.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub kind: Name,
    pub labels: Vec<Name>,
    pub body: Body,
    /// Its first line, up to the opening brace.
    pub span: Span,
}

/// An expression and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub(crate) enum ExprKind {
    /// Null, a truth value, a number or a text without interpolation.
    Literal(Value),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `{ a = b }`.
    Object(Vec<(Expr, Expr)>),
    /// A text with interpolations or directives.
    Template(Vec<Part>),
    /// A name by itself, the start of a reference.
    Variable(Box<str>),
    /// What follows a name or value: `.a`, `[0]`, `[*]`.
    Traversal(Box<Expr>, Vec<Step>),
    /// An operator on one, two or (the conditional) three expressions.
    Operation(Operator, Vec<Expr>),
    /// A call of a function.
    Call(Box<Call>),
    /// A list or object made from a collection.
    For(Box<For>),
}

/// One step of a traversal.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub kind: StepKind,
    pub span: Span,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(crate) enum StepKind {
    /// `.name`
    Attribute(Box<str>),
    /// `[expression]`
    Index(Expr),
    /// `[*]`: all steps that follow are taken in each element.
    Splat,
    /// `.*`: the names that follow are taken in each element.
    AttributeSplat,
}

/// A call of a function.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub name: Name,
    pub arguments: Vec<Expr>,
    /// Whether the last argument is a list of arguments: `f(list...)`.
    pub expands: bool,
}

/// `[for key, value in collection : result if condition]`, or with braces and `=>`.
#[derive(Clone, Debug)]
pub(crate) struct For {
    pub bindings: Bindings,
    pub collection: Expr,
    /// Set for an object.
    pub key: Option<Expr>,
    pub value: Expr,
    /// Whether values of equal keys are gathered in lists: `...`.
    pub groups: bool,
    pub condition: Option<Expr>,
}

/// The names a `for` binds.
#[derive(Clone, Debug)]
pub(crate) struct Bindings {
    pub key: Option<Name>,
    pub value: Name,
}

/// A part of a template.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Text.
    Literal(String),
    /// `${…}`
    Interpolation(Expr),
    /// `%{if …}…%{else}…%{endif}`
    If {
        condition: Expr,
        then: Vec<Part>,
        otherwise: Vec<Part>,
    },
    /// `%{for …}…%{endfor}`
    For {
        bindings: Bindings,
        collection: Expr,
        body: Vec<Part>,
    },
}
