//! What must hold whatever happens, each with its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use infra_model::plan::Action;
use infra_model::record::{ObjectId, Serial};
use infra_state::archive;
use infra_state::contract::State;
use infra_state::history::verify_chain;
use provider_sim::cloud::object::Object;
use provider_sim::cloud::others::is_theirs;

use super::saved;
use super::world::World;

/// What must hold whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Every object of ours is in the state or belongs to an open intent.
    NothingLost,
    /// No address has two objects unless the state says why.
    NothingTwice,
    /// The saved state contradicts neither itself nor its history.
    StateHoldsTogether,
    /// The history is the chain that was written.
    HistoryVerifies,
    /// A plan fulfils what its checker asks.
    PlanHoldsTogether,
    /// No secret is written or shown anywhere.
    SecretsSealed,
    /// Whoever lost the lease writes nothing and calls nobody.
    Fenced,
    /// Once nothing goes wrong any more, a few runs end in success.
    Converges,
    /// They end where an undisturbed run ends.
    SameEnd,
    /// State and cloud hold the same objects then, and a plan has nothing to do.
    Settled,
    /// Nothing happens that can only be a mistake of ours.
    NoDefect,
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// What was seen.
    pub detail: String,
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.detail)
    }
}

/// Checks what must hold between any two runs.
pub async fn check(world: &World) {
    let state = world.state().await;
    let objects = ours(world);
    nothing_lost(world, state.as_ref(), &objects);
    nothing_twice(world, state.as_ref(), &objects);
    if let Some(state) = state {
        holds_together(world, &state).await;
    }
}

/// Checks what must hold once everything was done and nothing goes wrong any more.
pub async fn check_settled(world: &World) {
    let state = world.state().await;
    let records: BTreeSet<ObjectId> = state
        .iter()
        .flat_map(|state| state.records.values())
        .filter_map(|entry| entry.record().ok())
        .map(|record| record.id.clone())
        .collect();
    let objects: BTreeSet<ObjectId> = ours(world).into_iter().map(|object| object.id).collect();
    if records != objects {
        let detail = format!("the state has {records:?}, the cloud {objects:?}");
        world.watch.found(Invariant::Settled, detail);
    }
    let open = state.map_or(0, |state| state.open_intents.len());
    if open > 0 {
        world
            .watch
            .found(Invariant::Settled, format!("{open} intents are open"));
    }
}

/// Looks for secrets in the whole state as it is written to a file.
pub async fn check_archive(world: &World) {
    let Ok(Some(taken)) = archive::take(&world.store).await else {
        return;
    };
    match archive::encode(&taken) {
        Ok(bytes) => world
            .watch
            .stored("the state", || String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            let detail = super::text::of_error(&error);
            world.watch.found(Invariant::SecretsSealed, detail);
        }
    }
}

/// Returns the objects of our state in the cloud.
#[must_use]
pub fn ours(world: &World) -> Vec<Object> {
    let objects = world.cloud.objects().into_iter();
    objects.filter(|object| !is_theirs(object)).collect()
}

fn nothing_lost(world: &World, state: Option<&State>, objects: &[Object]) {
    let mut known: BTreeSet<(&str, ObjectId)> = BTreeSet::new();
    for (key, entry) in state.iter().flat_map(|state| &state.records) {
        if let Ok(record) = entry.record() {
            known.insert((key.address.resource_type_str(), record.id.clone()));
        }
    }
    for object in objects {
        let is_recorded = known.contains(&(object.resource_type.as_str(), object.id.clone()));
        if !is_recorded && !state.is_some_and(|state| is_intended(state, object)) {
            let detail = format!("nobody knows {object:?}");
            world.watch.found(Invariant::NothingLost, detail);
        }
    }
}

/// Tells whether an object belongs to a create of which no outcome is known.
fn is_intended(state: &State, object: &Object) -> bool {
    state.open_intents.iter().any(|open| {
        let is_create = matches!(open.intent.action, Action::Create { .. });
        let is_of_type = open.intent.key.address.resource_type_str() == object.resource_type;
        let token = object.tag.as_ref().map(|tag| &tag.token);
        is_create && is_of_type && token.is_none_or(|token| *token == open.intent.token)
    })
}

/// Counts the objects of each address against its records and its open creates.
fn nothing_twice(world: &World, state: Option<&State>, objects: &[Object]) {
    let mut objects_of: BTreeMap<String, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        if let Some(tag) = &object.tag {
            objects_of.entry(tag.token.0.clone()).or_default().push(object);
        }
    }
    for (token, objects) in objects_of {
        let sent_twice = objects.iter().any(|object| world.is_sent_twice(object));
        if objects.len() > 1 && !sent_twice {
            let detail = format!("the call {token} made {objects:?}");
            world.watch.found(Invariant::NothingTwice, detail);
        }
    }
    let Some(state) = state else { return };
    let mut owners: BTreeMap<(&str, ObjectId), String> = BTreeMap::new();
    for (key, entry) in &state.records {
        let Ok(record) = entry.record() else { continue };
        let object = (key.address.resource_type_str(), record.id.clone());
        if let Some(other) = owners.insert(object, key.to_string()) {
            let detail = format!("`{other}` and `{key}` are both `{}`", record.id);
            world.watch.found(Invariant::NothingTwice, detail);
        }
    }
}

async fn holds_together(world: &World, state: &State) {
    let history = match world.kept().history(Serial::default()).await {
        Ok(history) => history,
        Err(error) => return world.watch.found(Invariant::HistoryVerifies, error.to_string()),
    };
    if let Err(error) = verify_chain(&history) {
        world.watch.found(Invariant::HistoryVerifies, error.to_string());
    }
    for fault in saved::faults(state, &history) {
        world.watch.found(Invariant::StateHoldsTogether, fault);
    }
}
