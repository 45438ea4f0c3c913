//! What the scanner is inside of: brackets, texts, heredocs. A stack of its own, so that no input is too deep.

/// One thing that the scanner is inside of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    /// A bracket or interpolation, the byte that closes it, and the indentation of its line.
    Bracket { at: usize, close: u8, indent: usize },
    /// A quoted text.
    Text { start: usize },
    /// A heredoc; its delimiter is a range of the source.
    Heredoc { start: usize, delimiter: (usize, usize) },
}

/// All things that the scanner is inside of, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Modes {
    stack: Vec<Mode>,
    depth: usize,
}

impl Modes {
    pub(super) fn top(&self) -> Option<Mode> {
        self.stack.last().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stack.is_empty()
    }

    /// Returns how many brackets are open.
    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    pub(super) fn push(&mut self, mode: Mode) {
        self.depth += usize::from(matches!(mode, Mode::Bracket { .. }));
        self.stack.push(mode);
    }

    pub(super) fn pop(&mut self) {
        if let Some(Mode::Bracket { .. }) = self.stack.pop() {
            self.depth -= 1;
        }
    }

    /// Closes the nearest bracket that this byte closes, with all inside it, and returns where it opened and the indentation there.
    ///
    /// A text or heredoc around the place is never left this way.
    pub(super) fn close(&mut self, byte: u8) -> Option<(usize, usize)> {
        let brackets = self.stack.iter().rev().map_while(|mode| match mode {
            Mode::Bracket { at, close, indent } => Some((*close, (*at, *indent))),
            _ => None,
        });
        // Looking through all open brackets for each wrong one would be quadratic; people err nearby.
        let (distance, (_, opened)) = brackets
            .take(super::DEPTH_MAX)
            .enumerate()
            .find(|(_, (close, _))| *close == byte)?;
        let keep = self.stack.len() - distance - 1;
        self.stack.truncate(keep);
        self.depth -= distance + 1;
        Some(opened)
    }
}
