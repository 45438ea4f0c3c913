//! Keys and what they open: nothing that data cannot be read without goes, or is exchanged, while the data stays.
//!
//! What was encrypted with a key stays so whatever its object is told to use from then on. An attribute says of itself that it
//! names such a thing; that this is one of ours shows in the outputs of a record.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::decision::{Change, ChangeOrigin, Decision};
use infra_model::schema::AttributeSchema;
use infra_model::value::Value;

use crate::decide::Verdict;
use crate::error::{Harm, PlanError, UnlockingObject};
use crate::roster::{Held, Node, Roster};

/// What goes, by what names it.
type Going = BTreeMap<String, (Address, Harm)>;

/// Refuses what would leave data that nobody can read.
pub(crate) fn check(roster: &Roster<'_>, verdicts: &[Option<Verdict>]) -> Result<(), PlanError> {
    let going = going(roster, verdicts)?;
    let (mut objects, mut keep) = (Vec::new(), BTreeSet::new());
    for (node, verdict) in roster.nodes.iter().zip(verdicts) {
        let Some(held) = staying(node, verdict.as_ref()) else {
            continue;
        };
        for (name, how) in unlocking(node) {
            let found = match lost(held, name, &going)? {
                Some((address, harm)) => Some((address, Some(harm))),
                None => exchanged(verdict.as_ref(), name, roster)?.map(|address| (address, None)),
            };
            if let Some((address, harm)) = found {
                let of = node.address.clone();
                objects.push(UnlockingObject { address, of, harm });
                keep.insert(how);
            }
        }
    }
    if objects.is_empty() {
        return Ok(());
    }
    let keep: Vec<&str> = keep.into_iter().collect();
    let keep = keep.join(". ");
    Err(PlanError::Unlocks { objects, keep })
}

/// Returns what the plan deletes or replaces, by each of its outputs.
fn going(roster: &Roster<'_>, verdicts: &[Option<Verdict>]) -> Result<Going, PlanError> {
    let mut going = Going::new();
    for (node, verdict) in roster.nodes.iter().zip(verdicts) {
        let (Some(held), Some(harm)) = (&node.current, verdict.as_ref().and_then(harm)) else {
            continue;
        };
        let texts = outputs(held)?.map(|text| (text, (node.address.clone(), harm.clone())));
        going.extend(texts);
    }
    Ok(going)
}

fn harm(verdict: &Verdict) -> Option<Harm> {
    match verdict.decision {
        Decision::Delete { .. } => Some(Harm::Delete),
        Decision::Replace { .. } => Some(Harm::Replace),
        _ => None,
    }
}

/// Returns the object of a node if it exists and goes on to exist.
fn staying<'a, 'b>(node: &'b Node<'a>, verdict: Option<&Verdict>) -> Option<&'b Held<'a>> {
    let held = node.current.as_ref()?;
    let stays = !held.is_gone() && !held.holds_nothing() && verdict.and_then(harm).is_none();
    stays.then_some(held)
}

/// Returns the attributes that name what the data cannot be read without, with how to keep that.
fn unlocking<'a>(node: &Node<'a>) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
    let schema = node.schema.into_iter();
    let attributes = schema.flat_map(|schema| &schema.attributes);
    let how = |attribute: &'a AttributeSchema| attribute.unlocks.as_deref();
    attributes.filter_map(move |(name, attribute)| Some((name.as_str(), how(attribute)?)))
}

/// Returns what goes of that which an attribute names, as the object was seen, else as it is recorded.
fn lost(held: &Held<'_>, name: &str, going: &Going) -> Result<Option<(Address, Harm)>, PlanError> {
    if going.is_empty() {
        return Ok(None);
    }
    let seen = held.observed().and_then(|observed| observed.attributes.get(name));
    let recorded = held.record()?.inputs.get(name);
    let named = [seen, recorded].into_iter().flatten().filter_map(Value::as_str);
    Ok(named.filter_map(|text| going.get(text)).next().cloned())
}

/// Returns what an attribute names no more by the will of the stack, if it is ours and exists.
fn exchanged(
    verdict: Option<&Verdict>,
    name: &str,
    roster: &Roster<'_>,
) -> Result<Option<Address>, PlanError> {
    let asked = verdict
        .map(|verdict| verdict.asked.as_slice())
        .unwrap_or_default();
    let by_stack = |change: &&Change| change.attribute == name && change.origin == ChangeOrigin::Stack;
    let Some(before) = asked
        .iter()
        .find(by_stack)
        .and_then(|change| change.before.as_str())
    else {
        return Ok(None);
    };
    for node in &roster.nodes {
        let Some(held) = node.current.as_ref().filter(|held| !held.is_gone()) else {
            continue;
        };
        if outputs(held)?.any(|text| text == before) {
            return Ok(Some(node.address.clone()));
        }
    }
    Ok(None)
}

/// Returns the outputs of an object that are texts.
fn outputs(held: &Held<'_>) -> Result<impl Iterator<Item = String>, PlanError> {
    let seen = held.observed().map(|observed| observed.outputs.values());
    let texts = held.record()?.outputs.values().chain(seen.into_iter().flatten());
    let texts: Vec<String> = texts.filter_map(Value::as_str).map(str::to_owned).collect();
    Ok(texts.into_iter().filter(|text| !text.is_empty()))
}
