//! The parameters of the engine: what the component says in its own words, and what its block `aws` adds.

use infra_model::component::redis::{Redis, RedisMode};
use infra_model::value::{Attributes, Value};

use super::settings;
use crate::lower::scene::Scene;

/// What is evicted, and what all families have for it. A default that is set is not told apart from one that is not.
const EVICTION: (&str, &str) = ("maxmemory-policy", "volatile-lru");
const CLUSTER: &str = "cluster-enabled";

/// Parameters that have words of their own in a component.
pub(super) const SPOKEN_FOR: [(&str, &str); 2] = [(EVICTION.0, "eviction"), (CLUSTER, "mode")];

/// Returns the parameters that differ from the family's defaults.
pub(super) fn of(scene: &Scene<'_>, redis: &Redis) -> Attributes {
    let mut all: Attributes = settings::parameters(scene)
        .filter_map(|(name, value)| Some((name.clone(), Value::String(written(value)?))))
        .collect();
    if redis.eviction != EVICTION.1 {
        all.insert(EVICTION.0.to_owned(), Value::string(redis.eviction.as_str()));
    }
    if redis.mode == RedisMode::Cluster {
        all.insert(CLUSTER.to_owned(), Value::from("yes"));
    }
    all
}

/// Returns a value as the service takes it: text.
pub(super) fn written(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(true) => Some("yes".to_owned()),
        Value::Bool(false) => Some("no".to_owned()),
        Value::Number(number) => Some(match number.as_int() {
            Some(whole) => whole.to_string(),
            None => number.as_f64().to_string(),
        }),
        _ => None,
    }
}
