//! A count of all objects of an account by an independent client, compared with what a state records.

use std::collections::BTreeMap;

use crate::aws::Cloud;
use crate::environment::TestEnv;

/// Identities by type, sorted.
pub type Census = BTreeMap<String, Vec<String>>;

/// What the inventory lists of objects that wait for their deletion.
const WAITING: &str = "waiting";

/// Returns all objects of an account that somebody made.
///
/// # Panics
/// When the account does not answer.
#[must_use]
pub fn objects(cloud: &Cloud) -> Census {
    let there = cloud
        .inventory()
        .into_iter()
        .filter(|(resource_type, _)| resource_type != WAITING);
    sorted(
        there
            .map(|(resource_type, objects)| (resource_type, objects.into_keys().collect()))
            .collect(),
    )
}

/// Returns all objects that the state of an environment records.
///
/// # Panics
/// When the state cannot be read.
#[must_use]
pub fn recorded(env: &mut TestEnv, environment: &str) -> Census {
    let run = env.run(&["show", environment, "--json"]).expect(0);
    let state: serde_json::Value = serde_json::from_str(&run.stdout).expect("a document");
    assert_eq!(state["open_intents"], 0, "calls are open: {run}");
    let mut census = Census::new();
    for record in state["records"].as_array().expect("records") {
        let key = record["key"].as_str().expect("an address");
        let name = key.rsplit('/').next().expect("the part behind the component");
        let resource_type = name.rsplit_once('.').expect("a type and a name").0.to_owned();
        let id = record["id"].as_str().expect("an identity").to_owned();
        census.entry(resource_type).or_default().push(id);
    }
    sorted(census)
}

fn sorted(census: Census) -> Census {
    let nonempty = census.into_iter().filter(|(_, ids)| !ids.is_empty());
    nonempty
        .map(|(resource_type, mut ids)| {
            ids.sort();
            (resource_type, ids)
        })
        .collect()
}

/// Fails the test unless the account holds what the state records, each thing once, and nothing else.
///
/// # Panics
/// When they differ.
pub fn assert_same(cloud: &Cloud, env: &mut TestEnv, environment: &str, when: &str) {
    let (objects, recorded) = (objects(cloud), recorded(env, environment));
    assert_eq!(objects, recorded, "account and state differ: {when}");
    for (resource_type, ids) in &recorded {
        let mut once = ids.clone();
        once.dedup();
        assert_eq!(&once, ids, "{resource_type} twice: {when}");
    }
}
