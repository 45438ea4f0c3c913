//! Environments: what a stack's overlays say about themselves.

use std::cell::Cell;
use std::collections::BTreeMap;

use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::environment::{ApprovalRule, DataPolicy, Environment, ProviderChoice};
use infra_model::value::Value;

use crate::evaluate::{Place, World, shown};
use crate::language::environment::{OVERLAY, is_provider, provider_names, settings};
use crate::load::{Parsed, ParsedFile};
use crate::report::{Failed, Report, suggestion, with_hint};
use crate::shape::{Shape, shape};
use crate::typed::Node;
use crate::variable::Missing;
use infra_model::clock::parse_duration;

/// What commands need to know of an environment before they read the stack for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentHead {
    /// Its name.
    pub name: String,
    /// Other names that commands accept.
    pub aliases: Vec<String>,
    /// The order in which a change is promoted.
    pub wave: u32,
    /// The name of its provider, if it could be read.
    pub provider: Option<String>,
    /// Its file.
    pub file: String,
    /// Where it is declared.
    pub span: Span,
}

/// The bounds of the life of an approval, in seconds.
const APPROVAL_S: std::ops::RangeInclusive<u64> = 60..=90 * 86_400;

/// Returns all environments that a stack declares, in the order of their waves and names.
#[must_use]
pub fn environments(parsed: &Parsed) -> Vec<EnvironmentHead> {
    let mut heads: Vec<EnvironmentHead> = parsed.overlays.iter().filter_map(head).collect();
    heads.sort_by(|left, right| (left.wave, &left.name).cmp(&(right.wave, &right.name)));
    heads
}

/// Returns the environment with this name or alias.
///
/// # Errors
///
/// A diagnostic that says which environments there are.
pub fn find(parsed: &Parsed, name: &str) -> Result<EnvironmentHead, Box<Diagnostic>> {
    let heads = environments(parsed);
    let found = heads.iter().find(|head| head.name == name);
    let found = found.or_else(|| {
        heads
            .iter()
            .find(|head| head.aliases.iter().any(|alias| alias == name))
    });
    if let Some(head) = found {
        return Ok(head.clone());
    }
    let diagnostic = Diagnostic::error(
        "Unknown environment",
        format!("The stack has no environment `{name}`"),
    );
    let names = heads
        .iter()
        .flat_map(|head| [&head.name].into_iter().chain(&head.aliases));
    let hint = suggestion(name, "There are", names.map(String::as_str));
    Err(Box::new(with_hint(
        diagnostic,
        hint.or_else(|| Some(format!("Declare it in env/{name}.hcl"))),
    )))
}

fn head(file: &ParsedFile) -> Option<EnvironmentHead> {
    let world = constant_world();
    let overlay = shape([&file.body], &OVERLAY, &world.report);
    let block = overlay.block("environment")?;
    let node = world.node(block, &Place::CONSTANT);
    Some(EnvironmentHead {
        name: block.name().to_owned(),
        aliases: node.texts("aliases").unwrap_or_default(),
        wave: node.whole("wave").unwrap_or_default(),
        provider: block.block("provider").map(|provider| provider.name().to_owned()),
        file: file.path.clone(),
        span: block.span,
    })
}

/// Returns a world in which only constants can be evaluated; what is wrong is reported when the stack is read.
fn constant_world() -> World<'static> {
    World {
        report: Report::default(),
        scopes: Vec::new(),
        inputs: BTreeMap::new(),
        missing: Missing::Refuse,
        seeds: None,
        environment: "",
        stack: String::new(),
        steps: Cell::new(0),
    }
}

/// Returns the environment that an overlay declares.
pub(crate) fn environment(world: &World<'_>, block: &Shape<'_>) -> Result<Environment, Failed> {
    let node = world.node(block, &Place::CONSTANT);
    let provider = provider(world, &node);
    let approval = node
        .block("approval")
        .map(|approval| self::approval(world, approval))
        .transpose();
    Ok(Environment {
        name: block.name().to_owned(),
        aliases: node.texts("aliases")?,
        wave: node.whole("wave")?,
        data: match node.text("data")? {
            "none" => DataPolicy::None,
            "mock" => DataPolicy::Mock,
            "anonymised" => DataPolicy::Anonymised,
            "real" => DataPolicy::Real,
            _ => return Err(Failed),
        },
        provider: provider?,
        approval: approval?,
        span: block.span,
    })
}

