//! Puts a stack together: its files, an overlay, variables from outside, and modules.

use std::cell::Cell;
use std::collections::BTreeMap;

use infra_model::diagnostic::Diagnostic;

use crate::declarations::declarations;
use crate::evaluate::{Place, World};
use crate::language::environment::OVERLAY;
use crate::language::stack::STACK_FILE;
use crate::load::{Parsed, ParsedFile};
use crate::names::Context;
use crate::report::{Report, suggestion, with_hint};
use crate::scope::Scope;
use crate::shape::{Shape, shape};
use crate::stack::file_stem;
use crate::variable::{Given, Input, Missing, Origin};

mod check;
mod modules;

/// A stack with an overlay, ready to be evaluated.
#[derive(Debug)]
pub(crate) struct Built<'a> {
    pub world: World<'a>,
    /// The block of the environment.
    pub environment: Option<Shape<'a>>,
}

/// Returns the stack with an overlay; every name in it was checked.
pub(crate) fn build<'a>(
    parsed: &'a Parsed,
    overlay: Option<&'a ParsedFile>,
    variables: &'a BTreeMap<String, Given>,
    missing: Missing,
) -> Built<'a> {
    let report = Report::default();
    let files = parsed.folders.get("").map_or(&[][..], Vec::as_slice);
    let root = shape(files.iter().map(|file| &file.body), &STACK_FILE, &report);
    let mut declared = declarations(root, &report);
    let overlay = overlay.map(|file| split(file, &report)).unwrap_or_default();
    declared.merge(overlay.components, &report);
    declared.merge_settings(overlay.settings, &report);
    if let Some(store) = overlay.store {
        declared.override_store(store);
    }
    let mut world = World {
        report,
        scopes: vec![Scope::new(declared, String::new())],
        inputs: BTreeMap::new(),
        missing,
        seeds: Some(&parsed.seeds),
        environment: overlay.environment.as_ref().map_or("", |block| block.name()),
        stack: String::new(),
        steps: Cell::new(0),
    };
    crate::environment::check_clashes(parsed, &world.report);
    world.add_modules(parsed);
    world.add_inputs(overlay.variables.as_ref(), variables);
    world.stack = world.stack_name(files.first());
    world.check_all_names();
    if let Some(block) = &overlay.environment {
        world.check_shape_names(block, Context::Constant("The environment"));
    }
    Built {
        world,
        environment: overlay.environment,
    }
}

/// What an overlay holds.
#[derive(Default)]
struct Overlay<'a> {
    environment: Option<Shape<'a>>,
    variables: Option<Shape<'a>>,
    store: Option<Shape<'a>>,
    components: Vec<Shape<'a>>,
    settings: Vec<Shape<'a>>,
}

fn split<'a>(file: &'a ParsedFile, report: &Report) -> Overlay<'a> {
    let whole = shape([&file.body], &OVERLAY, report);
    let mut overlay = Overlay::default();
    let broken = whole.broken;
    for block in whole.blocks {
        match block.schema.kind {
            "environment" => overlay.environment = Some(block),
            "variables" => overlay.variables = Some(block),
            "store" => overlay.store = Some(block),
            "settings" => overlay.settings.push(block),
            _ => overlay.components.push(block),
        }
    }
    check_environment(file, &overlay, broken, report);
    overlay
}

fn check_environment(file: &ParsedFile, overlay: &Overlay<'_>, broken: bool, report: &Report) {
    let stem = file_stem(file);
    let Some(block) = &overlay.environment else {
        if !broken {
            let detail = format!("`{}` declares no environment", file.path);
            report.add(
                Diagnostic::error("Missing environment", detail)
                    .at(infra_model::diagnostic::Span {
                        source: file.source,
                        ..Default::default()
                    })
                    .hint(format!(
                        "Add `environment \"{stem}\" {{ provider \"local\" {{}} }}`"
                    )),
            );
        }
        return;
    };
    if block.name() != stem {
        let detail = format!("`{}` declares the environment `{}`", file.path, block.name());
        report.add(
            Diagnostic::error("Misnamed file", detail)
                .at(block.label.map_or(block.span, |label| label.span))
                .hint(format!(
                    "Rename the file to env/{}.hcl, or the environment to `{stem}`",
                    block.name()
                )),
        );
    }
}

impl<'a> World<'a> {
    /// Takes over the values that the overlay and the outside give for the stack's variables.
    fn add_inputs(&mut self, overlay: Option<&Shape<'a>>, outside: &'a BTreeMap<String, Given>) {
        let declared = &self.scopes[0].declarations;
        let known = declared.variables.keys().copied();
        for attribute in overlay.iter().flat_map(|block| &block.free) {
            let name = &*attribute.name.text;
            self.check_names(&attribute.value, Context::Constant("A value of an environment"));
            if declared.variables.contains_key(name) {
                self.inputs.insert(name, Input::Overlay(&attribute.value));
            } else if !declared.incomplete {
                let diagnostic = Diagnostic::error(
                    "Unknown variable",
                    format!("The stack declares no variable `{name}`"),
                );
                let hint = suggestion(name, "Declared are", known.clone())
                    .unwrap_or_else(|| format!("Declare it with `variable \"{name}\" {{}}` in `stack.hcl`"));
                self.report.add(diagnostic.at(attribute.name.span).hint(hint));
            }
        }
        for (name, given) in outside {
            if let Some((name, shape)) = declared.variables.get_key_value(name.as_str()) {
                // Whoever only looks sees the same whether somebody gave a secret or not.
                let is_written = shape.attribute("default").is_some() || self.inputs.contains_key(name);
                if !(is_written && self.missing == Missing::Imagine && self.flag(shape, "secret")) {
                    self.inputs.insert(name, Input::Outside(given));
                }
            } else if given.origin == Origin::Argument && !declared.incomplete {
                let detail = format!("A value is given for `{name}`, which the stack does not declare");
                let hint = suggestion(name, "Declared are", known.clone());
                self.report
                    .add(with_hint(Diagnostic::error("Unknown variable", detail), hint));
            }
        }
    }

    fn stack_name(&self, file: Option<&ParsedFile>) -> String {
        let Some(block) = &self.scopes[0].declarations.stack else {
            if let Some(file) = file.filter(|_| !self.scopes[0].declarations.incomplete) {
                let diagnostic =
                    Diagnostic::error("Missing block", "A stack needs a block `stack` with its name");
                let span = infra_model::diagnostic::Span {
                    source: file.source,
                    ..Default::default()
                };
                self.report
                    .add(diagnostic.at(span).hint("Add `stack { name = \"…\" }`"));
            }
            return String::new();
        };
        self.check_shape_names(block, Context::Constant("The stack"));
        let node = self.node(block, &Place::CONSTANT);
        node.text("name").unwrap_or_default().to_owned()
    }
}
