//! Finds secrets that stand in clear in a file that does not parse: the mistake that says so shows their line.

use std::ops::Range;

/// The attributes that hold a secret: of a variable, and of a secret in a key vault.
const ATTRIBUTES: [&str; 2] = ["default", "value"];

/// Returns where quoted values stand, in bytes, that belong to a secret as far as the lines tell. It is better to
/// conceal one that is none than to show one that is.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut at, mut is_secret) = (0, false);
    for line in text.split_inclusive('\n') {
        is_secret = opened(line, &text[at..]).unwrap_or(is_secret);
        if let Some(quoted) = quoted(line).filter(|_| is_secret) {
            found.push(at + quoted.start..at + quoted.end);
        }
        at += line.len();
    }
    found
}

/// Tells whether the block that a line opens holds a secret, nothing if it opens none at this level.
fn opened(line: &str, rest: &str) -> Option<bool> {
    let is_inner = line.starts_with([' ', '\t']);
    let words = line.trim_start();
    if words.starts_with("secret \"") {
        return Some(true);
    }
    if words.starts_with("variable ") {
        let end = rest.find("\n}").unwrap_or(rest.len());
        return Some(rest[..end].contains("secret"));
    }
    (!is_inner && words.contains('{')).then_some(false)
}

/// Returns the text in quotes behind an attribute that may hold a secret, to the end of the line if it is not closed.
fn quoted(line: &str) -> Option<Range<usize>> {
    let value = ATTRIBUTES.iter().find_map(|name| {
        let after = line.find(name)? + name.len();
        let rest = line[after..].trim_start();
        rest.starts_with('=').then(|| line.len() - rest.len())
    })?;
    let start = value + line[value..].find('"')?;
    let end = line.rfind('"').filter(|end| *end > start);
    Some(start..end.map_or(line.trim_end().len(), |end| end + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        secrets(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn values_of_secrets_are_found_without_a_tree() {
        let text = "variable \"p\" {\n  secret = true\n  default = \"one\" oops\n}\nvariable \"q\" {\n  default = \"shown\" oops\n}\n";
        assert_eq!(found(text), ["\"one\""]);
        let text = "variable \"p\" { secret = true; default = \"two\" }\nlocals {\n  value = \"shown\n}\n";
        assert_eq!(found(text), ["\"two\""]);
        let text = "key_vault \"a\" {\n  secret \"b\" { value = \"three\" c = 1 }\n  secret \"d\" {\n    value = \"four\n  }\n}\n";
        assert_eq!(found(text), ["\"three\"", "\"four"]);
    }
}
