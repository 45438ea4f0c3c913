//! The JSON form of values, used by state records, plan files and `--json`.
//!
//! Plain values are plain JSON. The two marks that may be written are objects with one key that starts with a
//! dollar: `{"$sealed": "…"}` and `{"$deferred": {…}}`. A user's map with such a key is wrapped in `{"$map": …}`.
//! A secret in clear is refused: the error is the last line of defence, not a code path.

use std::fmt;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, SerializeMap};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::expression::Expression;
use crate::sealing::Sealed;
use crate::value::{Attributes, Number, Value};

const SEALED: &str = "$sealed";
const DEFERRED: &str = "$deferred";
const MAP: &str = "$map";

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => number.serialize(serializer),
            Value::String(text) => serializer.serialize_str(text),
            Value::List(values) => serializer.collect_seq(values),
            Value::Map(entries) if entries.keys().any(|key| key.starts_with('$')) => {
                marked(serializer, MAP, &Plain(entries))
            }
            Value::Map(entries) => serializer.collect_map(entries),
            Value::Sealed(sealed) => marked(serializer, SEALED, sealed),
            Value::Deferred(expression) => marked(serializer, DEFERRED, expression),
            Value::Secret(_) => Err(S::Error::custom("A secret in clear must not be written")),
        }
    }
}

fn marked<S: Serializer>(serializer: S, mark: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(mark, value)?;
    map.end()
}

/// A map written as it is, whatever its keys.
struct Plain<'a>(&'a Attributes);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Number::Int(value) => serializer.serialize_i64(*value),
            Number::Float(value) => serializer.serialize_f64(*value),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of the stack language")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(Number::Int(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => self.visit_f64(value as f64),
        }
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut values = Vec::with_capacity(access.size_hint().unwrap_or(0).min(1024));
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            match key.as_str() {
                SEALED => return access.next_value::<Sealed>().map(Value::Sealed),
                DEFERRED => return access.next_value::<Box<Expression>>().map(Value::Deferred),
                MAP => return access.next_value::<Attributes>().map(Value::Map),
                _ => {}
            }
            entries.push((key, access.next_value()?));
        }
        Ok(Value::Map(entries.into_iter().collect()))
    }
}
