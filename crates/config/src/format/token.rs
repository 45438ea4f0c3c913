//! The tokens of a text that is known to be valid: every byte but white space belongs to one.

use crate::format::template;

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// Whether white space stands before it on its line.
    pub(super) spaced: bool,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of a line.
    Newline,
    /// `# …` or `// …`, without the end of the line.
    LineComment,
    /// `/* … */`, perhaps over several lines.
    InlineComment,
    /// A name or keyword.
    Word,
    /// A number without a sign.
    Number,
    /// A quoted text with its quotes and interpolations.
    Quoted,
    /// A heredoc from `<<` to its closing delimiter.
    Heredoc,
    /// A sign that belongs to the value behind it: `-` or `!`.
    Prefix,
    /// Brackets, operators and punctuation.
    Symbol,
}

/// Symbols of more than one character, longer ones before those they start with.
const LONG_SYMBOLS: [&str; 9] = ["...", "==", "!=", "<=", ">=", "=>", "&&", "||", "::"];

impl Token<'_> {
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::InlineComment)
    }

    pub(super) fn opens(&self) -> bool {
        self.is("(") || self.is("[") || self.is("{")
    }

    pub(super) fn closes(&self) -> bool {
        self.is(")") || self.is("]") || self.is("}")
    }

    /// Tells whether a value can end here, so that what follows continues it.
    pub(super) fn ends_value(&self) -> bool {
        matches!(
            self.kind,
            Kind::Word | Kind::Number | Kind::Quoted | Kind::Heredoc
        ) || self.closes()
    }

    /// Tells whether it is a word of a `for` expression behind which a new value starts.
    pub(super) fn is_for_word(&self) -> bool {
        self.kind == Kind::Word && matches!(self.text, "for" | "in" | "if")
    }
}

/// Returns the tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut before: Option<Token<'_>> = None;
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() && c != '\n');
        let spaced = trimmed.len() < rest.len();
        rest = trimmed;
        if rest.is_empty() {
            return tokens;
        }
        let (kind, length) = measure(rest);
        let (token, after) = rest.split_at(length);
        rest = after;
        let mut token = Token {
            kind,
            text: token.trim_end_matches('\r'),
            spaced,
        };
        if is_prefix(&token, before.as_ref(), rest) {
            token.kind = Kind::Prefix;
        }
        if !token.is_comment() && kind != Kind::Newline {
            before = Some(token);
        }
        tokens.push(token);
    }
}

/// Tells whether a sign belongs to the value behind it and not between two values.
fn is_prefix(token: &Token<'_>, before: Option<&Token<'_>>, rest: &str) -> bool {
    let continues = match before {
        Some(before) if before.is_for_word() => rest.starts_with(char::is_whitespace),
        Some(before) => before.ends_value(),
        None => false,
    };
    token.is("!") || token.is("-") && !continues
}

/// Returns what the text starts with and how long that is; the text does not start with white space.
fn measure(text: &str) -> (Kind, usize) {
    let line = || text.find('\n').unwrap_or(text.len());
    let first = text.chars().next().unwrap_or('\n');
    match first {
        '\n' => (Kind::Newline, 1),
        '#' => (Kind::LineComment, line()),
        '/' if text.starts_with("//") => (Kind::LineComment, line()),
        '/' if text.starts_with("/*") => (Kind::InlineComment, inline_comment(text)),
        '"' => (Kind::Quoted, template::quoted(text)),
        '<' if text.starts_with("<<") => (Kind::Heredoc, template::heredoc(text)),
        '0'..='9' => (Kind::Number, number(text)),
        _ if is_word_character(first) && first != '-' => (Kind::Word, word(text)),
        _ => {
            let long = LONG_SYMBOLS.iter().find(|symbol| text.starts_with(**symbol));
            (Kind::Symbol, long.map_or(first.len_utf8(), |symbol| symbol.len()))
        }
    }
}

/// Returns the length of the comment `/* … */` that the text starts with.
pub(super) fn inline_comment(text: &str) -> usize {
    text[2..].find("*/").map_or(text.len(), |end| end + 4)
}

/// Outside of texts and comments, whatever is not ASCII can only be part of a name.
fn is_word_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-' || !c.is_ascii()
}

fn word(text: &str) -> usize {
    text.find(|c| !is_word_character(c)).unwrap_or(text.len())
}

fn number(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = &text[from..];
        rest.find(|c: char| !c.is_ascii_digit())
            .map_or(text.len(), |end| from + end)
    };
    let mut end = digits(0);
    if text[end..].starts_with('.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        end = digits(end + 1 + sign);
    }
    end
}
