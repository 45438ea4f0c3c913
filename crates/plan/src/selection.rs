//! Which addresses a plan may change: targets, excludes, and what follows from them.

use std::collections::BTreeSet;

use infra_model::diagnostic::near_match;

use crate::error::PlanError;
use crate::moved::Renames;
use crate::naming::names;
use crate::order::Needs;
use crate::recorded;
use crate::request::{Goal, PlanOptions};
use crate::roster::{Place, Roster};

/// Which addresses a plan may change.
#[derive(Debug)]
pub(crate) enum Selection {
    /// All of them.
    All,
    /// Only these.
    Some(BTreeSet<Place>),
}

impl Selection {
    pub(crate) fn contains(&self, place: Place) -> bool {
        match self {
            Selection::All => true,
            Selection::Some(places) => places.contains(&place),
        }
    }
}

/// Returns what the options select.
///
/// What is made needs all that it needs, and what is destroyed takes along all that needs it. The other way round
/// for excludes: what is not made keeps out all that needs it, and what stays keeps all that it needs.
pub(crate) fn select(
    options: &PlanOptions,
    roster: &Roster<'_>,
    needs: &Needs,
    renames: &Renames<'_>,
) -> Result<Selection, PlanError> {
    if options.targets.is_empty() && options.excludes.is_empty() {
        return Ok(Selection::All);
    }
    let targets = matching("--target", &options.targets, roster)?;
    let excludes = matching("--exclude", &options.excludes, roster)?;
    let mut selected: BTreeSet<Place> = match options.targets.is_empty() {
        true => roster.places().collect(),
        false => with_what_follows(&targets, options.goal, roster, needs, renames)?,
    };
    for place in kept_out(&excludes, options.goal, roster, needs, renames)? {
        selected.remove(&place);
    }
    Ok(Selection::Some(selected))
}

fn with_what_follows(
    targets: &BTreeSet<Place>,
    goal: Goal,
    roster: &Roster<'_>,
    needs: &Needs,
    renames: &Renames<'_>,
) -> Result<BTreeSet<Place>, PlanError> {
    let is_made = |place: &Place| goal == Goal::Converge && roster.node(*place).desired.is_some();
    let (made, mut destroyed): (BTreeSet<Place>, BTreeSet<Place>) =
        targets.iter().partition(|place| is_made(place));
    if !destroyed.is_empty() {
        destroyed = recorded::graph(roster, renames)?.needed_by(&destroyed);
    }
    if goal == Goal::Destroy {
        return Ok(destroyed);
    }
    // Whoever lets go of something destroyed is made itself, so what it needs comes along too.
    let mut selected = needs.graph().needs(made.union(&destroyed));
    selected.extend(destroyed);
    Ok(selected)
}

fn kept_out(
    excludes: &BTreeSet<Place>,
    goal: Goal,
    roster: &Roster<'_>,
    needs: &Needs,
    renames: &Renames<'_>,
) -> Result<BTreeSet<Place>, PlanError> {
    let mut out = match goal {
        Goal::Converge => needs.graph().needed_by(excludes),
        Goal::Destroy => excludes.clone(),
    };
    let mut open: Vec<Place> = out.iter().copied().collect();
    while let Some(place) = open.pop() {
        let Some(held) = &roster.node(place).current else {
            continue;
        };
        for need in recorded::needs(held, roster, renames)? {
            let is_destroyed = goal == Goal::Destroy || roster.node(need).desired.is_none();
            if is_destroyed && out.insert(need) {
                open.push(need);
            }
        }
    }
    Ok(out)
}

/// Returns the places that the given texts name.
fn matching(
    option: &'static str,
    texts: &BTreeSet<String>,
    roster: &Roster<'_>,
) -> Result<BTreeSet<Place>, PlanError> {
    let mut all = BTreeSet::new();
    for text in texts {
        let before = all.len();
        all.extend(
            roster
                .places()
                .filter(|place| names(text, &roster.node(*place).address)),
        );
        let is_known =
            all.len() > before || all.iter().any(|place| names(text, &roster.node(*place).address));
        if !is_known {
            return Err(unknown(option, text, roster));
        }
    }
    Ok(all)
}

/// Returns the error that a text names nothing, with the nearest resource or component.
pub(crate) fn unknown(option: &'static str, text: &str, roster: &Roster<'_>) -> PlanError {
    let components = roster.nodes.iter().map(|node| node.address.component_str());
    let addresses = roster.nodes.iter().map(|node| node.address.as_str());
    PlanError::UnknownSelection {
        option,
        text: text.to_owned(),
        near: near_match(text, components.chain(addresses)).map(str::to_owned),
    }
}
