//! The canonical layout of a stack's files: what `infra fmt` writes.
//!
//! The formatter works on tokens and never on a syntax tree, so comments stay where they are and texts, heredocs
//! and the order of things are never touched. It decides only the spaces between the tokens of a line, the
//! indentation and the number of blank lines; where lines break stays with the author. That makes it idempotent:
//! what it looks at, it does not change. After that it checks that the result still means the same.

use std::ops::Range;

use hcl_edit::parser;

mod layout;
mod line;
mod meaning;
mod spacing;
mod template;
mod token;

#[cfg(test)]
mod tests;

/// The mark at the start of a file that says in which order its bytes come.
const MARK: char = '\u{feff}';

/// A text cannot be formatted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// It is not HCL.
    #[error("The text is not valid HCL: {message}")]
    Syntax {
        /// What the parser expected.
        message: String,
        /// Where the parser stopped, in bytes.
        span: Range<usize>,
    },
    /// It is HCL of a kind that its layout decides about; nothing a person writes on purpose.
    #[error("The text would not mean the same in the canonical layout")]
    Meaning,
}

impl FormatError {
    /// Returns where it is, in bytes, if it is at one place.
    #[must_use]
    pub fn span(&self) -> Option<Range<usize>> {
        match self {
            FormatError::Syntax { span, .. } => Some(span.clone()),
            FormatError::Meaning => None,
        }
    }

    /// Returns the error of a text that so many bytes come before.
    fn after(self, bytes: usize) -> Self {
        match self {
            FormatError::Syntax { message, span } => FormatError::Syntax {
                message,
                span: span.start + bytes..span.end + bytes,
            },
            FormatError::Meaning => self,
        }
    }
}

/// Returns the text in the canonical layout.
///
/// Indentation is two spaces a level. The equals signs of consecutive one-line attributes stand in one column, and
/// so do the comments behind consecutive lines. There is at most one blank line in a row and none at the edges
/// of a block, no space at the end of a line, and one line break at the end of the file.
///
/// # Errors
///
/// When the text is not HCL.
pub fn format(text: &str) -> Result<String, FormatError> {
    // A byte order mark is invisible and says nothing: some editors write one.
    let Some(text) = text.strip_prefix(MARK) else {
        return lay_out(text);
    };
    lay_out(text).map_err(|error| error.after(MARK.len_utf8()))
}

fn lay_out(text: &str) -> Result<String, FormatError> {
    let before = meaning::parse(text).map_err(|error| syntax_error(text, &error))?;
    let formatted = layout::lay_out(&line::split(&token::tokens(text)));
    match meaning::parse(&formatted) {
        Ok(after) if after == before => Ok(formatted),
        _ => Err(FormatError::Meaning),
    }
}

fn syntax_error(text: &str, error: &parser::Error) -> FormatError {
    let start = error.location().offset().min(text.len());
    let width = text[start..].chars().next().map_or(0, char::len_utf8);
    FormatError::Syntax {
        message: error.message().to_owned(),
        span: start..start + width,
    }
}
