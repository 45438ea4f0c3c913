//! A count of all objects of an account by an independent client, compared with what a state records.

use std::collections::BTreeMap;

use crate::aws::Cloud;
use crate::environment::TestEnv;

/// Identities by type, sorted.
pub type Census = BTreeMap<String, Vec<String>>;

/// What the inventory lists of objects that wait for their deletion.
const WAITING: &str = "waiting";

/// The type whose identity hides what the inventory lists it by: a digest stands for the id of a key.
const HIDDEN: &str = "aws.iam.access_key";

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
            .map(|(resource_type, objects)| {
                let ids = objects
                    .into_iter()
                    .map(|(id, seen)| identity(&resource_type, id, &seen));
                (resource_type.clone(), ids.collect())
            })
            .collect(),
    )
}

/// Returns the identity that the engine records for what the inventory lists by this one.
fn identity(resource_type: &str, id: String, seen: &serde_json::Value) -> String {
    if resource_type != HIDDEN {
        return id;
    }
    let user = seen["UserName"].as_str().expect("the user of the key");
    let digest = blake3::hash(id.as_bytes()).to_hex();
    format!("{user}/{}", &digest[..16])
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
    assert_recorded(cloud, &recorded(env, environment), when);
}

/// Fails the test unless the account holds what is recorded in one state or in several, each thing once, and nothing else.
///
/// # Panics
/// When they differ.
pub fn assert_recorded(cloud: &Cloud, recorded: &Census, when: &str) {
    assert_eq!(&objects(cloud), recorded, "account and state differ: {when}");
    for (resource_type, ids) in recorded {
        let mut once = ids.clone();
        once.dedup();
        assert_eq!(&once, ids, "{resource_type} twice: {when}");
    }
}

/// Returns what several states record together.
#[must_use]
pub fn together(states: impl IntoIterator<Item = Census>) -> Census {
    let mut all = Census::new();
    for (resource_type, ids) in states.into_iter().flatten() {
        all.entry(resource_type).or_default().extend(ids);
    }
    sorted(all)
}
