//! Adds the modules that a stack calls, and those that they call.

use std::collections::BTreeMap;

use infra_model::diagnostic::{Diagnostic, Span};

use crate::declarations::{Declarations, declarations};
use crate::evaluate::World;
use crate::language::rule::Rule;
use crate::language::stack::MODULE_FILE;
use crate::load::{Parsed, resolve};
use crate::report::{Failed, suggestion, with_hint};
use crate::scope::Scope;
use crate::shape::{Shape, shape};
use crate::syntax::ExprKind;

/// The most modules of a stack: calls inside called modules multiply.
const MODULES_MAX: usize = 10_000;

impl<'a> World<'a> {
    /// Adds a scope for every call of a module.
    pub(super) fn add_modules(&mut self, parsed: &'a Parsed) {
        let mut at = 0;
        while at < self.scopes.len() {
            let mut children = BTreeMap::new();
            let mut added = Vec::new();
            for (name, call) in &self.scopes[at].declarations.modules {
                if let Ok(scope) = self.module_of(parsed, at, name, call) {
                    children.insert(*name, self.scopes.len() + added.len());
                    added.push(scope);
                }
            }
            if self.scopes.len() + added.len() > MODULES_MAX {
                let diagnostic = Diagnostic::error(
                    "Stack too large",
                    format!("It calls more than {MODULES_MAX} modules"),
                );
                self.report
                    .add(diagnostic.hint("Look for modules that call each other many times over"));
                return;
            }
            self.scopes[at].children = children;
            self.scopes.extend(added);
            at += 1;
        }
    }

    fn module_of(
        &self,
        parsed: &'a Parsed,
        parent: usize,
        name: &'a str,
        call: &Shape<'a>,
    ) -> Result<Scope<'a>, Failed> {
        let (source, span) = self.source(call)?;
        let folder = resolve(&self.scopes[parent].folder, source);
        self.check_module_cycle(parent, &folder, span)?;
        // A folder that could not be read was reported when the files were.
        let files = parsed
            .folders
            .get(&folder)
            .filter(|files| !files.is_empty())
            .ok_or(Failed)?;
        let shape = shape(files.iter().map(|file| &file.body), &MODULE_FILE, &self.report);
        let declared = declarations(shape, &self.report);
        self.check_arguments(call, &declared);
        let mut scope = Scope::new(declared, folder);
        scope.parent = Some(parent);
        scope.path = self.scopes[parent].path.clone();
        scope.path.push(name);
        Ok(scope)
    }

    fn source(&self, call: &Shape<'a>) -> Result<(&'a str, Span), Failed> {
        let Some(attribute) = call.attribute("source") else {
            if call.broken {
                return Err(Failed);
            }
            let diagnostic = Diagnostic::error(
                "Missing attribute",
                "`module` needs `source`: the folder of the module",
            );
            return Err(self
                .report
                .fail(diagnostic.at(call.span).hint("Add `source = \"./…\"`")));
        };
        let span = attribute.value.span;
        let ExprKind::Literal(value) = &attribute.value.kind else {
            let diagnostic =
                Diagnostic::error("Constant expected", "The source of a module is a plain text").at(span);
            return Err(self
                .report
                .fail(diagnostic.hint("Write \"./\" and the name of a folder")));
        };
        match value.as_str().map(|source| (source, Rule::Folder.fault(source))) {
            Some((source, None)) => Ok((source, span)),
            _ => {
                let diagnostic =
                    Diagnostic::error("Invalid value", "The source of a module is a local folder").at(span);
                Err(self
                    .report
                    .fail(diagnostic.hint(format!("Expected {}", Rule::Folder.expected()))))
            }
        }
    }

    fn check_module_cycle(&self, parent: usize, folder: &str, span: Span) -> Result<(), Failed> {
        let mut path = vec![shown(folder)];
        let mut at = Some(parent);
        while let Some(scope) = at.map(|at| &self.scopes[at]) {
            path.push(shown(&scope.folder));
            if scope.folder == folder {
                path.reverse();
                let detail = format!("These modules call each other: {}", path.join(" → "));
                return Err(self.report.fail(Diagnostic::error("Cycle", detail).at(span)));
            }
            at = scope.parent;
        }
        Ok(())
    }

    fn check_arguments(&self, call: &Shape<'_>, module: &Declarations<'_>) {
        for argument in &call.free {
            let name = &*argument.name.text;
            if module.variables.contains_key(name) || module.incomplete {
                continue;
            }
            let diagnostic =
                Diagnostic::error("Unknown argument", format!("The module has no variable `{name}`"));
            let hint = match name {
                "for_each" | "count" | "depends_on" => Some(format!(
                    "`{name}` stands at components; hand the module what they need for it"
                )),
                _ => suggestion(name, "Its variables", module.variables.keys().copied()),
            };
            self.report
                .add(with_hint(diagnostic.at(argument.name.span), hint));
        }
        for (name, variable) in &module.variables {
            let given = call.free.iter().any(|argument| &*argument.name.text == *name);
            if !given && variable.attribute("default").is_none() && !variable.broken && !call.broken {
                let detail = format!("The module needs a value for its variable `{name}`");
                self.report.add(
                    Diagnostic::error("Missing argument", detail)
                        .at(call.span)
                        .related(variable.span, "declared here")
                        .hint(format!("Add `{name} = …`")),
                );
            }
        }
    }
}

fn shown(folder: &str) -> String {
    if folder.is_empty() {
        "the stack".to_owned()
    } else {
        format!("`{folder}`")
    }
}
