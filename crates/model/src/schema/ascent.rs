//! Attributes that move up in place and never down: a newer version of an engine is installed, an older one takes a new object.

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// What up means for an attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ascent {
    /// Numbers with dots between them, the first one counts most. What only one of two versions says is not compared.
    Version,
    /// These texts, the lowest first.
    Steps(Vec<String>),
}

impl Ascent {
    /// Tells whether a change leads down. What is not understood does not.
    #[must_use]
    pub fn falls(&self, before: &Value, after: &Value) -> bool {
        let (Some(before), Some(after)) = (before.as_str(), after.as_str()) else {
            return false;
        };
        match self {
            Ascent::Version => {
                let mut pairs = parts(before).zip(parts(after));
                let first = pairs.find(|(before, after)| before != after);
                matches!(first, Some((Some(before), Some(after))) if after < before)
            }
            Ascent::Steps(steps) => {
                let step = |text: &str| steps.iter().position(|step| step == text);
                matches!((step(before), step(after)), (Some(before), Some(after)) if after < before)
            }
        }
    }
}

fn parts(version: &str) -> impl Iterator<Item = Option<u64>> {
    version.split('.').map(|part| part.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_fall_where_the_first_number_that_differs_is_lower() {
        let falls =
            |before: &str, after: &str| Ascent::Version.falls(&Value::string(before), &Value::string(after));
        assert!(falls("16", "15") && falls("7.1", "6.2") && falls("8.1", "8.0"));
        assert!(!falls("9.9", "10.0") && !falls("7.1", "7.1") && !falls("7.1", "7.2"));
        assert!(!falls("16.4", "16") && !falls("16", "16.4"));
        assert!(!falls("16", "newest") && !Ascent::Version.falls(&Value::Null, &Value::string("16")));
    }

    #[test]
    fn steps_fall_in_the_order_that_they_are_listed_in() {
        let steps = Ascent::Steps(["redis", "valkey"].map(str::to_owned).into());
        let falls = |before: &str, after: &str| steps.falls(&Value::string(before), &Value::string(after));
        assert!(falls("valkey", "redis"));
        assert!(!falls("redis", "valkey") && !falls("valkey", "valkey") && !falls("valkey", "memcached"));
    }
}
