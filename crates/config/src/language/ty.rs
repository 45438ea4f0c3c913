//! The types of attributes, as the tables write them.

use crate::language::rule::Rule;

/// What values an attribute takes.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// True or false.
    Bool,
    /// A whole number within bounds, both included.
    Whole {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
    /// A text of a certain shape.
    Text(Rule),
    /// One of a few words.
    Choice(&'static [Choice]),
    /// A list in which no element stands twice.
    List(&'static Type),
    /// A map of texts to values.
    Map(&'static Type),
    /// A text, a number or a truth value.
    Scalar,
    /// Any value.
    Any,
    /// A segment of a network: `network.main.segment.data`.
    Segment,
    /// Something that is not an ordinary value; the text says what.
    Special(&'static str),
}

/// A word that an attribute takes.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub summary: &'static str,
}

/// Returns a choice.
pub(crate) const fn choice(word: &'static str, summary: &'static str) -> Choice {
    Choice { word, summary }
}

/// A text of any shape.
pub(crate) const TEXT: Type = Type::Text(Rule::Any);

impl Type {
    /// Returns what is expected, for people: `a whole number from 0 to 15`.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Type::Bool => "true or false".to_owned(),
            Type::Whole { min, max } => format!("a whole number from {min} to {max}"),
            Type::Text(rule) => rule.expected().to_owned(),
            Type::Choice(choices) => {
                let words: Vec<String> = choices
                    .iter()
                    .map(|choice| format!("`{}`", choice.word))
                    .collect();
                format!("one of {}", words.join(", "))
            }
            Type::List(element) => format!("a list, each element {}", element.expected()),
            Type::Map(element) => format!("a map, each value {}", element.expected()),
            Type::Scalar => "a text, a number, true or false".to_owned(),
            Type::Any => "any value".to_owned(),
            Type::Segment => "a segment of a network, such as `network.main.segment.data`".to_owned(),
            Type::Special(text) => (*text).to_owned(),
        }
    }
}
