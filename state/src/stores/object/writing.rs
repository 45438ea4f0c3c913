//! Writing: changes that wait while a segment is on its way become the next segment together.
//!
//! A task of its own writes, so that a caller which goes away takes nobody else's change with it.

use std::sync::Arc;

use infra_model::journal::{Commit, Epoch, Intent, IntentId};
use infra_model::record::Serial;
use tokio::sync::oneshot;

use crate::contract::StoreError;
use crate::stores::object::Shared;
use crate::stores::object::failure::Failure;
use crate::stores::object::session::{Session, Written};
use crate::stores::object::staging::Staging;

/// How many changes share a segment at most. More would make the first one wait for the last.
const BATCH_CHANGES_MAX: usize = 64;

/// A change that waits to be written.
#[derive(Debug)]
pub(super) struct Request {
    epoch: Epoch,
    change: Change,
}

#[derive(Debug)]
enum Change {
    Append(Intent, Answer<IntentId>),
    Commit(Commit, Answer<Serial>),
}

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What a caller is told once its change is in the log.
#[derive(Clone, Copy, Debug)]
enum Granted {
    Intent(IntentId),
    Serial(Serial),
}

/// The task that writes ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("The task that writes was stopped")]
struct Stopped;

/// Appends an intent.
pub(super) async fn append(
    shared: &Arc<Shared>,
    epoch: Epoch,
    intent: &Intent,
) -> Result<IntentId, StoreError> {
    ask(shared, epoch, |answer| Change::Append(intent.clone(), answer)).await
}

/// Commits a change.
pub(super) async fn commit(
    shared: &Arc<Shared>,
    epoch: Epoch,
    commit: &Commit,
) -> Result<Serial, StoreError> {
    ask(shared, epoch, |answer| Change::Commit(commit.clone(), answer)).await
}

async fn ask<T>(
    shared: &Arc<Shared>,
    epoch: Epoch,
    change: impl FnOnce(Answer<T>) -> Change,
) -> Result<T, StoreError> {
    let (answer, answered) = oneshot::channel();
    let change = change(answer);
    shared.waiting().push(Request { epoch, change });
    tokio::spawn(drive(Arc::clone(shared)));
    answered.await.unwrap_or_else(|_| {
        Err(StoreError::Io {
            attempt: "written",
            source: Box::new(Stopped),
        })
    })
}

/// Writes one batch of what waits. Who asks starts one of these; most find that another took their change along.
async fn drive(shared: Arc<Shared>) {
    let mut session = shared.session.lock().await;
    let batch = shared.take_waiting(BATCH_CHANGES_MAX);
    if batch.is_empty() {
        return;
    }
    let written = write(&mut session, &batch).await;
    drop(session);
    answer(&shared, batch, written);
    shared.compact_if_idle().await;
}

/// Writes a batch as one segment, and returns what each of its changes came to.
async fn write(
    session: &mut Session,
    batch: &[Request],
) -> Result<Vec<Result<Granted, StoreError>>, Failure> {
    loop {
        let view = session.known().await?.view();
        let epoch = view.head.epoch;
        let mut staging = Staging::after(view);
        let judged = batch.iter().map(|request| match &request.change {
            Change::Append(intent, _) => staging.append(request.epoch, intent).map(Granted::Intent),
            Change::Commit(commit, _) => staging.commit(request.epoch, commit).map(Granted::Serial),
        });
        let judged: Vec<_> = judged.collect();
        let entries = staging.into_entries();
        if entries.is_empty() || session.write(epoch, entries).await? == Written::InTheLog {
            return Ok(judged);
        }
    }
}

fn answer(shared: &Shared, batch: Vec<Request>, written: Result<Vec<Result<Granted, StoreError>>, Failure>) {
    let judged: Vec<_> = match written {
        Ok(judged) => judged,
        Err(failure) => batch.iter().map(|_| Err(shared.told(failure.clone()))).collect(),
    };
    // Whoever went away is told in vain.
    for (request, judged) in batch.into_iter().zip(judged) {
        match (request.change, judged) {
            (Change::Append(_, answer), Ok(Granted::Intent(id))) => drop(answer.send(Ok(id))),
            (Change::Commit(_, answer), Ok(Granted::Serial(serial))) => drop(answer.send(Ok(serial))),
            (Change::Append(_, answer), Err(error)) => drop(answer.send(Err(error))),
            (Change::Commit(_, answer), Err(error)) => drop(answer.send(Err(error))),
            // What was judged is of the request's own kind.
            (Change::Append(..), Ok(Granted::Serial(_))) | (Change::Commit(..), Ok(Granted::Intent(_))) => {}
        }
    }
}
