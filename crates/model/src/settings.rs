//! What programs that use a stack read from their environment variables.

use std::collections::BTreeMap;

use crate::clock::parse_duration;
use crate::diagnostic::Span;
use crate::value::Value;

/// A program, and what it reads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consumer {
    /// What it is.
    pub description: Option<String>,
    /// Its settings by the name of the environment variable.
    pub settings: BTreeMap<String, Setting>,
}

/// An environment variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// What values the program understands.
    pub kind: SettingKind,
    /// The value; none where the program does without. It may be known only after apply.
    pub value: Option<Value>,
    /// Whether the program needs it.
    pub required: bool,
    /// What it does.
    pub description: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

/// What values a setting takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingKind {
    /// Any text.
    String,
    /// A scheme, `://` and something after it.
    Url,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A time span such as `1d12h`.
    Duration,
    /// One of these words.
    Enum(Vec<String>),
    /// Any text, hidden wherever settings are shown.
    Secret,
}

impl SettingKind {
    /// Returns what is expected, for people.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            SettingKind::String | SettingKind::Secret => "a text".to_owned(),
            SettingKind::Url => "a URL such as `https://example.org`".to_owned(),
            SettingKind::Integer => "a whole number".to_owned(),
            SettingKind::Boolean => "true or false".to_owned(),
            SettingKind::Duration => "a time span such as `90m`, `24h` or `1d12h`".to_owned(),
            SettingKind::Enum(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", words.join(", "))
            }
        }
    }

    /// Tells whether a text is such a value.
    #[must_use]
    pub fn fits(&self, text: &str) -> bool {
        match self {
            SettingKind::String | SettingKind::Secret => true,
            SettingKind::Url => is_url(text),
            SettingKind::Integer => text.parse::<i64>().is_ok(),
            SettingKind::Boolean => matches!(text, "true" | "false"),
            SettingKind::Duration => parse_duration(text).is_some(),
            SettingKind::Enum(words) => words.iter().any(|word| word == text),
        }
    }
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(is_scheme)
        && !rest.is_empty()
        && !rest.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_knows_its_values() {
        let levels = SettingKind::Enum(vec!["debug".to_owned(), "info".to_owned()]);
        for (kind, text, fits) in [
            (&SettingKind::Url, "redis://:pw@h:6379/0", true),
            (&SettingKind::Url, "h:6379", false),
            (&SettingKind::Url, "https://", false),
            (&SettingKind::Url, "https://a b", false),
            (&SettingKind::Integer, "-3", true),
            (&SettingKind::Integer, "3.5", false),
            (&SettingKind::Boolean, "true", true),
            (&SettingKind::Boolean, "yes", false),
            (&SettingKind::Duration, "1d12h", true),
            (&SettingKind::Duration, "24", false),
            (&SettingKind::Duration, "h", false),
            (&SettingKind::Duration, "", false),
            (&levels, "info", true),
            (&levels, "INFO", false),
            (&SettingKind::String, "", true),
        ] {
            assert_eq!(kind.fits(text), fits, "{kind:?} {text}");
        }
    }
}
