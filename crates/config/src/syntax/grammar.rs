//! What the parser's errors and the scanner's problems mean, in words for people.

use infra_model::diagnostic::Diagnostic;

use super::scan::{DEPTH_MAX, Problem};

/// Returns the diagnostic for a parser's error at a byte of the text; its place is added by the caller.
pub(super) fn error(message: &str, text: &str, at: usize) -> Diagnostic {
    let found = found(text, at);
    let (label, expected) = message.split_once("; ").unwrap_or(("", message));
    match label {
        "invalid expression" => hinted(
            Diagnostic::error(
                "Value expected",
                format!(
                    "Expected a number, a quoted text, a list, an object, a reference or a call; found {found}"
                ),
            ),
            text,
            at,
        ),
        "invalid structure" => hinted(
            Diagnostic::error(
                "Attribute or block expected",
                format!("After this name, expected `=` and a value, or `{{`; found {found}"),
            ),
            text,
            at,
        ),
        "invalid nesting depth" | "invalid binary operation" => too_deep(),
        "invalid object item" if expected.contains("unique object key") => {
            Diagnostic::error("Duplicate key", "This object sets the same key twice")
                .hint("Remove one of them")
        }
        "invalid escape sequence" => Diagnostic::error(
            "Invalid escape",
            format!("A backslash starts no escape with {found}"),
        )
        .hint("Write `\\\\` for a backslash; the escapes are \\n \\r \\t \\\" \\\\ \\uXXXX \\UXXXXXXXX"),
        "invalid block body" => Diagnostic::error(
            "End of block expected",
            format!("Expected an attribute, a block or `}}`; found {found}"),
        )
        .hint("A block on one line holds one attribute at most; put each on a line of its own"),
        _ if message == "expected newline or eof" => hinted(
            Diagnostic::error("End of line expected", format!("The value ends before {found}")),
            text,
            at,
        ),
        _ => Diagnostic::error("Syntax error", format!("{}; found {found}", capital(message))),
    }
}

/// Returns the diagnostic for a problem with brackets or texts.
pub(super) fn problem(problem: Problem) -> Diagnostic {
    match problem {
        Problem::UnclosedBracket(_) => Diagnostic::error("Unclosed bracket", "Nothing closes this bracket")
            .hint("Add the closing bracket where its content ends"),
        Problem::UnclosedText(_) => Diagnostic::error("Unclosed text", "A quoted text ends on its line")
            .hint("Add the closing quote, or write a heredoc (<<-EOT) for several lines"),
        Problem::UnclosedHeredoc(_) => Diagnostic::error("Unclosed heredoc", "No line holds its end")
            .hint("Write the word after `<<` alone on a line where the text ends"),
        Problem::UnclosedComment(_) => {
            Diagnostic::error("Unclosed comment", "Nothing ends this comment").hint("Add `*/` where it ends")
        }
        Problem::Stray(_) => Diagnostic::error("Unmatched bracket", "Nothing opened this bracket")
            .hint("Remove it, or look for a block above that ends too early"),
        Problem::TooDeep(_) => too_deep(),
    }
}

fn too_deep() -> Diagnostic {
    Diagnostic::error(
        "Nested too deeply",
        format!("Brackets, templates and operators nest at most {DEPTH_MAX} levels deep"),
    )
    .hint("Give parts of it names under `locals`")
}

/// Adds a hint where the text shows a habit from another language.
fn hinted(diagnostic: Diagnostic, text: &str, at: usize) -> Diagnostic {
    let hint = match text[at..].chars().next() {
        Some('\'') => "Texts stand in double quotes: \"…\"",
        Some('“' | '”' | '„' | '‘' | '’') => "Texts stand in straight double quotes: \"…\"",
        Some(':') => "Write `=` between a name and its value",
        Some(',') => "Attributes end with their line, without a comma",
        Some(';') => "Attributes end with their line, without a semicolon",
        Some(c) if c.is_alphabetic() && diagnostic.summary == "End of line expected" => {
            "Put each attribute on a line of its own, and texts in double quotes"
        }
        _ => return diagnostic,
    };
    diagnostic.hint(hint)
}

/// Returns what stands at a byte, for people.
fn found(text: &str, at: usize) -> String {
    let Some(first) = text[at..].chars().next() else {
        return "the end".to_owned();
    };
    if first == '\n' || first == '\r' {
        return "the end of the line".to_owned();
    }
    let word: String = text[at..]
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .take(24)
        .collect();
    if first.is_control() {
        format!("`{}`", first.escape_default())
    } else if word.is_empty() {
        format!("`{first}`")
    } else {
        format!("`{word}`")
    }
}

fn capital(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or(String::new(), |first| {
        first.to_uppercase().collect::<String>() + chars.as_str()
    })
}
