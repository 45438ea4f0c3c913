//! Diagnostics for people: the place with a caret, what is wrong, and what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet, renderer::DecorStyle};
use infra_model::diagnostic::{Diagnostic, Severity, SourceMap, Span};

use crate::terminal::{style, styled};

/// Returns all diagnostics, one after the other, each followed by an empty line.
pub(crate) fn render_all(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| render(diagnostic, sources) + "\n")
        .collect()
}

/// Returns one diagnostic.
pub(crate) fn render(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR.with_name("Error"),
        Severity::Warning => Level::WARNING.with_name("Warning"),
        Severity::Notice => Level::NOTE.with_name("Note"),
    };
    if diagnostic.span.is_none() && diagnostic.related.is_empty() {
        return without_place(diagnostic);
    }
    let mut group = Group::with_title(level.primary_title(diagnostic.summary.as_str()));
    match diagnostic.span {
        Some(span) => {
            if let Some(snippet) = snippet(span, AnnotationKind::Primary, &diagnostic.detail, sources) {
                group = group.element(snippet);
            }
        }
        None => group = group.element(Level::NOTE.no_name().message(diagnostic.detail.as_str())),
    }
    for (span, label) in &diagnostic.related {
        if let Some(snippet) = snippet(*span, AnnotationKind::Context, label, sources) {
            group = group.element(snippet);
        }
    }
    let mut text = Renderer::styled()
        .decor_style(DecorStyle::Ascii)
        .render(&[group])
        .to_string();
    text.push('\n');
    if let Some(hint) = &diagnostic.hint {
        text.push_str(&format!("{} {hint}\n", styled(style::HINT, "Hint:")));
    }
    text
}

/// What has no place is a line.
fn without_place(diagnostic: &Diagnostic) -> String {
    let (name, color) = match diagnostic.severity {
        Severity::Error => ("Error:", style::ERROR),
        Severity::Warning => ("Warning:", style::WARNING),
        Severity::Notice => ("Note:", style::HINT),
    };
    let mut text = format!(
        "{} {}: {}\n",
        styled(color, name),
        diagnostic.summary,
        diagnostic.detail
    );
    if let Some(hint) = &diagnostic.hint {
        text.push_str(&format!("{} {hint}\n", styled(style::HINT, "Hint:")));
    }
    text
}

fn snippet<'a>(
    span: Span,
    kind: AnnotationKind,
    label: &'a str,
    sources: &'a SourceMap,
) -> Option<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let source = sources.get(span.source)?;
    let shown = source.shown();
    let range = shown.place(span);
    let snippet = Snippet::source(shown.text).path(source.name.as_str());
    Some(snippet.annotation(kind.span(range).label(label)))
}

#[cfg(test)]
mod tests;
