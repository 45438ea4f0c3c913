//! Collects diagnostics: each once, in the order of their places.

use std::cell::RefCell;
use std::collections::BTreeSet;

use infra_model::diagnostic::{Diagnostic, Span, near_match};

/// Something failed and was reported; what needs it fails without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

/// The diagnostics found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    found: RefCell<Found>,
}

#[derive(Debug, Default)]
struct Found {
    diagnostics: Vec<Diagnostic>,
    seen: BTreeSet<(Option<Span>, String, String)>,
}

impl Report {
    /// Adds a diagnostic, unless the same was found before: the instances of a component share their mistakes.
    pub(crate) fn add(&self, diagnostic: Diagnostic) {
        let mut found = self.found.borrow_mut();
        let key = (
            diagnostic.span,
            diagnostic.summary.clone(),
            diagnostic.detail.clone(),
        );
        if found.seen.insert(key) {
            found.diagnostics.push(diagnostic);
        }
    }

    /// Adds a diagnostic and returns the mark of failure.
    pub(crate) fn fail(&self, diagnostic: Diagnostic) -> Failed {
        self.add(diagnostic);
        Failed
    }

    /// Returns all diagnostics in the order of their places, those without a place first.
    pub(crate) fn into_sorted(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.found.into_inner().diagnostics;
        diagnostics.sort_by_key(|diagnostic| diagnostic.span);
        diagnostics
    }
}

/// Returns a hint that names the nearest of the candidates, or all of them if none is near and they are few.
pub(crate) fn suggestion<'c>(
    name: &str,
    what: &str,
    candidates: impl Iterator<Item = &'c str> + Clone,
) -> Option<String> {
    const FEW: usize = 16;
    if let Some(near) = near_match(name, candidates.clone()) {
        return Some(format!("Did you mean `{near}`?"));
    }
    let all: Vec<String> = candidates
        .take(FEW + 1)
        .map(|candidate| format!("`{candidate}`"))
        .collect();
    (!all.is_empty() && all.len() <= FEW).then(|| format!("{what}: {}", all.join(", ")))
}

/// Adds a hint to a diagnostic, if there is one.
pub(crate) fn with_hint(diagnostic: Diagnostic, hint: Option<String>) -> Diagnostic {
    match hint {
        Some(hint) => diagnostic.hint(hint),
        None => diagnostic,
    }
}
