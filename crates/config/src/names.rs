//! Checks that every name in an expression is declared, also in branches that are not taken.

use infra_model::component::exports::{Export, ExportType};
use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::operation::Function;

use crate::evaluate::World;
use crate::evaluate::step_name;
use crate::exports::{Exported, NotExported, exported};
use crate::language::component;
use crate::report::{suggestion, with_hint};
use crate::scope::{Scope, is_several};
use crate::shape::Shape;
use crate::syntax::{Expr, ExprKind, Found, Step, StepKind, walk};

/// What an expression may refer to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Context<'c> {
    /// Nothing but the names of stack and environment; the text says what the expression is.
    Constant(&'static str),
    /// Nothing but the name of the stack, because all environments share the expression; the text says what it is.
    Shared(&'static str),
    /// All that a scope declares; in a component with several instances also which one it is.
    Scope {
        scope: usize,
        component: Option<&'c Shape<'c>>,
    },
}

const ROOTS: &[&str] = &["var", "local", "module", "each", "count", "environment", "stack"];

impl World<'_> {
    /// Reports every name in the expression that is not declared.
    pub(crate) fn check_names(&self, expression: &Expr, context: Context<'_>) {
        walk(expression, &mut |found| {
            let problem = match found {
                Found::Call(call) => match Function::by_name(&call.name.text) {
                    Some(_) => None,
                    None => Some(unknown_function(&call.name.text).at(call.name.span)),
                },
                Found::Reference { root, steps, span } => match context {
                    Context::Constant(what) => constant(root, steps, span, what),
                    Context::Shared(what) => shared(root, steps, span, what),
                    Context::Scope { scope, component } => {
                        self.reference_problem(root, steps, span, (scope, component))
                    }
                },
            };
            if let Some(problem) = problem {
                self.report.add(problem);
            }
        });
    }

    fn reference_problem(
        &self,
        root: &str,
        steps: &[Step],
        span: Span,
        (scope, component): (usize, Option<&Shape<'_>>),
    ) -> Option<Diagnostic> {
        let declared = &self.scopes[scope].declarations;
        let kind = component::kind(root);
        if kind.is_none() && !ROOTS.contains(&root) {
            return Some(unknown_root(root).at(span));
        }
        let Some((first, name)) = steps.first().and_then(|first| Some((first, step_name(first)?))) else {
            return Some(incomplete(root).at(span));
        };
        let rest = &steps[1..];
        let problem = match (root, kind) {
            (_, Some(kind)) => match declared.components.get(&(kind.kind, name)) {
                Some(target) => return component_problem(target, rest),
                None => undeclared(kind.kind, name, declared.labels(kind.kind)),
            },
            ("var", _) if declared.variables.contains_key(name) => return None,
            ("var", _) => undeclared("variable", name, declared.variables.keys().copied()),
            ("local", _) if declared.locals.contains_key(name) => return None,
            ("local", _) => undeclared("local", name, declared.locals.keys().copied()),
            ("module", _) => match declared.modules.get(name) {
                Some(_) => return output_problem(&self.scopes, scope, name, rest),
                None => undeclared("module", name, declared.modules.keys().copied()),
            },
            ("each", _) => return each_problem(name, component).map(|problem| problem.at(span)),
            ("count", _) => return count_problem(name, component).map(|problem| problem.at(span)),
            (root, _) => return own_name_problem(root, name).map(|problem| problem.at(first.span)),
        };
        (!declared.incomplete).then(|| problem.at(first.span))
    }
}

/// Returns what is wrong with a reference where only constants are allowed.
fn constant(root: &str, steps: &[Step], span: Span, what: &str) -> Option<Diagnostic> {
    if matches!(root, "environment" | "stack") {
        let name = steps.first().and_then(step_name).unwrap_or_default();
        return own_name_problem(root, name).map(|problem| problem.at(span));
    }
    let detail = format!("{what} is read before anything else, so it cannot refer to `{root}`");
    Some(
        Diagnostic::error("Constant expected", detail)
            .at(span)
            .hint("Write a value; functions, `environment.name` and `stack.name` are allowed"),
    )
}

/// Returns what is wrong with a reference where only what is the same in all environments is allowed.
fn shared(root: &str, steps: &[Step], span: Span, what: &str) -> Option<Diagnostic> {
    if root == "stack" {
        return constant(root, steps, span, what);
    }
    let detail = format!("{what} is the same in all environments, so it cannot refer to `{root}`");
    Some(
        Diagnostic::error("Constant expected", detail)
            .at(span)
            .hint("Write a value; functions and `stack.name` are allowed"),
    )
}

fn unknown_function(name: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("Unknown function", format!("There is no function `{name}`"));
    let near = infra_model::diagnostic::near_match(name, Function::names());
    diagnostic.hint(match near {
        Some(near) => format!("Did you mean `{near}`?"),
        None => "All functions stand in docs/reference/functions.md".to_owned(),
    })
}

fn unknown_root(root: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error("Unknown name", format!("Nothing is called `{root}`"));
    let hint = match root {
        "data" | "resource" => Some("A stack refers to components, such as `postgres.main.url`".to_owned()),
        "terraform" => Some("The name of the environment is `environment.name`".to_owned()),
        "path" | "self" => {
            Some("A stack is the same wherever it lies, so there is nothing of this sort".to_owned())
        }
        _ => {
            let kinds = component::KINDS.iter().map(|kind| kind.kind);
            suggestion(
                root,
                "A reference starts with",
                ROOTS.iter().copied().chain(kinds),
            )
        }
    };
    with_hint(diagnostic, hint)
}

fn incomplete(root: &str) -> Diagnostic {
    Diagnostic::error("Incomplete reference", format!("`{root}` alone is no value")).hint(how_to_write(root))
}

fn no_such(root: &str, name: &str) -> Diagnostic {
    Diagnostic::error("Unknown name", format!("`{root}` has no `{name}`")).hint(how_to_write(root))
}

fn how_to_write(root: &str) -> String {
    match root {
        "each" => "Write `each.key` or `each.value`".to_owned(),
        "count" => "Write `count.index`".to_owned(),
        "environment" | "stack" => format!("Write `{root}.name`"),
        _ => format!("Write `{root}.<name>`"),
    }
}

fn undeclared<'c>(what: &str, name: &str, declared: impl Iterator<Item = &'c str> + Clone) -> Diagnostic {
    let diagnostic = Diagnostic::error("Unknown name", format!("No {what} is called `{name}`"));
    let hint = suggestion(name, "Declared are", declared)
        .unwrap_or_else(|| format!("Declare a {what} of this name"));
    diagnostic.hint(hint)
}

