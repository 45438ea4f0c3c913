//! The thread that owns an open store: it gathers writes into batches and serves reads in between.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender};

use crate::stores::embedded::OpenRequest;
use crate::stores::embedded::failure::Failure;
use crate::stores::embedded::session::Session;

/// How many writes share a batch at most. More would make the first one wait for the last.
const BATCH_WRITES_MAX: usize = 256;

/// Tells the caller of a write how its batch went.
pub(super) type Acknowledge = Box<dyn FnOnce(Result<(), Failure>) + Send>;

/// Reads what is written.
pub(super) type Read = Box<dyn FnOnce(&mut Session) + Send>;

/// Stages a write, and returns whom to tell if there is something to write.
pub(super) type Stage = Box<dyn FnOnce(&mut Session) -> Option<Acknowledge> + Send>;

/// What the thread is asked to do.
pub(super) enum Job {
    /// To read, once everything before is written.
    Read(Read),
    /// To write, with the next batch.
    Write(Stage),
}

/// Opens the store, says how that went, and serves until nobody is left to ask.
pub(super) fn run(request: &OpenRequest, opened: &Sender<Result<(), Failure>>, jobs: &Receiver<Job>) {
    let mut session = match Session::open(request) {
        Ok(session) => session,
        Err(failure) => {
            let _ = opened.send(Err(failure));
            return;
        }
    };
    let _ = opened.send(Ok(()));
    // sled panics when it meets some kinds of damage. Its database is then left alone: dropping it would flush what
    // it has, and nobody knows what that is. Unwound state is not looked at again, which is what makes this sound.
    match catch_unwind(AssertUnwindSafe(|| serve(&mut session, jobs))) {
        Ok(()) => session.close(),
        Err(_) => std::mem::forget(session),
    }
}

fn serve(session: &mut Session, jobs: &Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        let mut waiting = Vec::new();
        take(session, job, &mut waiting);
        while waiting.len() < BATCH_WRITES_MAX {
            match jobs.try_recv() {
                Ok(job) => take(session, job, &mut waiting),
                Err(_) => break,
            }
        }
        write(session, &mut waiting);
    }
}

fn take(session: &mut Session, job: Job, waiting: &mut Vec<Acknowledge>) {
    match job {
        Job::Write(stage) => waiting.extend(stage(session)),
        Job::Read(read) => {
            write(session, waiting);
            read(session);
        }
    }
}

fn write(session: &mut Session, waiting: &mut Vec<Acknowledge>) {
    if waiting.is_empty() {
        return;
    }
    let written = session.write();
    for acknowledge in waiting.drain(..) {
        acknowledge(written.clone());
    }
}
