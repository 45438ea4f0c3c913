//! What the files of a folder declare, by name.

use std::collections::BTreeMap;

use infra_model::diagnostic::{Diagnostic, near_match};

use crate::language::{BlockSchema, component};
use crate::report::{Report, suggestion, with_hint};
use crate::shape::Shape;
use crate::syntax::{Attribute, Name};

/// A component's kind and label.
pub(crate) type ComponentName<'a> = (&'static str, &'a str);

/// All declarations of a stack or module.
#[derive(Debug)]
pub(crate) struct Declarations<'a> {
    pub stack: Option<Shape<'a>>,
    pub store: Option<Shape<'a>>,
    pub parity: Option<Shape<'a>>,
    pub variables: BTreeMap<&'a str, Shape<'a>>,
    pub locals: BTreeMap<&'a str, &'a Attribute>,
    pub components: BTreeMap<ComponentName<'a>, Shape<'a>>,
    pub settings: BTreeMap<&'a str, Shape<'a>>,
    pub modules: BTreeMap<&'a str, Shape<'a>>,
    pub outputs: BTreeMap<&'a str, Shape<'a>>,
    pub moved: Vec<Shape<'a>>,
    /// Whether some declarations could not be read, so that an unknown name may only be hidden by that.
    pub incomplete: bool,
}

/// Sorts the blocks of a folder's files by what they declare.
pub(crate) fn declarations<'a>(shape: Shape<'a>, report: &Report) -> Declarations<'a> {
    let mut all = Declarations {
        stack: None,
        store: None,
        parity: None,
        variables: BTreeMap::new(),
        locals: BTreeMap::new(),
        components: BTreeMap::new(),
        settings: BTreeMap::new(),
        modules: BTreeMap::new(),
        outputs: BTreeMap::new(),
        moved: Vec::new(),
        incomplete: shape.broken,
    };
    for block in shape.blocks {
        match block.schema.kind {
            "stack" => all.stack = Some(block),
            "store" => all.store = Some(block),
            "parity" => all.parity = Some(block),
            "variable" => insert(&mut all.variables, block),
            "module" => insert(&mut all.modules, block),
            "settings" => insert(&mut all.settings, block),
            "output" => insert(&mut all.outputs, block),
            "moved" => all.moved.push(block),
            "locals" => add_locals(&mut all.locals, &block, report),
            kind => {
                all.components.insert((kind, block.name()), block);
            }
        }
    }
    all
}

fn insert<'a>(into: &mut BTreeMap<&'a str, Shape<'a>>, block: Shape<'a>) {
    into.insert(block.name(), block);
}

fn add_locals<'a>(into: &mut BTreeMap<&'a str, &'a Attribute>, block: &Shape<'a>, report: &Report) {
    for local in &block.free {
        if let Some(first) = into.get(&*local.name.text) {
            report.add(
                Diagnostic::error(
                    "Duplicate local",
                    format!("`local.{}` is declared twice", local.name.text),
                )
                .at(local.name.span)
                .related(first.name.span, "first declared here"),
            );
            continue;
        }
        into.insert(&local.name.text, local);
    }
}

impl<'a> Declarations<'a> {
    /// Returns the labels of the components of a kind.
    pub(crate) fn labels(&self, kind: &'static str) -> impl Iterator<Item = &'a str> + Clone + '_ {
        let all = (kind, "")..;
        self.components
            .range(all)
            .take_while(move |((found, _), _)| *found == kind)
            .map(|((_, label), _)| *label)
    }

    /// Takes over the store of an overlay. An environment may have one where the stack has none: where a state is
    /// kept says nothing about what is wanted.
    pub(crate) fn override_store(&mut self, overlay: Shape<'a>) {
        match &mut self.store {
            Some(store) => store.override_with(overlay),
            None => self.store = Some(overlay),
        }
    }

    /// Merges the settings of an overlay into those of the stack. Only one environment may have a consumer, or a setting
    /// of it; one that is spelled nearly as one of the stack is told.
    pub(crate) fn merge_settings(&mut self, overlay: Vec<Shape<'a>>, report: &Report) {
        for block in overlay {
            match self.settings.get_mut(block.name()) {
                Some(settings) => {
                    let known = || settings.blocks.iter().map(Shape::name);
                    block
                        .blocks
                        .iter()
                        .for_each(|setting| tell_near(setting, known(), report));
                    settings.merge(block);
                }
                None => {
                    tell_near(&block, self.settings.keys().copied(), report);
                    insert(&mut self.settings, block);
                }
            }
        }
    }

    /// Merges the components of an overlay into those of the stack.
    pub(crate) fn merge(&mut self, overlay: Vec<Shape<'a>>, report: &Report) {
        for block in overlay {
            match self.components.get_mut(&(block.schema.kind, block.name())) {
                Some(component) => component.merge(block),
                None if self.incomplete => {}
                None => report.add(self.nothing_to_override(block.schema, block.label)),
            }
        }
    }

    fn nothing_to_override(&self, schema: &BlockSchema, label: Option<&Name>) -> Diagnostic {
        let kind = component::kind(schema.kind).map_or("", |kind| kind.kind);
        let name = label.map_or("", |label| &label.text);
        let detail = format!("The stack declares no `{kind} \"{name}\"`, so there is nothing to override");
        let diagnostic = Diagnostic::error("Nothing to override", detail);
        let diagnostic = match label {
            Some(label) => diagnostic.at(label.span),
            None => diagnostic,
        };
        let hint = suggestion(name, "Declared are", self.labels(kind)).unwrap_or_else(|| {
            "Declare it in `stack.hcl`, with `count` for the environments that have it".to_owned()
        });
        with_hint(diagnostic, Some(hint))
    }
}

/// Warns of a name that only an overlay has, if it may be a slip of one that the stack has.
fn tell_near<'a>(block: &Shape<'_>, known: impl Iterator<Item = &'a str> + Clone, report: &Report) {
    let name = block.name();
    if known.clone().any(|one| one == name) {
        return;
    }
    let (Some(label), Some(near)) = (block.label, near_match(name, known)) else {
        return;
    };
    let kind = block.schema.kind;
    let detail =
        format!("The stack declares `{kind} \"{near}\"`, and this environment `{kind} \"{name}\"` beside it");
    let warning = Diagnostic::warning("Nearly the same name", detail).at(label.span);
    let hint = format!("Write `{near}` if that is meant, or declare `{name}` in the stack too");
    report.add(with_hint(warning, Some(hint)));
}
