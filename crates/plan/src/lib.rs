//! Planning: the pure difference between what a stack wants and what exists, as an ordered graph of steps.
//!
//! [`plan`] looks at every address once, each after those that it needs, and decides. It compares digests first, so
//! that a record whose resource did not change is not even parsed. [`check::check`] examines the result by other
//! means.
//!
//! *Architecture invariant:* no I/O, no async, no clock, no provider. The same request gives the same bytes.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::decision::Decision;
use infra_model::diagnostic::Diagnostic;
use infra_model::plan::{PLAN_FORMAT, Plan, PlanHeader, PlanNotice};
use infra_model::record::{RecordKey, Serial};

use crate::decide::{Decided, decide};
use crate::error::PlanError;
use crate::moved::Renames;
use crate::order::Needs;
use crate::request::{Goal, PlanRequest};
use crate::roster::{Place, Roster};
use crate::schedule::Schedule;
use crate::selection::Selection;
use crate::steps::Stub;

pub mod check;
mod class;
mod decide;
mod diff;
pub mod error;
mod given_out;
mod glance;
mod guard;
mod moved;
pub mod naming;
mod order;
mod recorded;
mod replacement;
pub mod request;
mod roster;
pub mod rotation;
mod schedule;
mod selection;
mod sequence;
mod steps;
mod substitute;
mod unlocking;

/// Returns what has to be done so that the world is as the stack wants it.
///
/// # Errors
///
/// When there is no such plan, or it would destroy what is protected or belongs to others.
pub fn plan(request: &PlanRequest<'_>) -> Result<Plan, PlanError> {
    let renames = Renames::new(request)?;
    let roster = Roster::new(request, &renames);
    let needs = Needs::new(&roster)?;
    rotation::check_requests(request.options, &roster)?;
    let selection = selection::select(request.options, &roster, &needs, &renames)?;
    let Decided { mut verdicts, drift } = decide(request.options, &roster, &needs, &renames, &selection)?;

    let mut notices: Vec<PlanNotice> = request.graph.notices.iter().map(notice).collect();
    notices.extend(limited(&selection));
    notices.extend(replacement::settle(&roster, &needs, &mut verdicts));
    let (stubs, decisions) = steps::stubs(&roster, &selection, verdicts, request.snapshot)?;
    let touched = touched(&roster, &needs, &stubs, &renames);
    let schedule = Schedule {
        roster: &roster,
        needs: &needs,
        renames: &renames,
        decisions: &decisions,
    };
    let steps = schedule.steps(stubs)?;
    Ok(Plan {
        header: header(request),
        kept: kept(&roster, &selection, &decisions),
        outside: outside(&roster, &selection),
        deposed: left_behind(&roster, &selection),
        decisions: by_address(&roster, decisions),
        moves: renames.moves(),
        steps,
        drift,
        touched,
        notices,
    })
}

fn header(request: &PlanRequest<'_>) -> PlanHeader {
    let origin = request.origin;
    PlanHeader {
        format: PLAN_FORMAT,
        engine: origin.engine.clone(),
        stack: origin.stack.clone(),
        environment: origin.environment.clone(),
        destroy: request.options.goal == Goal::Destroy,
        rollback: origin.rollback,
        lineage: request.snapshot.lineage.clone(),
        serial: request.snapshot.serial,
        config: origin.config,
        given: origin.given.clone(),
        created: origin.created,
        expires: origin.expires,
    }
}

fn notice(diagnostic: &Diagnostic) -> PlanNotice {
    PlanNotice {
        summary: diagnostic.summary.clone(),
        detail: diagnostic.detail.clone(),
        hint: diagnostic.hint.clone(),
    }
}

fn limited(selection: &Selection) -> Option<PlanNotice> {
    matches!(selection, Selection::Some(_)).then(|| PlanNotice {
        summary: "The plan is limited".into(),
        detail: "Only a part of the stack is looked at, as the options say".into(),
        hint: Some("Plan again without `--target` and `--exclude` afterwards".into()),
    })
}

fn kept(roster: &Roster<'_>, selection: &Selection, decisions: &BTreeMap<Place, Decision>) -> u64 {
    let selected = roster.places().filter(|place| selection.contains(*place));
    let recorded = selected.filter(|place| roster.node(*place).current.is_some());
    recorded.filter(|place| !decisions.contains_key(place)).count() as u64
}

fn outside(roster: &Roster<'_>, selection: &Selection) -> u64 {
    let left_out = roster.places().filter(|place| !selection.contains(*place));
    left_out.count() as u64
}

fn left_behind(roster: &Roster<'_>, selection: &Selection) -> Vec<RecordKey> {
    let selected = roster.places().filter(|place| selection.contains(*place));
    let deposed = selected.flat_map(|place| &roster.node(place).deposed);
    deposed.map(|held| held.key.clone()).collect()
}

fn by_address(roster: &Roster<'_>, decisions: BTreeMap<Place, Decision>) -> BTreeMap<Address, Decision> {
    decisions
        .into_iter()
        .map(|(place, decision)| (roster.node(place).address.clone(), decision))
        .collect()
}

/// Returns the serial of every record that the plan was made from and that it changes or reads, under the key that
/// the record has now, and none for every key that comes to be.
fn touched(
    roster: &Roster<'_>,
    needs: &Needs,
    stubs: &[Stub],
    renames: &Renames<'_>,
) -> BTreeMap<RecordKey, Option<Serial>> {
    let mut touched: BTreeMap<RecordKey, Option<Serial>> = BTreeMap::new();
    for stub in stubs {
        touched.insert(stub.key.clone(), None);
    }
    let read = schedule::read_places(roster, needs, stubs);
    for place in roster.places() {
        let node = roster.node(place);
        for held in node.current.iter().chain(&node.deposed) {
            let moves = !renames.is_empty() && held.key != *held.stored;
            if moves {
                touched.entry(held.key.clone()).or_insert(None);
            }
            let is_read = held.key.deposed.is_none() && read.contains(&place);
            if moves || is_read || touched.contains_key(&held.key) {
                touched.insert(held.stored.clone(), Some(held.entry.serial));
            }
        }
    }
    touched
}
