//! `parity`: the declared differences between environments.

use std::collections::BTreeSet;

use infra_model::diagnostic::Diagnostic;
use infra_model::parity::{Exception, Pattern};
use infra_model::value::Value;

use super::Node;
use super::conform::nth;
use crate::environment::EnvironmentHead;
use crate::evaluate::{Place, World};
use crate::report::{Failed, suggestion, with_hint};

/// The environments that an exception can name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'k> {
    pub heads: &'k [EnvironmentHead],
    /// Whether there may be more, whose files could not be read.
    pub incomplete: bool,
}

impl World<'_> {
    /// Returns all exceptions that could be read. What is wrong with the others was reported.
    pub(crate) fn exceptions(&self, known: Known<'_>) -> Vec<Exception> {
        let Some(shape) = &self.scopes[0].declarations.parity else {
            return Vec::new();
        };
        let node = self.node(shape, &Place::CONSTANT);
        node.blocks_of("exception")
            .filter_map(|block| self.exception(block, known).ok())
            .collect()
    }

    fn exception(&self, node: &Node<'_>, known: Known<'_>) -> Result<Exception, Failed> {
        let between = self.between(node, known);
        let paths = patterns(node)?;
        let reason = node.text("reason")?;
        if reason.trim().is_empty() {
            let diagnostic = Diagnostic::error("Invalid value", "A reason says why environments differ");
            return Err(self.report.fail(diagnostic.at(node.span("reason"))));
        }
        if paths.is_empty() {
            let diagnostic =
                Diagnostic::error("Invalid value", "An exception without paths declares nothing");
            let hint = "Take the paths from what `infra parity` prints";
            return Err(self.report.fail(diagnostic.at(node.span("paths")).hint(hint)));
        }
        Ok(Exception {
            name: node.shape.name().to_owned(),
            paths,
            between: between?,
            reason: reason.to_owned(),
        })
    }

    /// Returns the names of the environments, aliases looked up; none if any two are meant.
    fn between(&self, node: &Node<'_>, known: Known<'_>) -> Result<BTreeSet<String>, Failed> {
        let Some(listed) = node.value("between")? else {
            return Ok(BTreeSet::new());
        };
        let names = listed.as_list().ok_or(Failed)?.iter().filter_map(Value::as_str);
        let mut found = BTreeSet::new();
        for (at, name) in names.enumerate() {
            let is_named =
                |head: &&EnvironmentHead| head.name == name || head.aliases.iter().any(|alias| alias == name);
            match known.heads.iter().find(is_named) {
                Some(head) => found.insert(head.name.clone()),
                None if known.incomplete => return Err(Failed),
                None => return Err(self.unknown_environment(name, at, node, known)),
            };
        }
        if found.len() < 2 {
            let diagnostic = Diagnostic::error("Invalid value", "It takes two environments to differ");
            let hint = "Name at least two, or leave `between` out for any two";
            return Err(self.report.fail(diagnostic.at(node.span("between")).hint(hint)));
        }
        Ok(found)
    }

    fn unknown_environment(&self, name: &str, at: usize, node: &Node<'_>, known: Known<'_>) -> Failed {
        let detail = format!("The stack has no environment `{name}`");
        let attribute = node.shape.attribute("between");
        let span = attribute.map_or(node.shape.span, |attribute| nth(&attribute.value, at).span);
        let names = known.heads.iter().map(|head| head.name.as_str());
        let diagnostic = Diagnostic::error("Unknown environment", detail).at(span);
        self.report
            .fail(with_hint(diagnostic, suggestion(name, "There are", names)))
    }
}

fn patterns(node: &Node<'_>) -> Result<Vec<Pattern>, Failed> {
    let texts = node.value("paths")?.and_then(Value::as_list).ok_or(Failed)?;
    let attribute = node.shape.attribute("paths").ok_or(Failed)?;
    let pattern = |(at, text): (usize, &Value)| {
        Ok(Pattern {
            text: text.as_str().ok_or(Failed)?.to_owned(),
            span: nth(&attribute.value, at).span,
        })
    };
    texts.iter().enumerate().map(pattern).collect()
}
