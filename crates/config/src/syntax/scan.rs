//! Splits a body into its items without parsing them.
//!
//! The parser stops at the first error and recurses without regard for the size of the stack. This scanner, which
//! knows only brackets, texts, heredocs and comments, finds where each item ends, so that every item is parsed by
//! itself, and refuses what is nested too deeply before the parser sees it. It never looks at a byte more than
//! a few times, whatever the input.

use std::ops::Range;

use super::scan::modes::{Mode, Modes};

mod lines;
mod modes;

/// How deeply brackets and interpolations may be nested. People stop at ten; the parser's own limit is 64.
pub(super) const DEPTH_MAX: usize = 48;

/// An attribute or block, from its first byte to the end of its last line.
#[derive(Debug)]
pub(super) struct Item {
    pub range: Range<usize>,
    /// For a block: from its opening brace to its closing one.
    pub braces: Option<Range<usize>>,
    pub problems: Vec<Problem>,
}

/// Something wrong with brackets or texts, with the byte where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// A bracket that nothing closes.
    UnclosedBracket(usize),
    /// A quoted text that does not end on its line.
    UnclosedText(usize),
    /// A heredoc whose end does not come.
    UnclosedHeredoc(usize),
    /// A comment that does not end.
    UnclosedComment(usize),
    /// A closing bracket that nothing opened.
    Stray(usize),
    /// Deeper than [`DEPTH_MAX`].
    TooDeep(usize),
}

impl Problem {
    /// Returns the byte where it starts.
    pub(super) fn at(self) -> usize {
        match self {
            Problem::UnclosedBracket(at)
            | Problem::UnclosedText(at)
            | Problem::UnclosedHeredoc(at)
            | Problem::UnclosedComment(at)
            | Problem::Stray(at)
            | Problem::TooDeep(at) => at,
        }
    }
}

/// Returns the items of a part of the text, in order.
pub(super) fn items(text: &str, range: Range<usize>) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = range.start;
    // Once an item ran to the end unclosed, later ones end at the first line that looks like a new item: so each
    // byte is scanned at most twice.
    let mut eager = false;
    loop {
        match lines::skip_blank(&text[..range.end], at) {
            Ok(start) => at = start,
            Err(comment) => {
                items.push(Item {
                    range: comment..range.end,
                    braces: None,
                    problems: vec![Problem::UnclosedComment(comment)],
                });
                return items;
            }
        }
        if at >= range.end {
            return items;
        }
        let mut scan = Scan::new(&text[..range.end], at);
        scan.run(eager);
        eager |= scan.cut.is_some();
        at = scan.at;
        items.push(scan.item());
    }
}

/// Where a broken item probably ends.
#[derive(Clone, Copy, Debug)]
struct Cut {
    at: usize,
    culprit: Problem,
}