fn provider(world: &World<'_>, node: &Node<'_>) -> Result<ProviderChoice, Failed> {
    let Some(provider) = node.block("provider") else {
        if node.shape.broken {
            return Err(Failed);
        }
        let diagnostic = Diagnostic::error(
            "Missing provider",
            "An environment says who provides its resources",
        );
        let hint = "Add `provider \"local\" {}`";
        return Err(world.report.fail(diagnostic.at(node.shape.span).hint(hint)));
    };
    let name = provider.shape.name();
    if !is_provider(name) {
        let diagnostic = Diagnostic::error("Unknown provider", format!("There is no provider `{name}`"));
        let span = provider
            .shape
            .label
            .map_or(provider.shape.span, |label| label.span);
        let hint = suggestion(name, "There are", provider_names());
        return Err(world.report.fail(with_hint(diagnostic.at(span), hint)));
    }
    check_settings(world, provider, name);
    Ok(ProviderChoice {
        name: name.to_owned(),
        settings: provider.free.clone()?,
        span: provider.shape.span,
    })
}

/// Reports settings that the provider does not have, and values that are no texts.
fn check_settings(world: &World<'_>, provider: &Node<'_>, name: &str) {
    let (Some(known), Ok(values)) = (settings(name), &provider.free) else {
        return;
    };
    for attribute in &provider.shape.free {
        let setting = &*attribute.name.text;
        if !known.contains(&setting) {
            let detail = format!("The provider `{name}` has no setting `{setting}`");
            let diagnostic = Diagnostic::error("Unknown setting", detail).at(attribute.name.span);
            let hint = suggestion(setting, "There are", known.iter().copied());
            world.report.add(with_hint(diagnostic, hint));
            continue;
        }
        match values.get(setting) {
            Some(Value::String(_)) | None => {}
            Some(value) => {
                let detail = format!("`{setting}` takes a text, found {}", shown(value));
                let diagnostic = Diagnostic::error("Invalid value", detail).at(attribute.value.span);
                let hint =
                    matches!(value, Value::Number(_)).then(|| format!("Write it in quotes: \"{value:?}\""));
                world.report.add(with_hint(diagnostic, hint));
            }
        }
    }
}

fn approval(world: &World<'_>, node: &Node<'_>) -> Result<ApprovalRule, Failed> {
    let expires_s = parse_duration(node.text("expires")?).ok_or(Failed)?;
    if !APPROVAL_S.contains(&expires_s) {
        let detail = "An approval expires after a minute at the earliest and 90 days at the latest";
        return Err(world
            .report
            .fail(Diagnostic::error("Invalid value", detail).at(node.span("expires"))));
    }
    Ok(ApprovalRule {
        required: node.whole("required")?,
        allow_author: node.flag("allow_author")?,
        expires_s,
    })
}

/// Reports names and aliases that stand for two environments.
pub(crate) fn check_clashes(parsed: &Parsed, report: &Report) {
    let heads = environments(parsed);
    let mut taken: BTreeMap<&str, &EnvironmentHead> = BTreeMap::new();
    for head in &heads {
        if let Some(other) = taken.insert(&head.name, head) {
            let diagnostic = Diagnostic::error(
                "Duplicate environment",
                format!("`{}` is declared twice", head.name),
            );
            report.add(
                diagnostic
                    .at(head.span)
                    .related(other.span, "first declared here"),
            );
        }
    }
    for head in &heads {
        for alias in &head.aliases {
            match taken.get(alias.as_str()) {
                Some(other) => {
                    let detail = format!("`{alias}` already names the environment `{}`", other.name);
                    let diagnostic = Diagnostic::error("Duplicate alias", detail).at(head.span);
                    report.add(
                        diagnostic
                            .related(other.span, "declared here")
                            .hint("Choose another alias"),
                    );
                }
                None => {
                    taken.insert(alias, head);
                }
            }
        }
    }
}
