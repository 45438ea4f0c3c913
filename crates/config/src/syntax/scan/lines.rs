//! What lines look like: blank, the end of a heredoc, the start of an item.

/// Returns the first byte at or after `at` that is neither white space nor in a comment.
///
/// # Errors
///
/// Where a comment starts that does not end.
pub(super) fn skip_blank(text: &str, mut at: usize) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest[0].is_ascii_whitespace() {
            at += 1;
        } else if rest[0] == b'#' || rest.starts_with(b"//") {
            at = line_end(text, at);
        } else if rest.starts_with(b"/*") {
            at += text[at + 2..].find("*/").ok_or(at)? + 4;
        } else {
            break;
        }
    }
    Ok(at)
}

/// Returns where the line break of this line is, or the end of the text.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length)
}

/// Returns the delimiter of the heredoc that starts here and the end of its line, if one does.
pub(super) fn heredoc_start(text: &str, at: usize) -> Option<((usize, usize), usize)> {
    let after = at + 2 + usize::from(text[at + 2..].starts_with('-'));
    let length = name_length(&text[after..]);
    let end = after + length;
    let line_end = end + usize::from(text[end..].starts_with('\r'));
    (length > 0 && text[line_end..].starts_with('\n')).then_some(((after, end), line_end))
}

/// Returns where the delimiter ends, if the line that starts here ends the heredoc.
pub(super) fn heredoc_end(text: &str, line: usize, delimiter: (usize, usize)) -> Option<usize> {
    let rest = text[line..].trim_start_matches([' ', '\t']);
    let after = rest.strip_prefix(&text[delimiter.0..delimiter.1])?;
    let is_longer = after.starts_with(|c: char| is_name_part(c));
    (!is_longer).then_some(text.len() - after.len())
}

/// Returns the first byte of this line that is not blank.
pub(super) fn first_in_line(text: &str, line: usize) -> usize {
    let rest = &text[line..];
    line + (rest.len() - rest.trim_start_matches([' ', '\t']).len())
}

/// Returns how far a byte is from the start of its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    at - text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// Tells whether what starts here is a name followed by `=` or by labels and `{`.
pub(super) fn looks_like_item(text: &str, at: usize) -> bool {
    let length = name_length(&text[at..]);
    if length == 0 {
        return false;
    }
    let mut rest = &text[at + length..line_end(text, at)];
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('=') {
            return !after.starts_with('=');
        }
        if rest.starts_with('{') {
            return true;
        }
        let label = match rest.strip_prefix('"') {
            Some(quoted) => quoted.find('"').map(|end| end + 2),
            None => Some(name_length(rest)).filter(|length| *length > 0),
        };
        match label {
            Some(length) => rest = &rest[length..],
            None => return false,
        }
    }
}

fn name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return 0;
    }
    text.find(|c: char| !is_name_part(c)).unwrap_or(text.len())
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}
