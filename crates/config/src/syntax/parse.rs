//! Parses a file item by item, so that one mistake hides no other.
//!
//! An item that does not parse is opened: its header is read by itself and its inside item by item. What can be
//! read stays in the tree, marked as broken, so that later checks know the names it declares.

use std::collections::BTreeSet;
use std::ops::Range;

use hcl_edit::parser::parse_body;
use infra_model::diagnostic::{Diagnostic, SourceId};

use super::convert::Origin;
use super::scan::{Item, Problem, items};
use super::{Block, Body, grammar};

/// Returns the tree of a file and adds what is wrong with it.
pub(crate) fn parse(source: SourceId, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Body {
    // A byte order mark is white space to people and an error to the parser.
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut file = File {
        source,
        text,
        diagnostics,
        level: 0,
    };
    file.body(start..text.len(), Strays::Report)
}

/// What happens to closing brackets that nothing opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strays {
    Report,
    /// The end of the block was not found, so one of them is it.
    Ignore,
}

struct File<'t> {
    source: SourceId,
    text: &'t str,
    diagnostics: &'t mut Vec<Diagnostic>,
    /// How many blocks around this place are open.
    level: usize,
}

/// How many levels of a block that is nested too deeply are looked into for other mistakes.
const DEEP_LEVELS_MAX: usize = 3;

impl File<'_> {
    fn body(&mut self, range: Range<usize>, strays: Strays) -> Body {
        let mut body = Body::default();
        for item in items(self.text, range) {
            let is_stray = matches!(item.problems.first(), Some(Problem::Stray(_)));
            if !(is_stray && strays == Strays::Ignore) {
                self.item(&item, &mut body);
            }
        }
        body
    }

    fn item(&mut self, item: &Item, body: &mut Body) {
        if !item.problems.is_empty() {
            body.broken = true;
            self.item_with_problems(item, body);
            return;
        }
        let text = &self.text[item.range.clone()];
        match parse_body(text) {
            Ok(parsed) => self.origin(item.range.start).body(&parsed, body),
            Err(error) => {
                body.broken = true;
                let at = text.floor_char_boundary(error.location().offset());
                let diagnostic = grammar::error(error.message(), text, at)
                    .at(self.origin(item.range.start).span(at..at + width(text, at)));
                match self.open(item) {
                    Some(block) => {
                        if !block.explained {
                            self.diagnostics.push(diagnostic);
                        }
                        body.blocks.push(block.block);
                    }
                    None => self.diagnostics.push(diagnostic),
                }
            }
        }
    }

    fn item_with_problems(&mut self, item: &Item, body: &mut Body) {
        let is_deep = |problem: &&Problem| matches!(problem, Problem::TooDeep(_));
        if let Some(problem) = item.problems.iter().find(is_deep) {
            self.deep_item(item, *problem, body);
            return;
        }
        let own_brace = item.braces.as_ref().map(|braces| braces.start);
        for problem in &item.problems {
            // What is wrong further inside is found again when the block is opened.
            let is_inside = own_brace.is_some_and(|brace| brace < problem.at());
            let is_unclosed = matches!(problem, Problem::UnclosedBracket(_));
            if !is_inside || (is_unclosed && !self.is_unclosed_inside(item, *problem)) {
                self.problem(*problem);
            }
        }
        if let Some(opened) = self.open(item) {
            body.blocks.push(opened.block);
        }
    }

    /// The parser must not see such an item as a whole; opening it level by level would recurse as deeply.
    fn deep_item(&mut self, item: &Item, problem: Problem, body: &mut Body) {
        let opened = if self.level < DEEP_LEVELS_MAX {
            self.open(item)
        } else {
            None
        };
        if !opened.as_ref().is_some_and(|opened| opened.explained) {
            self.problem(problem);
        }
        body.blocks.extend(opened.map(|opened| opened.block));
    }

    /// Tells whether opening the block will find the same unclosed bracket.
    fn is_unclosed_inside(&self, item: &Item, problem: Problem) -> bool {
        let Some(braces) = &item.braces else { return false };
        items(self.text, braces.start + 1..braces.end)
            .iter()
            .any(|inner| {
                inner
                    .problems
                    .iter()
                    .any(|found| matches!(found, Problem::UnclosedBracket(_)))
                    && inner.range.contains(&problem.at())
            })
    }

    /// Reads a block that does not parse as a whole: its header, and its inside item by item.
    fn open(&mut self, item: &Item) -> Option<Opened> {
        let braces = item.braces.clone()?;
        let header = format!("{}{{}}", &self.text[item.range.start..braces.start]);
        let parsed = parse_body(&header).ok()?;
        let mut outer = Body::default();
        self.origin(item.range.start).body(&parsed, &mut outer);
        let mut block = outer.blocks.pop()?;
        let before = self.diagnostics.len();
        let strays = if item.problems.is_empty() {
            Strays::Report
        } else {
            Strays::Ignore
        };
        self.level += 1;
        block.body = self.body(braces.start + 1..braces.end, strays);
        self.level -= 1;
        block.body.broken = true;
        Some(Opened {
            explained: self.diagnostics.len() > before || repeats_attribute(&block.body),
            block,
        })
    }

    fn problem(&mut self, problem: Problem) {
        let at = problem.at();
        let end = at + width(self.text, at);
        self.diagnostics
            .push(grammar::problem(problem).at(self.origin(0).span(at..end)));
    }

    fn origin(&self, offset: usize) -> Origin {
        Origin {
            source: self.source,
            offset,
        }
    }
}

struct Opened {
    block: Block,
    /// Whether an error inside explains why the whole does not parse.
    explained: bool,
}

/// Tells whether an attribute is set twice: the parser calls that a syntax error, we say where the first one is.
fn repeats_attribute(body: &Body) -> bool {
    let mut seen = BTreeSet::new();
    !body
        .attributes
        .iter()
        .all(|attribute| seen.insert(&attribute.name.text))
}

/// Returns the bytes of the character at a byte, none at a line break.
fn width(text: &str, at: usize) -> usize {
    text[at..]
        .chars()
        .next()
        .filter(|c| !c.is_control())
        .map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests;
