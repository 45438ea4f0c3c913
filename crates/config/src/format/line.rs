//! The lines of a text, each with its tokens, and which blank lines stay.

use crate::format::token::{Kind, Token};

/// A line without its end. A heredoc or long comment belongs wholly to the line where it starts.
#[derive(Clone, Debug, Default)]
pub(super) struct Line<'t> {
    pub(super) tokens: Vec<Token<'t>>,
}

impl<'t> Line<'t> {
    /// Returns the tokens without the comment behind them.
    pub(super) fn code(&self) -> &[Token<'t>] {
        match self.tokens.split_last() {
            Some((last, code)) if last.kind == Kind::LineComment => code,
            _ => &self.tokens,
        }
    }

    /// Returns the comment behind the code; a comment by itself is not behind anything.
    pub(super) fn trailing_comment(&self) -> Option<&'t str> {
        let last = self.tokens.last()?;
        (last.kind == Kind::LineComment && self.tokens.len() > 1).then_some(last.text)
    }

    /// Tells whether what starts on this line ends on it.
    pub(super) fn is_complete(&self) -> bool {
        let mut depth = 0_usize;
        for token in &self.tokens {
            if token.text.contains('\n') || token.closes() && depth == 0 {
                return false;
            }
            depth = depth + usize::from(token.opens()) - usize::from(token.closes());
        }
        depth == 0
    }

    /// Returns the place of the equals sign of an attribute.
    pub(super) fn equals_sign(&self) -> Option<usize> {
        let mut depth = 0_usize;
        self.tokens.iter().position(|token| {
            depth = (depth + usize::from(token.opens())).saturating_sub(usize::from(token.closes()));
            depth == 0 && token.is("=")
        })
    }

    fn ends_open(&self) -> bool {
        self.code().last().is_some_and(Token::opens)
    }

    fn starts_closed(&self) -> bool {
        self.tokens.first().is_some_and(Token::closes)
    }
}

/// Returns the lines of a text: at most one blank one in a row, and none at the edges of blocks and of the text.
pub(super) fn split<'t>(tokens: &[Token<'t>]) -> Vec<Line<'t>> {
    let mut lines: Vec<Line<'t>> = Vec::new();
    let mut blank = false;
    for tokens in tokens.split(|token| token.kind == Kind::Newline) {
        if tokens.is_empty() {
            blank = true;
            continue;
        }
        let line = Line {
            tokens: tokens.to_vec(),
        };
        let keeps_blank = |before: &Line<'_>| !before.ends_open() && !line.starts_closed();
        if blank && lines.last().is_some_and(keeps_blank) {
            lines.push(Line::default());
        }
        blank = false;
        lines.push(line);
    }
    lines
}
