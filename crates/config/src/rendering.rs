//! Diagnostics as plain text, for the tests of this crate.

use std::fmt::Write;

use infra_model::diagnostic::{Diagnostic, SourceMap, Span};

/// Returns the diagnostics as text: severity, place, summary, detail, the line with carets, related places, hint.
pub(crate) fn render(sources: &SourceMap, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        let severity = format!("{:?}", diagnostic.severity).to_lowercase();
        let _ = writeln!(text, "{severity}: {}", diagnostic.summary);
        if let Some(span) = diagnostic.span {
            show(&mut text, sources, span, "");
        }
        let _ = writeln!(text, "  {}", diagnostic.detail);
        for (span, label) in &diagnostic.related {
            show(&mut text, sources, *span, label);
        }
        if let Some(hint) = &diagnostic.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
    }
    text
}

fn show(text: &mut String, sources: &SourceMap, span: Span, label: &str) {
    let (Some(source), Some(position)) = (
        sources.get(span.source),
        sources.position(span.source, span.start),
    ) else {
        let _ = writeln!(text, "  --> nowhere");
        return;
    };
    let shown = source.shown();
    let line = shown
        .text
        .lines()
        .nth(position.line as usize - 1)
        .unwrap_or_default();
    let column = position.column as usize;
    let rest = line.chars().count().saturating_sub(column - 1).max(1);
    let marked = shown.text[shown.place(span)].lines().next().unwrap_or_default();
    let width = marked.chars().count().clamp(1, rest);
    let _ = writeln!(text, "  --> {}:{}:{} {label}", source.name, position.line, column);
    if line.len() < 200 {
        let _ = writeln!(text, "  | {line}");
        let _ = writeln!(text, "  | {}{}", " ".repeat(column - 1), "^".repeat(width));
    }
}
