//! Before the first step: is this the plan for this state, and has nothing moved?

use infra_model::address::Address;
use infra_model::journal::{Operation, RecordChange};
use infra_model::plan::Plan;
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
    check_records(plan, &run.ledger)?;
    move_records(plan, &run.ledger).await?;
    Ok(run)
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

/// Checks that every record which the plan was made from is at the serial that it had then.
///
/// Records that change their address are looked for under the old one: nothing has moved yet.
fn check_records(plan: &Plan, ledger: &Ledger<'_>) -> Result<(), Stop> {
    let moved = plan.touched.iter().filter_map(|(key, planned)| {
        let now = ledger.serial(key);
        let moved = MovedRecord {
            key: key.clone(),
            planned: *planned,
            now,
        };
        (now != *planned).then_some(moved)
    });
    let moved: Vec<MovedRecord> = moved.collect();
    if moved.is_empty() {
        Ok(())
    } else {
        Err(Stop::Stale(moved))
    }
}

/// Gives records their new addresses, all in one change, also where other records depend on them.
async fn move_records(plan: &Plan, ledger: &Ledger<'_>) -> Result<(), Stop> {
    if plan.moves.is_empty() {
        return Ok(());
    }
    let renamed = |address: &Address| {
        let moved = plan.moves.iter().find(|one| one.from == *address);
        moved.map_or(address, |one| &one.to).clone()
    };
    let (mut removed, mut written) = (Vec::new(), Vec::new());
    for key in ledger.keys(|_| true) {
        let read = ledger.record(&key).map_err(|source| Stop::Record {
            key: key.clone(),
            source,
        })?;
        let Some(record) = read else { continue };
        let moved = Record {
            key: RecordKey {
                address: renamed(&key.address),
                deposed: key.deposed.clone(),
            },
            dependencies: record.dependencies.iter().map(renamed).collect(),
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
