//! The critical path of a plan: the longest chain of steps that wait for each other, by the time that each took.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Took;

/// Returns how long each step took, by its number, from the log of an apply.
pub(crate) fn durations(log: &str) -> Took {
    let events = log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let done = events.filter(|event| event["event"] == "step_done");
    done.filter_map(|event| Some((event["step"].as_u64()?, event["took_ms"].as_f64()? / 1000.0)))
        .collect()
}

/// Returns the seconds of the longest chain of a plan's steps, which are in an order in which they could be done.
pub(crate) fn path(plan: &Value, took: &Took) -> f64 {
    let mut ends: BTreeMap<u64, f64> = BTreeMap::new();
    for step in plan["plan"]["steps"].as_array().into_iter().flatten() {
        let id = step["id"].as_u64().expect("the number of a step");
        let after = step["after"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64);
        let begin = after
            .filter_map(|before| ends.get(&before))
            .fold(0.0, |latest: f64, end| latest.max(*end));
        ends.insert(id, begin + took.get(&id).copied().unwrap_or_default());
    }
    ends.into_values().fold(0.0, f64::max)
}
