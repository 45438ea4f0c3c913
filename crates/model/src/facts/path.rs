//! Paths of facts: `postgres.main.backup.retention_days`, `network.main.allow.edge["10.0.0.0/8"]`.
//!
//! A part is a plain name, or stands in brackets: the key of a component, or a name that is not plain.

/// Returns the path of what has a name below another path.
#[must_use]
pub fn join(path: &str, name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || !name.chars().all(is_plain) {
        return format!("{path}[{name:?}]");
    }
    whole(path, name)
}

/// Returns the path that a path inside a thing has from outside.
#[must_use]
pub fn whole(thing: &str, rest: &str) -> String {
    let needs_dot = !thing.is_empty() && !rest.is_empty() && !rest.starts_with('[');
    format!("{thing}{}{rest}", if needs_dot { "." } else { "" })
}

/// Returns the parts of a path, those in brackets with them. A text that is no path has an empty part.
#[must_use]
pub fn parts(path: &str) -> Vec<&str> {
    let ends = ends(path);
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let parts = starts.zip(&ends).map(|(start, end)| &path[start..*end]);
    parts.map(|part| part.strip_prefix('.').unwrap_or(part)).collect()
}

/// Returns the beginnings of a path, the shortest first and itself last.
pub fn beginnings(path: &str) -> impl Iterator<Item = &str> {
    ends(path).into_iter().map(|end| &path[..end])
}

/// Tells whether a path is another one or lies below it.
#[must_use]
pub fn is_within(path: &str, other: &str) -> bool {
    path.strip_prefix(other)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Returns where the parts of a path end, in bytes.
fn ends(path: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in path.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' | '[' if !quoted && at > 0 => ends.push(at),
            _ => {}
        }
    }
    ends.push(path.len());
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_in_brackets_may_hold_anything() {
        let path = join(&join("postgres.main[\"a.b\"].allow", "10.0.0.0/8"), "x\"]y");
        assert_eq!(path, r#"postgres.main["a.b"].allow["10.0.0.0/8"]["x\"]y"]"#);
        let expected = [
            "postgres",
            "main",
            r#"["a.b"]"#,
            "allow",
            r#"["10.0.0.0/8"]"#,
            r#"["x\"]y"]"#,
        ];
        assert_eq!(parts(&path), expected);
        assert_eq!(
            beginnings("a.b[0].c").collect::<Vec<_>>(),
            ["a", "a.b", "a.b[0]", "a.b[0].c"]
        );
    }

    #[test]
    fn what_is_no_path_has_an_empty_part() {
        for wrong in ["", "a..b", ".a.", "a."] {
            assert!(parts(wrong).contains(&""), "{wrong}");
        }
    }

    #[test]
    fn a_longer_name_is_not_within_a_shorter_one() {
        assert!(is_within("postgres.main.size", "postgres.main"));
        assert!(is_within("postgres.main[0]", "postgres.main"));
        assert!(!is_within("postgres.main-2.size", "postgres.main"));
    }
}
