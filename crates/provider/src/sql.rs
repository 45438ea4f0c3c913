//! SQL that any provider of PostgreSQL writes: pure text, so that a role or a database is the same wherever it lives.

pub mod access;
pub mod comment;
pub mod database;

/// The schema in which the engine records what it brought into a database; nobody else changes it.
pub const RECORDS: &str = "infra_seeds";

/// Quotes an SQL identifier.
#[must_use]
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes an SQL string.
#[must_use]
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_cannot_break_out_of_their_quotes() {
        assert_eq!(identifier(r#"a"b; drop"#), r#""a""b; drop""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
    }
}
