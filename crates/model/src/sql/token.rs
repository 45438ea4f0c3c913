//! The tokens of an SQL text, as far as they decide where a statement ends: quotes and comments are skipped as a whole.

use std::ops::Range;

/// A token and where it stands, in bytes.
#[derive(Debug)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub range: Range<usize>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A key word or a name without quotes.
    Word,
    /// A quoted name, a literal, a number, an operator: whatever it is, it ends nothing.
    Other,
    Open,
    Close,
    Semicolon,
    Backslash,
    /// A quote or comment that does not end; the range is what opens it.
    Unclosed,
}

/// Iterates over the tokens of a text. What follows an unclosed one is not looked at.
#[derive(Debug)]
pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Tokens { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Skips spaces and comments; returns a comment that does not end.
    fn skip(&mut self) -> Option<Token> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find(['\n', '\r']).unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                match comment(trimmed) {
                    Some(length) => self.at += length,
                    None => return Some(self.unclosed(2)),
                }
            } else {
                return None;
            }
        }
    }

    fn unclosed(&mut self, opening: usize) -> Token {
        let range = self.at..self.at + opening;
        self.at = self.text.len();
        Token {
            kind: TokenKind::Unclosed,
            range,
        }
    }

    fn take(&mut self, kind: TokenKind, length: usize) -> Token {
        let range = self.at..self.at + length;
        self.at = range.end;
        Token { kind, range }
    }

    /// Takes a token that ends with a quote; `escapes` says whether a backslash protects one.
    fn quoted(&mut self, quote: char, escapes: Escapes) -> Token {
        match quote_end(&self.rest()[1..], quote, escapes) {
            Some(end) => self.take(TokenKind::Other, end + 1),
            None => self.unclosed(1),
        }
    }

    fn dollar(&mut self) -> Token {
        let rest = self.rest();
        let Some(tag) = dollar_tag(rest) else {
            return self.take(TokenKind::Other, 1);
        };
        match rest[tag.len()..].find(tag) {
            Some(end) => self.take(TokenKind::Other, end + 2 * tag.len()),
            None => self.unclosed(tag.len()),
        }
    }

    fn word(&mut self) -> Token {
        let rest = self.rest();
        let end = rest.find(|c: char| !is_word_part(c)).unwrap_or(rest.len());
        let is_escaping = rest[end..].starts_with('\'') && rest[..end].eq_ignore_ascii_case("e");
        if is_escaping {
            self.at += end;
            return self.quoted('\'', Escapes::Backslash);
        }
        self.take(TokenKind::Word, end)
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        if let Some(unclosed) = self.skip() {
            return Some(unclosed);
        }
        let first = self.rest().chars().next()?;
        Some(match first {
            '\'' => self.quoted('\'', Escapes::None),
            '"' => self.quoted('"', Escapes::None),
            '$' => self.dollar(),
            '(' => self.take(TokenKind::Open, 1),
            ')' => self.take(TokenKind::Close, 1),
            ';' => self.take(TokenKind::Semicolon, 1),
            '\\' => self.take(TokenKind::Backslash, 1),
            _ if is_word_start(first) => self.word(),
            '0'..='9' => {
                let rest = self.rest();
                let end = rest.find(|c: char| !is_word_part(c)).unwrap_or(rest.len());
                self.take(TokenKind::Other, end)
            }
            _ => self.take(TokenKind::Other, first.len_utf8()),
        })
    }
}

/// What protects a quote beside a second one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    Backslash,
}

/// Returns where a quoted text ends, after its last quote.
fn quote_end(text: &str, quote: char, escapes: Escapes) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && escapes == Escapes::Backslash {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + c.len_utf8());
        }
    }
    None
}

/// Returns how long the comment is that a text begins with; comments nest.
fn comment(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let next = rest.find(['/', '*'])?;
        at += next;
        let rest = &rest[next..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += 1;
        }
    }
}

/// Returns the `$tag$` that a text begins with.
fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 1;
    let tag = &text[1..end];
    let is_tag =
        !tag.starts_with(|c: char| c.is_ascii_digit()) && tag.chars().all(|c| c != '$' && is_word_part(c));
    is_tag.then(|| &text[..=end])
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}
