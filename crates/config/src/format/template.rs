//! Finds the end of quoted texts and heredocs, which may hold interpolations with texts of their own inside.

use crate::format::token;

/// What encloses the place that is looked at.
enum Inside<'t> {
    Quoted,
    /// A heredoc with this closing delimiter.
    Heredoc(&'t str),
    /// An interpolation or directive, with the number of braces open in it.
    Code(usize),
}

/// Returns the length of the quoted text that `text` starts with.
pub(super) fn quoted(text: &str) -> usize {
    end(text, 1, Inside::Quoted)
}

/// Returns the length of the heredoc that `text` starts with.
pub(super) fn heredoc(text: &str) -> usize {
    let (delimiter, start) = delimiter(text);
    end(text, start, Inside::Heredoc(delimiter))
}

/// Returns the delimiter of a heredoc and where its first line ends.
fn delimiter(text: &str) -> (&str, usize) {
    let line = text.find('\n').unwrap_or(text.len());
    let intro = text[..line].trim_end();
    (intro.trim_start_matches("<<").trim_start_matches('-'), line)
}

/// Returns where the text or heredoc ends that was entered before `at`.
///
/// It keeps a stack of its own: nesting is the author's choice, and must not exhaust the machine's.
fn end<'t>(text: &'t str, mut at: usize, outermost: Inside<'t>) -> usize {
    let mut stack = vec![outermost];
    while let Some(inside) = stack.last_mut() {
        let rest = &text[at..];
        let Some(first) = rest.chars().next() else {
            return at;
        };
        let width = first.len_utf8();
        at += match inside {
            Inside::Code(braces) => match first {
                '"' => push(&mut stack, Inside::Quoted, 1),
                '{' => add(braces, 1),
                '}' if *braces > 0 => add(braces, -1),
                '}' => pop(&mut stack, 1),
                '#' => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                '/' if rest.starts_with("/*") => token::inline_comment(rest),
                '<' if rest.starts_with("<<") => {
                    let (delimiter, start) = delimiter(rest);
                    push(&mut stack, Inside::Heredoc(delimiter), start)
                }
                _ => width,
            },
            _ if rest.starts_with("$${") || rest.starts_with("%%{") => 3,
            _ if rest.starts_with("${") || rest.starts_with("%{") => push(&mut stack, Inside::Code(0), 2),
            Inside::Quoted => match first {
                '"' => pop(&mut stack, 1),
                '\\' => width + rest[width..].chars().next().map_or(0, char::len_utf8),
                _ => width,
            },
            Inside::Heredoc(delimiter) => match closing(rest, delimiter) {
                Some(length) => pop(&mut stack, length),
                None => width,
            },
        };
    }
    at
}

fn push<'t>(stack: &mut Vec<Inside<'t>>, inside: Inside<'t>, length: usize) -> usize {
    stack.push(inside);
    length
}

fn pop(stack: &mut Vec<Inside<'_>>, length: usize) -> usize {
    stack.pop();
    length
}

fn add(braces: &mut usize, change: isize) -> usize {
    *braces = braces.saturating_add_signed(change);
    1
}

/// Returns the length of a line break and the delimiter behind it, if the heredoc ends here.
fn closing(text: &str, delimiter: &str) -> Option<usize> {
    let line = text.strip_prefix('\n')?;
    let after = line.trim_start_matches([' ', '\t']).strip_prefix(delimiter)?;
    let goes_on = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    (!after.starts_with(goes_on)).then(|| text.len() - after.len())
}