fn own_name_problem(root: &str, name: &str) -> Option<Diagnostic> {
    (name != "name").then(|| no_such(root, name))
}

fn each_problem(name: &str, component: Option<&Shape<'_>>) -> Option<Diagnostic> {
    if component.is_none_or(|component| component.attribute("for_each").is_none()) {
        return Some(
            Diagnostic::error(
                "No instances",
                "`each` stands for one of several components, and here is no `for_each`",
            )
            .hint("Add `for_each = …` to the component"),
        );
    }
    (!matches!(name, "key" | "value")).then(|| no_such("each", name))
}

fn count_problem(name: &str, component: Option<&Shape<'_>>) -> Option<Diagnostic> {
    if component.is_none_or(|component| component.attribute("count").is_none()) {
        return Some(
            Diagnostic::error(
                "No instances",
                "`count` stands for one of several components, and here is no `count`",
            )
            .hint("Add `count = …` to the component"),
        );
    }
    (name != "index").then(|| no_such("count", name))
}

fn output_problem(scopes: &[Scope<'_>], scope: usize, module: &str, steps: &[Step]) -> Option<Diagnostic> {
    let child = &scopes[*scopes[scope].children.get(module)?].declarations;
    let first = steps.first()?;
    let name = step_name(first)?;
    if child.outputs.contains_key(name) || child.incomplete {
        return None;
    }
    let diagnostic =
        Diagnostic::error("Unknown name", format!("The module has no output `{name}`")).at(first.span);
    Some(with_hint(
        diagnostic,
        suggestion(name, "Its outputs", child.outputs.keys().copied()),
    ))
}

/// Returns what is wrong with the steps after the name of a component.
fn component_problem(target: &Shape<'_>, steps: &[Step]) -> Option<Diagnostic> {
    let first = steps.first()?;
    let name = format!("{}.{}", target.schema.kind, target.name());
    let steps = match (&first.kind, is_several(target)) {
        (StepKind::Attribute(_), true) => {
            let detail = format!("`{name}` has several instances, so a reference says which");
            return Some(
                Diagnostic::error("Instance expected", detail)
                    .at(first.span)
                    .hint(format!("Write `{name}[…]` with the key of one of them")),
            );
        }
        (StepKind::Index(index), false)
            if !is_text(index) || export_problem(target, &steps[..1]).is_some() =>
        {
            let detail = format!("`{name}` has neither `for_each` nor `count`, so there is one of it");
            return Some(
                Diagnostic::error("No instances", detail)
                    .at(first.span)
                    .hint(format!("Write `{name}`")),
            );
        }
        (StepKind::Splat | StepKind::AttributeSplat, _) => return None,
        (_, true) => &steps[1..],
        (_, false) => steps,
    };
    export_problem(target, steps)
}

fn export_problem(target: &Shape<'_>, steps: &[Step]) -> Option<Diagnostic> {
    let mut path = Vec::new();
    for step in steps {
        path.push(step_name(step)?.to_owned());
        match exported(target, &path) {
            Ok(Exported { leaf: Some(leaf), .. }) => return leaf_problem(leaf, steps.get(path.len())?),
            Ok(_) => {}
            Err(_) if target.broken => return None,
            Err(fault) => return Some(not_exported(target, &path, &fault).at(step.span)),
        }
    }
    None
}

/// Returns what is wrong with a step further than an export: only lists have something inside.
fn leaf_problem(leaf: &Export, next: &Step) -> Option<Diagnostic> {
    let is_name = matches!(next.kind, StepKind::Attribute(_));
    if leaf.value == ExportType::Texts && !is_name {
        return None;
    }
    let name = leaf.path.last().copied().unwrap_or_default();
    let what = match leaf.value {
        ExportType::Texts => "a list of texts",
        ExportType::Text => "a text",
        ExportType::Number => "a number",
    };
    Some(Diagnostic::error("Unknown export", format!("`{name}` is {what}, it has no members")).at(next.span))
}

/// Returns the error for a path that a component does not export.
pub(crate) fn not_exported(target: &Shape<'_>, path: &[String], fault: &NotExported) -> Diagnostic {
    let name = &path[fault.at];
    let kind = target.schema.kind;
    let detail = match fault.at {
        0 => format!("A {kind} exports no `{name}`"),
        at => format!(
            "`{kind}.{}.{}` has no `{name}`",
            target.name(),
            path[..at].join(".")
        ),
    };
    let candidates = fault.candidates.iter().map(String::as_str);
    with_hint(
        Diagnostic::error("Unknown export", detail),
        suggestion(name, "There are", candidates),
    )
}

fn is_text(expression: &Expr) -> bool {
    matches!(&expression.kind, ExprKind::Literal(value) if value.as_str().is_some())
}
