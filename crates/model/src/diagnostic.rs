//! Diagnostics: what is wrong with a stack, where, and what to do.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub mod shown;

/// A place in a source file, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Which file of the [`SourceMap`].
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// The files that a stack was read from.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

/// A file of a stack.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its path relative to the stack's folder.
    pub name: String,
    /// Its text.
    pub text: Arc<str>,
    /// The first byte of each line, so that a place is found without counting lines each time.
    line_starts: Vec<u32>,
    /// The bytes that nobody is shown, in order and apart from each other.
    concealed: Vec<Range<u32>>,
}

/// A line and column, both from one; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The character in the line.
    pub column: u32,
}

impl SourceMap {
    /// Adds a file and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let text: Arc<str> = text.into();
        let after_breaks = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        self.sources.push(Source {
            name: name.into(),
            line_starts: std::iter::once(0).chain(after_breaks).collect(),
            text,
            concealed: Vec::new(),
        });
        SourceId(self.sources.len() as u32 - 1)
    }

    /// Returns a file.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// Returns the position of a byte.
    #[must_use]
    pub fn position(&self, id: SourceId, byte: u32) -> Option<Position> {
        let source = self.get(id)?;
        let byte = (byte as usize).min(source.text.len());
        let line = source
            .line_starts
            .partition_point(|start| *start as usize <= byte);
        let start = *source.line_starts.get(line.checked_sub(1)?)?;
        let before = source.text.get(start as usize..byte)?;
        Some(Position {
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        })
    }

    /// Returns all files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources
            .iter()
            .enumerate()
            .map(|(at, source)| (SourceId(at as u32), source))
    }
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing can go on.
    Error,
    /// It works, but probably not as meant.
    Warning,
    /// Worth knowing before saying yes.
    Notice,
}

/// Something wrong, with its place and the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What kind of problem, without user-chosen names, so that one problem always reads alike.
    pub summary: String,
    /// What exactly is wrong and why.
    pub detail: String,
    /// Where.
    pub span: Option<Span>,
    /// Another place that explains it, with a label: the first declaration of a duplicate, say.
    pub related: Vec<(Span, String)>,
    /// What to do; names a near match where there is one.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Returns an error without a place.
    #[must_use]
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            summary: summary.into(),
            detail: detail.into(),
            span: None,
            related: Vec::new(),
            hint: None,
        }
    }

    /// Returns a warning without a place.
    #[must_use]
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(summary, detail)
        }
    }

    /// Returns a notice without a place.
    #[must_use]
    pub fn notice(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Notice,
            ..Diagnostic::error(summary, detail)
        }
    }

    /// Returns it with its place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// Returns it with a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Returns it with another place that explains it.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Tells whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.summary, self.detail)
    }
}

/// Returns the candidate nearest to `name`, if one is near enough to be a slip of the fingers.
#[must_use]
pub fn near_match<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| {
            let longer = candidate.len().max(name.len());
            *distance <= (longer / 3).max(1) && *distance < longer
        })
        .min()
        .map(|(_, candidate)| candidate)
}