struct Scan<'t> {
    text: &'t str,
    bytes: &'t [u8],
    start: usize,
    at: usize,
    /// Where the current line starts, and where its first character that is not blank is.
    line: (usize, usize),
    modes: Modes,
    /// Opening brace of the block, and its closing one when it was seen.
    open: Option<usize>,
    close: Option<usize>,
    is_attribute: bool,
    problems: Vec<Problem>,
    /// A bracket that was closed by one further left than its own line, which is rarely meant.
    suspect: Option<usize>,
    possible_cut: Option<Cut>,
    cut: Option<Cut>,
    /// The column of the item, once it was needed.
    column: Option<usize>,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str, start: usize) -> Self {
        Scan {
            text,
            bytes: text.as_bytes(),
            start,
            at: start,
            line: (start, start),
            modes: Modes::default(),
            open: None,
            close: None,
            is_attribute: false,
            problems: Vec::new(),
            suspect: None,
            possible_cut: None,
            cut: None,
            column: None,
        }
    }

    /// Moves to the end of the item that starts here.
    fn run(&mut self, eager: bool) {
        while self.at < self.bytes.len() {
            if self.bytes[self.at] == b'\n' {
                if self.end_of_line() {
                    return;
                }
                if eager && self.possible_cut.is_some() {
                    break;
                }
                continue;
            }
            let ended = match self.modes.top() {
                Some(Mode::Text { .. }) => self.in_text(),
                Some(Mode::Heredoc { .. }) => self.in_heredoc(),
                _ => self.in_code(),
            };
            if ended {
                return;
            }
        }
        self.give_up();
    }

    /// Handles a line break; tells whether the item ends with it.
    fn end_of_line(&mut self) -> bool {
        if let Some(Mode::Text { start }) = self.modes.top() {
            self.problem(Problem::UnclosedText(start));
            self.modes.pop();
            // A label without its closing quote took the brace of its block along.
            let line = self.text[start..self.at].trim_end();
            if self.modes.is_empty() && !self.is_attribute && line.ends_with('{') {
                self.at = start + line.len() - 1;
            }
            return false;
        }
        if self.modes.is_empty() {
            self.at += 1;
            return true;
        }
        if let Some(Mode::Heredoc { delimiter, .. }) = self.modes.top()
            && let Some(end) = lines::heredoc_end(self.text, self.at + 1, delimiter)
        {
            self.modes.pop();
            self.at = end;
            return false;
        }
        self.at += 1;
        self.line = (self.at, lines::first_in_line(self.text, self.at));
        if self.possible_cut.is_none() && self.at_new_item() {
            self.possible_cut = self.culprit().map(|culprit| Cut { at: self.at, culprit });
        }
        false
    }

    /// Tells whether the line that starts here looks like a new item, no deeper than this one.
    fn at_new_item(&mut self) -> bool {
        let column = *self
            .column
            .get_or_insert_with(|| lines::column(self.text, self.start));
        self.line.1 - self.line.0 <= column && lines::looks_like_item(self.text, self.line.1)
    }

    fn in_text(&mut self) -> bool {
        match self.bytes[self.at] {
            b'\\' if self.bytes.get(self.at + 1) == Some(&b'\n') => self.at += 1,
            b'\\' => self.at += 2,
            b'"' => {
                self.modes.pop();
                self.at += 1;
            }
            _ => self.template_byte(),
        }
        false
    }

    fn in_heredoc(&mut self) -> bool {
        self.template_byte();
        false
    }

    /// Steps over a byte of a text or heredoc, or into the interpolation that starts there.
    fn template_byte(&mut self) {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"$${") || rest.starts_with(b"%%{") {
            self.at += 3;
        } else if rest.starts_with(b"${") || rest.starts_with(b"%{") {
            self.push(self.at + 1, b'}');
            self.at += 2;
        } else {
            self.at += 1;
        }
    }

    /// Handles a byte outside texts; tells whether the item ended before it.
    fn in_code(&mut self) -> bool {
        let rest = &self.bytes[self.at..];
        match rest[0] {
            b'#' => self.at = lines::line_end(self.text, self.at),
            b'/' if rest.starts_with(b"//") => self.at = lines::line_end(self.text, self.at),
            b'/' if rest.starts_with(b"/*") => match self.text[self.at + 2..].find("*/") {
                Some(length) => self.at += length + 4,
                None => {
                    self.problem(Problem::UnclosedComment(self.at));
                    self.at = self.bytes.len();
                }
            },
            b'"' => {
                self.modes.push(Mode::Text { start: self.at });
                self.at += 1;
            }
            b'<' if rest.starts_with(b"<<") => self.heredoc(),
            open @ (b'(' | b'[' | b'{') => self.open_bracket(open),
            close @ (b')' | b']' | b'}') => return self.close_bracket(close),
            byte => {
                self.is_attribute |= byte == b'=' && self.modes.is_empty() && self.open.is_none();
                self.at += 1;
            }
        }
        false
    }

    fn heredoc(&mut self) {
        match lines::heredoc_start(self.text, self.at) {
            Some((delimiter, line_end)) => {
                let start = self.at;
                self.modes.push(Mode::Heredoc { start, delimiter });
                self.at = line_end;
            }
            None => self.at += 2,
        }
    }

    fn open_bracket(&mut self, open: u8) {
        if open == b'{' && self.modes.is_empty() && !self.is_attribute && self.open.is_none() {
            self.open = Some(self.at);
        }
        let close = match open {
            b'(' => b')',
            b'[' => b']',
            _ => b'}',
        };
        self.push(self.at, close);
        self.at += 1;
    }

    fn push(&mut self, at: usize, close: u8) {
        let is_first = |problem: &Problem| matches!(problem, Problem::TooDeep(_));
        if self.modes.depth() == DEPTH_MAX && !self.problems.iter().any(is_first) {
            self.problem(Problem::TooDeep(at));
        }
        let indent = self.line.1 - self.line.0;
        self.modes.push(Mode::Bracket { at, close, indent });
    }

    /// Closes the nearest bracket of this sort; tells whether there is none, which ends the item here.
    fn close_bracket(&mut self, close: u8) -> bool {
        let Some((opened, indent)) = self.modes.close(close) else {
            if self.at == self.start {
                self.problem(Problem::Stray(self.at));
                self.at += 1;
                return true;
            }
            if self.modes.is_empty() {
                return true;
            }
            self.at += 1; // a wrong bracket inside others: the parser will say so
            return false;
        };
        let is_first = self.at == self.line.1;
        if close == b'}' && is_first && self.line.1 - self.line.0 < indent {
            self.suspect = self.suspect.or(Some(opened));
        }
        if self.modes.is_empty() && self.open == Some(opened) {
            self.close = Some(self.at);
        }
        self.at += 1;
        false
    }

    /// Ends an item that the end of the text cut off, or one that a new item seems to cut off.
    fn give_up(&mut self) {
        if self.modes.is_empty() {
            return;
        }
        let Some(culprit) = self.culprit() else { return };
        let cut = self.possible_cut.unwrap_or(Cut {
            at: self.bytes.len(),
            culprit,
        });
        // What was seen behind the cut is seen again with the items that start there.
        self.problems.retain(|problem| problem.at() < cut.at);
        self.problem(cut.culprit);
        self.at = cut.at;
        self.cut = Some(cut);
    }

    /// Returns what is open here and should not be.
    fn culprit(&self) -> Option<Problem> {
        match (self.suspect, self.modes.top()?) {
            (_, Mode::Heredoc { start, .. }) => Some(Problem::UnclosedHeredoc(start)),
            (_, Mode::Text { start }) => Some(Problem::UnclosedText(start)),
            (Some(suspect), Mode::Bracket { .. }) => Some(Problem::UnclosedBracket(suspect)),
            (None, Mode::Bracket { at, .. }) => Some(Problem::UnclosedBracket(at)),
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn item(self) -> Item {
        let end = self.at.min(self.bytes.len());
        Item {
            range: self.start..end,
            braces: self.open.map(|open| open..self.close.unwrap_or(end)),
            problems: self.problems,
        }
    }
}

#[cfg(test)]
mod tests;
