//! The typed stack of one environment, and the check of all environments.

use std::collections::BTreeMap;

use infra_model::address::ComponentAddress;
use infra_model::component::Component;
use infra_model::diagnostic::{Diagnostic, Severity, Span};
use infra_model::digest::{Digest, Hasher};
use infra_model::plan::GivenDigests;
use infra_model::stack::Stack;

use crate::build::{Built, build};
use crate::environment::{EnvironmentHead, environment, environments, find};
use crate::evaluate::World;
use crate::language::parity::PARITY;
use crate::load::{Parsed, ParsedFile};
use crate::report::Failed;
use crate::seeds;
use crate::survey::survey;
use crate::typed::parity::Known;
use crate::variable::{Given, Missing};

/// Returns the stack as an environment, named by its name or an alias, sees it, with all that is wrong with it.
///
/// There is a stack if, and only if, no diagnostic is an error. Mistakes in the files of other environments are
/// left out.
#[must_use]
pub fn stack(
    parsed: &Parsed,
    name: &str,
    variables: &BTreeMap<String, Given>,
) -> (Option<Stack>, Vec<Diagnostic>) {
    read_named(parsed, name, variables, Missing::Refuse)
}

/// Returns the same for somebody who only looks: a secret variable without a value has one that cannot be opened.
#[must_use]
pub fn to_look_at(
    parsed: &Parsed,
    name: &str,
    variables: &BTreeMap<String, Given>,
) -> (Option<Stack>, Vec<Diagnostic>) {
    read_named(parsed, name, variables, Missing::Imagine)
}

/// Returns why an environment whose block cannot be found in its file cannot be read.
pub(crate) fn unnamed(
    parsed: &Parsed,
    overlay: &ParsedFile,
    variables: &BTreeMap<String, Given>,
) -> Vec<Diagnostic> {
    read(parsed, Some(overlay), variables, Missing::Imagine).1
}

fn read_named(
    parsed: &Parsed,
    name: &str,
    variables: &BTreeMap<String, Given>,
    missing: Missing,
) -> (Option<Stack>, Vec<Diagnostic>) {
    let head = match find(parsed, name) {
        Ok(head) => head,
        // A file that does not parse may be the one that is asked for.
        Err(_) if has_errors(&parsed.diagnostics) => return (None, parsed.diagnostics.clone()),
        Err(diagnostic) => return (None, vec![*diagnostic]),
    };
    let overlay = parsed
        .overlays
        .iter()
        .find(|file| file.source == head.span.source);
    read(parsed, overlay, variables, missing)
}

/// Returns what is wrong with the stack in any environment.
///
/// A variable without value is no error here: it is a notice, and what needs it is not checked.
#[must_use]
pub fn validate(parsed: &Parsed, variables: &BTreeMap<String, Given>) -> Vec<Diagnostic> {
    let mut all = parsed.diagnostics.clone();
    if parsed.overlays.is_empty() {
        all.extend(read(parsed, None, variables, Missing::Skip).1);
        if parsed.folders.contains_key("") {
            let warning =
                Diagnostic::warning("No environment", "The stack has no file `env/<environment>.hcl`");
            all.push(
                warning.hint("Add env/local.hcl with `environment \"local\" { provider \"local\" {} }`"),
            );
        }
    }
    let mut found: Vec<(Diagnostic, Vec<&str>)> = Vec::new();
    let mut index: BTreeMap<(Option<Span>, String, String), usize> = BTreeMap::new();
    for overlay in &parsed.overlays {
        let name = file_stem(overlay);
        for diagnostic in read(parsed, Some(overlay), variables, Missing::Skip).1 {
            let key = (
                diagnostic.span,
                diagnostic.summary.clone(),
                diagnostic.detail.clone(),
            );
            let at = *index.entry(key).or_insert(found.len());
            match found.get_mut(at) {
                Some((_, names)) => names.push(name),
                None => found.push((diagnostic, vec![name])),
            }
        }
    }
    all.extend(
        found
            .into_iter()
            .map(|(diagnostic, names)| said_of(parsed, diagnostic, &names)),
    );
    // What follows from a mistake would be told as one of its own.
    if !has_errors(&all) && declares_parity(parsed) {
        let survey = survey(parsed, variables);
        all.extend(survey.faults);
        all.extend(survey.stale.into_iter().map(|(_, warning)| warning));
    }
    deduplicated(all)
}

fn declares_parity(parsed: &Parsed) -> bool {
    let files = parsed.folders.get("").map_or(&[][..], Vec::as_slice);
    let mut blocks = files.iter().flat_map(|file| &file.body.blocks);
    blocks.any(|block| &*block.kind.text == PARITY.kind)
}

/// Returns the environments that the stack can name.
pub(crate) fn known<'k>(parsed: &Parsed, heads: &'k [EnvironmentHead]) -> Known<'k> {
    let incomplete = heads.len() < parsed.overlays.len() || has_errors(&parsed.diagnostics);
    Known { heads, incomplete }
}

