//! Before the first step: is this the plan for this state, and has nothing moved?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_model::address::Address;
use infra_model::journal::{Operation, RecordChange};
use infra_model::plan::{Action, Plan};
use infra_model::record::{Record, RecordKey};
use infra_state::contract::State;

use super::ApplyRequest;
use crate::gate::Gate;
use crate::ledger::{Entry, Ledger};
use crate::outcome::{MovedRecord, Stop};
use crate::run::Run;

/// Checks the plan against the state as it is under the lease, and moves records to their new addresses.
pub(super) async fn begin<'a>(request: &ApplyRequest<'a>) -> Result<Run<'a>, Stop> {
    let world = request.world;
    let plan = request.plan.plan();
    request.holding.check(world.clock.now())?;
    let state = world.store.load().await?.ok_or(Stop::NoState)?;
    check_header(request, &state)?;
    let operation = Operation {
        plan: Some(request.plan.digest()),
        ..request.operation.clone()
    };
    let run = Run {
        world,
        lineage: state.header.lineage,
        ledger: Ledger::new(
            world.store,
            world.clock,
            request.holding.epoch(),
            operation,
            state.records,
        ),
        gate: Gate::new(world.policy.concurrency),
        interrupt: request.interrupt.clone(),
        holding: request.holding,
    };
    let renames = Renames::of(plan);
    check_records(request, &run.ledger)?;
    check_needed(plan, &run.ledger, &renames)?;
    move_records(&renames, &run.ledger).await?;
    Ok(run)
}

/// The new addresses of a plan by the old ones.
struct Renames<'a>(BTreeMap<&'a Address, &'a Address>);

impl<'a> Renames<'a> {
    fn of(plan: &'a Plan) -> Self {
        Renames(plan.moves.iter().map(|one| (&one.from, &one.to)).collect())
    }

    fn name(&self, address: &Address) -> Address {
        self.0.get(address).map_or(address, |to| *to).clone()
    }
}

fn check_header(request: &ApplyRequest<'_>, state: &State) -> Result<(), Stop> {
    let header = &request.plan.plan().header;
    if header.lineage != state.header.lineage {
        let (planned, found) = (header.lineage.clone(), state.header.lineage.clone());
        return Err(Stop::OtherState { planned, found });
    }
    if request.world.clock.now() > header.expires {
        return Err(Stop::Expired { at: header.expires });
    }
    if !state.open_intents.is_empty() {
        let keys = state.open_intents.iter().map(|open| open.intent.key.clone());
        return Err(Stop::OpenIntents(keys.collect()));
    }
    Ok(())
}

/// Checks that every record which the plan was made from is at the serial that it had then, or at the one to which this run
/// took it from there.
///
/// Records that change their address are looked for under the old one: nothing has moved yet.
fn check_records(request: &ApplyRequest<'_>, ledger: &Ledger<'_>) -> Result<(), Stop> {
    let moved = request.plan.plan().touched.iter().filter_map(|(key, planned)| {
        let now = ledger.serial(key);
        let moved = MovedRecord {
            key: key.clone(),
            planned: *planned,
            now,
        };
        let is_ours = request
            .rewritten
            .get(key)
            .is_some_and(|(before, after)| (Some(*before), Some(*after)) == (*planned, now));
        (now != *planned && !is_ours).then_some(moved)
    });
    let moved: Vec<MovedRecord> = moved.collect();
    if moved.is_empty() {
        Ok(())
    } else {
        Err(Stop::Stale(moved))
    }
}

/// Checks that nothing has come to need what the plan deletes: its deletion was not planned, and it would be left hanging.
fn check_needed(plan: &Plan, ledger: &Ledger<'_>, renames: &Renames<'_>) -> Result<(), Stop> {
    let deleted = plan
        .steps
        .iter()
        .filter(|step| matches!(step.action, Action::Delete { .. }))
        .map(|step| &step.key.address)
        .collect::<BTreeSet<_>>();
    if deleted.is_empty() {
        return Ok(());
    }
    // What is older than the plan was looked at when it was made; only what is newer has to be read.
    for key in ledger.newer_than(plan.header.serial) {
        if plan.touched.contains_key(&key) {
            continue;
        }
        let record = read(ledger, &key)?;
        let needs = record.iter().flat_map(|record| &record.dependencies);
        if let Some(needed) = needs
            .map(|need| renames.name(need))
            .find(|need| deleted.contains(need))
        {
            return Err(Stop::NeededSince { key, needed });
        }
    }
    Ok(())
}

fn read(ledger: &Ledger<'_>, key: &RecordKey) -> Result<Option<Arc<Record>>, Stop> {
    ledger.record(key).map_err(|source| Stop::Record {
        key: key.clone(),
        source,
    })
}

/// Gives records their new addresses, all in one change, also where other records depend on them.
async fn move_records(renames: &Renames<'_>, ledger: &Ledger<'_>) -> Result<(), Stop> {
    if renames.0.is_empty() {
        return Ok(());
    }
    let (mut removed, mut written) = (Vec::new(), Vec::new());
    for key in ledger.keys(|_| true) {
        let Some(record) = read(ledger, &key)? else {
            continue;
        };
        let moved = Record {
            key: RecordKey {
                address: renames.name(&key.address),
                deposed: key.deposed.clone(),
            },
            dependencies: record
                .dependencies
                .iter()
                .map(|need| renames.name(need))
                .collect(),
            ..(*record).clone()
        };
        if moved == *record {
            continue;
        }
        if moved.key != key {
            removed.push(RecordChange::Remove(key));
        }
        written.push(RecordChange::Put(Box::new(moved)));
    }
    // All removals first: a record may take the place of another one that moves away.
    let changes: Vec<RecordChange> = removed.into_iter().chain(written).collect();
    if changes.is_empty() {
        return Ok(());
    }
    ledger
        .commit(Entry {
            changes,
            ..Entry::default()
        })
        .await?;
    Ok(())
}
