//! What a rollback cannot undo, told in the notices of its plan.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::decision::Decision;
use infra_model::plan::{Plan, PlanNotice};
use infra_model::record::Serial;
use infra_model::schema::{SchemaSet, StepClass};
use infra_model::stack::Moved;
use infra_plan::error::Harm;

use crate::past::Past;
use crate::rollback::doubt::Source;
use crate::rollback::keep::{AllKept, Kept};
use crate::rollback::lost;
use crate::rollback::times::Times;
use crate::rollback::way::Way;

/// How many names a notice lists.
const NAMES_MAX: usize = 5;

/// What the history tells of the way back before a plan is made.
#[derive(Debug)]
pub(super) struct Told {
    environment: String,
    to: Serial,
    command: String,
    ends: Serial,
    /// What holds data, by address.
    holds_data: BTreeMap<Address, bool>,
    /// When objects of then were deleted since, by the address that they had then.
    deleted: BTreeMap<Address, Serial>,
    /// What was made anew since and is there now.
    made_anew: Vec<(Address, Serial)>,
    /// What was perhaps made anew since and is there now.
    perhaps_anew: Vec<(Address, Serial)>,
    /// Whose secrets of then are gone.
    secrets: Vec<Address>,
}

impl Told {
    /// Reads the history since then.
    pub(super) fn new(environment: &str, past: &Past, times: &Times, schemas: &SchemaSet) -> Self {
        let deleted = lost::deletions(&past.since, times);
        let holds = |address: &Address| {
            schemas
                .get(address.resource_type_str())
                .is_some_and(|schema| schema.holds_data)
        };
        let all = times.past.keys().chain(times.now.keys());
        let is_there = |address: &Address| times.now_of(address).is_some() && holds(address);
        let anew = deleted.iter().filter(|(address, _)| is_there(address));
        let found = lost::found(&past.since, times).into_iter();
        let perhaps = found.filter(|(address, _)| is_there(address) && !deleted.contains_key(address));
        Told {
            environment: environment.to_owned(),
            to: past.serial,
            command: past.operation.command.clone(),
            ends: past.ends,
            holds_data: all.map(|address| (address.clone(), holds(address))).collect(),
            made_anew: anew.map(|(address, serial)| (address.clone(), *serial)).collect(),
            perhaps_anew: perhaps.collect(),
            secrets: lost::lost_secrets(times),
            deleted,
        }
    }

    /// Returns what is to be known before saying yes to a plan.
    pub(super) fn notices(&self, plan: &Plan, way: &Way<'_>) -> Vec<PlanNotice> {
        let mut notices: Vec<PlanNotice> = self.half_way().into_iter().collect();
        notices.extend(self.empty(plan));
        notices.extend(self.lost(plan));
        notices.extend(self.perhaps_lost(plan));
        notices.extend(self.kept_secrets());
        notices.extend(destroyed(plan));
        notices.extend(protected(&way.kept));
        notices.extend(standing(way));
        notices.extend(in_doubt(way));
        notices.extend((!way.is_told).then(unknown));
        notices.extend(names(&way.moved()));
        if !plan.is_empty() {
            notices.push(self.forward());
        }
        notices
    }

    fn half_way(&self) -> Option<PlanNotice> {
        let (to, ends, command) = (self.to, self.ends, &self.command);
        (ends != to).then(|| {
            notice(
                "The state was on its way",
                format!(
                    "Change {to} is one of several of the same {command}, which went on to change {ends}"
                ),
                Some(format!(
                    "Go to where it arrived with: infra rollback {} --to {ends}",
                    self.environment
                )),
            )
        })
    }

    /// Objects that this plan makes again and that held data.
    fn empty(&self, plan: &Plan) -> Option<PlanNotice> {
        let created = plan.decisions.iter().filter(|(address, decision)| {
            matches!(decision, Decision::Create { .. }) && self.holds_data.get(*address) == Some(&true)
        });
        let when = |address: &Address| match self.deleted.get(address) {
            Some(serial) => format!("`{address}` (deleted by change {serial})"),
            None => format!("`{address}`"),
        };
        let names: Vec<String> = created.map(|(address, _)| when(address)).collect();
        some(&names, |names| {
            notice(
                "Objects come back without their data",
                format!(
                    "{names}: they are made again from what is recorded, and nothing else that they held comes back"
                ),
                Some("Restore their data from a backup afterwards".to_owned()),
            )
        })
    }

    /// Objects that stand where others did then.
    fn lost(&self, plan: &Plan) -> Option<PlanNotice> {
        some(&standing_again(&self.made_anew, plan, "gone with"), |names| {
            notice(
                "Data of then is gone",
                format!(
                    "{names}: they were made anew since, and what they held before went with the old objects"
                ),
                None,
            )
        })
    }

    /// Objects of which that is not known.
    fn perhaps_lost(&self, plan: &Plan) -> Option<PlanNotice> {
        some(
            &standing_again(&self.perhaps_anew, plan, "found after"),
            |names| {
                notice(
                    "Data of then may be gone",
                    format!(
                        "{names}: the answer got lost to what was done there, which changed them or made them anew"
                    ),
                    Some("Look whether their data is there".to_owned()),
                )
            },
        )
    }