/// Says which environments a mistake is in, where its place does not and not all have it.
fn said_of(parsed: &Parsed, mut diagnostic: Diagnostic, names: &[&str]) -> Diagnostic {
    let is_overlay = |span: Span| parsed.overlays.iter().any(|file| file.source == span.source);
    let says = diagnostic.span.is_some_and(is_overlay) || diagnostic.severity == Severity::Notice;
    if !says && names.len() < parsed.overlays.len() {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        diagnostic.detail = format!("In {}: {}", names.join(", "), diagnostic.detail);
    }
    diagnostic
}

fn deduplicated(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(|left, right| {
        (left.span, &left.summary, &left.detail).cmp(&(right.span, &right.summary, &right.detail))
    });
    diagnostics.dedup();
    diagnostics
}

fn read(
    parsed: &Parsed,
    overlay: Option<&ParsedFile>,
    variables: &BTreeMap<String, Given>,
    missing: Missing,
) -> (Option<Stack>, Vec<Diagnostic>) {
    let others = parsed
        .overlays
        .iter()
        .filter(|file| overlay.is_none_or(|own| own.source != file.source));
    let others: Vec<_> = others.map(|file| file.source).collect();
    let Built { world, environment } = build(parsed, overlay, variables, missing);
    for diagnostic in &parsed.diagnostics {
        if diagnostic.span.is_none_or(|span| !others.contains(&span.source)) {
            world.report.add(diagnostic.clone());
        }
    }
    world.evaluate_names();
    world.check_validations();
    let environment = environment.map_or(Err(Failed), |block| self::environment(&world, &block));
    let components = world.components();
    if let Ok(environment) = &environment {
        seeds::check_place(environment, &components, &world.report);
    }
    let moved = world.moved(&components);
    let settings = world.settings();
    let store = world.store();
    if world.scopes[0].declarations.parity.is_some() {
        // They are reported here and judged where environments are compared.
        let _ = world.exceptions(known(parsed, &environments(parsed)));
    }
    let config_digest = digest(parsed, overlay, &world, variables, &components);
    let read = environment.and_then(|environment| Ok((environment, store?)));
    let stack = read.ok().map(|(environment, store)| Stack {
        name: world.stack.clone(),
        environment,
        store,
        components,
        settings,
        moved,
        config_digest,
    });
    let mut diagnostics = world.report.into_sorted();
    let failed = has_errors(&diagnostics);
    let is_skipped = diagnostics.iter().any(|one| one.severity == Severity::Notice);
    if stack.is_none() && !failed && overlay.is_some() && !is_skipped {
        // Every failure is reported where it happens; this one was not, and must not pass for an empty stack. Only what
        // needs a variable without a value is left out in silence, because that was noticed.
        diagnostics.push(Diagnostic::error(
            "Unreadable stack",
            "The environment could not be read",
        ));
    }
    (stack.filter(|_| !failed), diagnostics)
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// Returns the name that the file of an overlay gives its environment.
pub(crate) fn file_stem(file: &ParsedFile) -> &str {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    name.strip_suffix(".hcl").unwrap_or(name)
}

/// Returns which of the stack's variables were given from outside, with a digest of each value that is no secret.
#[must_use]
pub fn given(parsed: &Parsed, variables: &BTreeMap<String, Given>) -> GivenDigests {
    let (declared, secret) = (parsed.variables(), parsed.secret_variables());
    let known = variables
        .iter()
        .filter(|(name, _)| declared.contains(name.as_str()));
    known
        .map(|(name, given)| {
            let is_secret = secret.contains(name.as_str());
            let digest = (!is_secret).then(|| Digest::of(given.text.expose().as_bytes()));
            (name.clone(), digest)
        })
        .collect()
}

/// Returns the digest of all files that the environment is made from, seeds included, and of the variables given from
/// outside, those that are secret left out.
fn digest(
    parsed: &Parsed,
    overlay: Option<&ParsedFile>,
    world: &World<'_>,
    variables: &BTreeMap<String, Given>,
    components: &BTreeMap<ComponentAddress, Component>,
) -> Digest {
    let mut hasher = Hasher::new();
    let used = |folder: &str| world.scopes.iter().any(|scope| scope.folder == folder);
    let files = parsed
        .folders
        .iter()
        .filter(|(folder, _)| used(folder))
        .flat_map(|(_, files)| files);
    for file in files.chain(overlay) {
        let text = parsed.sources.get(file.source).map_or("", |source| &source.text);
        hasher.tagged(b'f', file.path.as_bytes());
        hasher.tagged(b't', text.replace("\r\n", "\n").as_bytes());
    }
    for (path, text) in seeds::used(components) {
        hasher.tagged(b'f', path.as_bytes());
        hasher.tagged(b't', text.as_bytes());
    }
    for (name, given) in variables {
        let declared = world
            .scopes
            .first()
            .and_then(|stack| stack.declarations.variables.get(name.as_str()));
        if declared.is_some_and(|variable| !world.flag(variable, "secret")) {
            hasher.tagged(b'v', name.as_bytes());
            hasher.tagged(b't', given.text.expose().as_bytes());
        }
    }
    hasher.finish()
}
