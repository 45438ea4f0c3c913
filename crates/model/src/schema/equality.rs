//! When two values of an attribute count as the same: one answer for the planner and for apply.
//!
//! The planner asks whether the world differs from the stack; apply asks whether it moved since. Two answers
//! would give plans that can never be applied.

use crate::schema::Equality;
use crate::value::Value;

mod policy;

impl Equality {
    /// Tells whether what is seen is what is wanted where `last` was applied before. More keys than are wanted are
    /// noise of the provider, but not those that were applied and are not wanted any more.
    #[must_use]
    pub fn reached(self, last: &Value, wanted: &Value, seen: &Value) -> bool {
        if self != Equality::DesiredKeys {
            return self.same(wanted, seen);
        }
        let is_set = |map: &Value, key: &String| {
            let value = map.as_map().and_then(|map| map.get(key));
            value.is_some_and(|value| !value.is_null())
        };
        let remains = |key: &String| is_set(last, key) && !is_set(wanted, key) && is_set(seen, key);
        let taken_out = last.as_map().is_some_and(|last| last.keys().any(remains));
        !taken_out && (wanted.is_null() || self.same(wanted, seen))
    }

    /// Tells whether `seen` is as good as `wanted`. Null is the same as not set, also inside maps.
    #[must_use]
    pub fn same(self, wanted: &Value, seen: &Value) -> bool {
        if is_exact(wanted, seen) {
            return true;
        }
        match self {
            Equality::Exact => false,
            Equality::IgnoreCase => match (wanted.as_str(), seen.as_str()) {
                (Some(wanted), Some(seen)) => wanted.to_lowercase() == seen.to_lowercase(),
                _ => false,
            },
            Equality::NewerMinor => match (wanted.as_str(), seen.as_str()) {
                (Some(wanted), Some(seen)) => is_newer_minor(wanted, seen),
                _ => false,
            },
            Equality::Unordered => match (wanted.as_list(), seen.as_list()) {
                (Some(wanted), Some(seen)) => is_permutation(wanted, seen),
                _ => false,
            },
            Equality::DesiredKeys => match (wanted.as_map(), seen.as_map()) {
                (Some(wanted), Some(seen)) => wanted.iter().all(|(key, value)| {
                    value.is_null() || seen.get(key).is_some_and(|other| is_exact(value, other))
                }),
                (Some(wanted), None) => seen.is_null() && wanted.values().all(Value::is_null),
                _ => false,
            },
            Equality::Json => are_same(wanted, seen, |document| document),
            Equality::Policy => are_same(wanted, seen, policy::canonical),
        }
    }
}

fn is_newer_minor(wanted: &str, seen: &str) -> bool {
    let numbers =
        |version: &str| -> Option<Vec<u64>> { version.split('.').map(|part| part.parse().ok()).collect() };
    match (numbers(wanted), numbers(seen)) {
        (Some(wanted), Some(seen)) => wanted.first() == seen.first() && seen > wanted,
        _ => false,
    }
}

fn is_exact(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Map(left), Value::Map(right)) => {
            let mut left = left.iter().filter(|(_, value)| !value.is_null());
            let mut right = right.iter().filter(|(_, value)| !value.is_null());
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return true,
                    (Some((key, value)), Some((other_key, other)))
                        if key == other_key && is_exact(value, other) => {}
                    _ => return false,
                }
            }
        }
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_exact(left, right))
        }
        _ => left == right,
    }
}

fn is_permutation(left: &[Value], right: &[Value]) -> bool {
    let sorted = |values: &[Value]| {
        let mut sorted: Vec<Value> = values.to_vec();
        sorted.sort();
        sorted
    };
    sorted(left) == sorted(right)
}

/// Tells whether two texts are documents of one form.
fn are_same(wanted: &Value, seen: &Value, form: impl Fn(serde_json::Value) -> serde_json::Value) -> bool {
    match (json(wanted), json(seen)) {
        (Some(wanted), Some(seen)) => form(wanted) == form(seen),
        _ => false,
    }
}

fn json(value: &Value) -> Option<serde_json::Value> {
    serde_json::from_str(value.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Value {
        Value::list(texts.iter().map(|text| Value::from(*text)))
    }

    #[test]
    fn null_is_the_same_as_not_set() {
        let with = Value::map([("a", Value::from(1_i64)), ("b", Value::Null)]);
        let without = Value::map([("a", Value::from(1_i64))]);
        assert!(Equality::Exact.same(&with, &without));
        assert!(Equality::Exact.same(&Value::list([with]), &Value::list([without])));
        assert!(Equality::DesiredKeys.same(&Value::map([("a", Value::Null)]), &Value::Null));
    }

    #[test]
    fn each_equality_forgives_one_thing() {
        let cases = [
            (
                Equality::IgnoreCase,
                Value::from("Standard"),
                Value::from("STANDARD"),
            ),
            (Equality::NewerMinor, Value::from("8.9"), Value::from("8.10")),
            (
                Equality::Unordered,
                texts(&["a", "b", "b"]),
                texts(&["b", "a", "b"]),
            ),
            (
                Equality::DesiredKeys,
                Value::map([("a", Value::from(true))]),
                Value::map([("a", Value::from(true)), ("filled_in", Value::from(true))]),
            ),
            (
                Equality::Json,
                Value::from(r#"{"a":1,"b":[2]}"#),
                Value::from(r#"{ "b": [2], "a": 1 }"#),
            ),
        ];
        for (equality, wanted, seen) in &cases {
            assert!(equality.same(wanted, seen), "{equality:?}");
            assert!(!Equality::Exact.same(wanted, seen), "{equality:?}");
        }
    }

    #[test]
    fn a_key_that_was_applied_and_is_not_wanted_any_more_must_go() {
        let map = |keys: &[&'static str]| Value::map(keys.iter().map(|key| (*key, Value::from(true))));
        let reached = |last: &[&'static str], wanted: &Value, seen: &[&'static str]| {
            Equality::DesiredKeys.reached(&map(last), wanted, &map(seen))
        };
        assert!(reached(&["a", "b"], &map(&["a"]), &["a"]));
        assert!(!reached(&["a", "b"], &map(&["a"]), &["a", "b"]));
        assert!(reached(&["a"], &map(&["a"]), &["a", "filled_in"]));
        assert!(!reached(&["a"], &map(&["a"]), &[]));
        assert!(!reached(&["a"], &Value::Null, &["a"]));
        assert!(reached(&["a"], &Value::Null, &["filled_in"]));
        assert!(!Equality::Exact.reached(&map(&["a"]), &map(&["a"]), &map(&["a", "filled_in"])));
    }

    #[test]
    fn what_differs_is_not_forgiven() {
        let cases = [
            (Equality::IgnoreCase, Value::from("a"), Value::from("b")),
            (Equality::NewerMinor, Value::from("8.2"), Value::from("8.1")),
            (Equality::NewerMinor, Value::from("7.2"), Value::from("8.0")),
            (Equality::NewerMinor, Value::from("8.2"), Value::from("8.x")),
            (Equality::Unordered, texts(&["a", "a"]), texts(&["a", "b"])),
            (Equality::Unordered, texts(&["a"]), texts(&["a", "a"])),
            (
                Equality::DesiredKeys,
                Value::map([("a", Value::from(1_i64))]),
                Value::map([("a", Value::from(2_i64))]),
            ),
            (Equality::Json, Value::from("{"), Value::from("[")),
            (Equality::Json, Value::from("{}"), Value::Null),
        ];
        for (equality, wanted, seen) in &cases {
            assert!(!equality.same(wanted, seen), "{equality:?}");
        }
    }
}