    fn kept_secrets(&self) -> Option<PlanNotice> {
        let names: Vec<String> = self
            .secrets
            .iter()
            .map(|address| format!("`{address}`"))
            .collect();
        some(&names, |names| {
            notice(
                "Secrets of then are gone",
                format!(
                    "{names}: what was generated or rotated since is not turned back, and everything that uses it gets the secret of now"
                ),
                None,
            )
        })
    }

    fn forward(&self) -> PlanNotice {
        notice(
            "The stack is not turned back",
            "Where its files want something else than this, the next plan leads there again".to_owned(),
            Some(format!(
                "Put its files back to what they were at change {} too: first, and plan again, or once this is applied",
                self.to
            )),
        )
    }
}

/// Returns those that a plan does not make, with the change that says so.
fn standing_again(objects: &[(Address, Serial)], plan: &Plan, when: &str) -> Vec<String> {
    let is_made = |address: &Address| matches!(plan.decisions.get(address), Some(Decision::Create { .. }));
    let stands = objects.iter().filter(|(address, _)| !is_made(address));
    stands
        .map(|(address, serial)| format!("`{address}` ({when} change {serial})"))
        .collect()
}

fn destroyed(plan: &Plan) -> Option<PlanNotice> {
    let destroys = plan
        .steps
        .iter()
        .filter(|step| step.class == StepClass::DestroysData);
    let names: Vec<String> = destroys.map(|step| format!("`{}`", step.key)).collect();
    some(&names, |names| {
        notice(
            "This cannot be undone",
            format!(
                "{names}: their data is destroyed, and going forward again makes the objects and not the data"
            ),
            None,
        )
    })
}

fn protected(kept: &AllKept) -> Option<PlanNotice> {
    let names: Vec<String> = kept
        .iter()
        .map(|(address, why)| match why {
            Kept::Protected(Harm::Delete) => format!("`{address}` (would be deleted)"),
            Kept::Protected(Harm::Replace) => format!("`{address}` (would be replaced)"),
            Kept::Needed(by) => format!("`{address}` (`{by}` stands on it)"),
        })
        .collect();
    some(&names, |names| {
        notice(
            "Protected objects stay as they are",
            format!("{names}: a rollback does not lift protection"),
            Some("To undo them too, lift their protection first, in a change of its own".to_owned()),
        )
    })
}

/// Objects that stay although something that they needed is made anew.
fn standing(way: &Way<'_>) -> Option<PlanNotice> {
    let pairs = way.left_standing();
    let pairs = pairs.iter();
    let names: Vec<String> = pairs
        .map(|(address, need)| format!("`{address}` (on `{need}`)"))
        .collect();
    some(&names, |names| {
        notice(
            "Objects stay on what is made anew",
            format!("{names}: they needed it, and nothing that is recorded of them refers to it"),
            Some(
                "Where they live in it, put the stack's files back first, which say so, and plan again"
                    .to_owned(),
            ),
        )
    })
}

/// Inputs of which nobody knows what was set.
fn in_doubt(way: &Way<'_>) -> Option<PlanNotice> {
    let doubts = way.in_doubt();
    let names: Vec<String> = doubts
        .iter()
        .map(|(address, input, source)| {
            let source = match source {
                Source::Stack => "as the stack sets it",
                Source::Now => "as it is now",
                Source::Before => "as it was before",
                Source::Nothing => "not set",
            };
            format!("`{input}` of `{address}` ({source})")
        })
        .collect();
    some(&names, |names| {
        notice(
            "Nobody knows what was set",
            format!("{names}: the answer to a change got lost, and what it left is not recorded"),
            None,
        )
    })
}

fn unknown() -> PlanNotice {
    notice(
        "The stack says nothing",
        "The provider cannot make what its files want now, so what referred to what is only told by equal values".to_owned(),
        Some("Look at the notes and the steps with more care, or put its files back first".to_owned()),
    )
}

fn names(moved: &[Moved]) -> Option<PlanNotice> {
    let names: Vec<String> = moved
        .iter()
        .map(|moved| format!("`{}` as `{}`", moved.from, moved.to))
        .collect();
    some(&names, |names| {
        notice(
            "Names of then come back",
            format!(
                "{names}: while the stack's files have the new names, a plan takes them for other objects"
            ),
            Some("Put the stack's files back before the next plan is applied".to_owned()),
        )
    })
}

fn notice(summary: &str, detail: String, hint: Option<String>) -> PlanNotice {
    PlanNotice {
        summary: summary.to_owned(),
        detail,
        hint,
    }
}

/// Returns a notice about names, if there are any.
fn some(names: &[String], notice: impl FnOnce(String) -> PlanNotice) -> Option<PlanNotice> {
    if names.is_empty() {
        return None;
    }
    let mut shown = names
        .iter()
        .take(NAMES_MAX)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMES_MAX {
        shown += &format!(" and {} more", names.len() - NAMES_MAX);
    }
    Some(notice(shown))
}
