//! Indentation, and the columns of equals signs and comments.

use crate::format::line::Line;
use crate::format::spacing::is_spaced;
use crate::format::token::Token;

const INDENT: usize = 2;

/// A line in its pieces, spaced but not yet aligned.
struct Pieces<'t> {
    indent: usize,
    /// What stands before the equals sign of a one-line attribute, or the whole code of another line.
    head: String,
    /// What starts with the equals sign of a one-line attribute.
    tail: Option<String>,
    comment: Option<&'t str>,
    is_complete: bool,
}

/// Returns the text of the lines.
pub(super) fn lay_out(lines: &[Line<'_>]) -> String {
    let mut indents = Indents::default();
    let mut pieces: Vec<Pieces<'_>> = lines.iter().map(|line| pieces(line, &mut indents)).collect();
    align(
        &mut pieces,
        Pieces::has_equals,
        |piece| width(&piece.head),
        Pieces::head_mut,
    );
    align(
        &mut pieces,
        Pieces::has_comment,
        Pieces::code_width,
        Pieces::code_mut,
    );
    let mut text = String::new();
    for piece in pieces {
        piece.write(&mut text);
    }
    text
}

fn pieces<'t>(line: &Line<'t>, indents: &mut Indents) -> Pieces<'t> {
    let is_complete = line.is_complete();
    let comment = line.trailing_comment();
    let code = if comment.is_some() {
        line.code()
    } else {
        &line.tokens
    };
    let equals = line.equals_sign().filter(|at| is_complete && *at > 0);
    let (head, tail) = code.split_at(equals.unwrap_or(code.len()));
    Pieces {
        indent: indents.enter(&line.tokens),
        head: spaced(head),
        tail: equals.map(|_| spaced(tail)),
        comment,
        is_complete,
    }
}

fn spaced(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && is_spaced(&tokens[at - 1], token) {
            text.push(' ');
        }
        let is_comment = token.is_comment();
        text.push_str(if is_comment {
            token.text.trim_end()
        } else {
            token.text
        });
    }
    text
}

/// The brackets open at a line, each with the indentation of the line that opened it.
#[derive(Default)]
struct Indents(Vec<usize>);

impl Indents {
    /// Returns the indentation of a line and goes on behind it.
    ///
    /// A line that starts with closing brackets stands under the line that opened the last of them; several
    /// brackets opened on one line indent by one level.
    fn enter(&mut self, tokens: &[Token<'_>]) -> usize {
        let closing = tokens.iter().take_while(|token| token.closes()).count();
        let mut closed = None;
        for _ in 0..closing {
            closed = self.0.pop();
        }
        let indent = closed.or_else(|| self.0.last().map(|open| open + 1)).unwrap_or(0);
        for token in &tokens[closing..] {
            if token.opens() {
                self.0.push(indent);
            } else if token.closes() {
                self.0.pop();
            }
        }
        indent
    }
}

/// Pads a column of every run of consecutive lines that have it, to the width of the widest.
fn align<'t>(
    pieces: &mut [Pieces<'t>],
    has: impl Fn(&Pieces<'t>) -> bool,
    width: impl Fn(&Pieces<'t>) -> usize,
    column: impl for<'p> Fn(&'p mut Pieces<'t>) -> &'p mut String,
) {
    for run in pieces.chunk_by_mut(|left, right| has(left) == has(right)) {
        if !has(&run[0]) {
            continue;
        }
        let widest = run.iter().map(&width).max().unwrap_or(0);
        for piece in run {
            let missing = widest - width(piece);
            column(piece).extend(std::iter::repeat_n(' ', missing));
        }
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

impl Pieces<'_> {
    fn has_equals(&self) -> bool {
        self.tail.is_some()
    }

    fn has_comment(&self) -> bool {
        self.is_complete && self.comment.is_some()
    }

    fn head_mut(&mut self) -> &mut String {
        &mut self.head
    }

    /// Returns the width of the code in front of the comment. The indentation is the same for a whole run.
    fn code_width(&self) -> usize {
        width(&self.head) + self.tail.as_deref().map_or(0, |tail| 1 + width(tail))
    }

    fn code_mut(&mut self) -> &mut String {
        self.tail.as_mut().unwrap_or(&mut self.head)
    }

    fn write(&self, text: &mut String) {
        text.extend(std::iter::repeat_n(' ', INDENT * self.indent));
        text.push_str(&self.head);
        for piece in self
            .tail
            .as_deref()
            .into_iter()
            .chain(self.comment.map(str::trim_end))
        {
            text.push(' ');
            text.push_str(piece);
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
}
