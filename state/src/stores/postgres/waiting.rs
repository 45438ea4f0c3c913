//! Calls of the contract that wait for their turn, and the task that serves them.
//!
//! Writes that have gathered while the last transaction was under way become the next one, so that many steps of an
//! apply share its journeys and its sync.

use tokio::sync::{mpsc, oneshot};

use infra_model::journal::HistoryEntry;
use infra_model::record::Serial;

use crate::contract::{State, StoreError};
use crate::stores::postgres::changing::Write;
use crate::stores::postgres::failure::Failure;
use crate::stores::postgres::session::Session;
use crate::stores::postgres::staging::{Needs, Staging};

/// How many writes share a transaction at most. More would make the first one wait for the last.
const WRITES_MAX: usize = 256;

/// Tells the caller of a call how it went.
pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What the task is asked to do.
pub(super) enum Job {
    /// To read the state.
    Load(Answer<Option<State>>),
    /// To read the history.
    History(Serial, Answer<Vec<HistoryEntry>>),
    /// To write, with others that wait.
    Write(Box<dyn Waiting>),
}

/// A write that waits for its transaction.
pub(super) trait Waiting: Send + Sync {
    /// Adds the rows that it must know.
    fn needs(&self, needs: &mut Needs);

    /// Stages its rows and keeps the answer until the transaction is committed.
    fn stage(&mut self, staging: &mut Staging);

    /// Tells the caller how the transaction went.
    fn tell(self: Box<Self>, carried_out: Result<(), Failure>);
}

/// A write with the one who waits for it.
pub(super) struct Waiter<W: Write> {
    write: W,
    staged: Option<Result<W::Answer, StoreError>>,
    answer: Answer<W::Answer>,
}

impl<W: Write> Waiter<W> {
    pub(super) fn new(write: W, answer: Answer<W::Answer>) -> Self {
        Waiter {
            write,
            staged: None,
            answer,
        }
    }
}

impl<W: Write> Waiting for Waiter<W>
where
    W::Answer: Sync,
{
    fn needs(&self, needs: &mut Needs) {
        self.write.needs(needs);
    }

    fn stage(&mut self, staging: &mut Staging) {
        self.staged = Some(self.write.stage(staging));
    }

    fn tell(self: Box<Self>, carried_out: Result<(), Failure>) {
        let answer = match (carried_out, self.staged) {
            // What is refused stays refused, whatever became of the others.
            (_, Some(Err(refusal))) => Err(refusal),
            (Err(failure), _) => Err(failure.into()),
            (Ok(()), Some(answer)) => answer,
            (Ok(()), None) => Err(StoreError::Unwritable {
                what: "it was not staged".to_owned(),
            }),
        };
        let _ = self.answer.send(answer);
    }
}

/// Serves until nobody is left to ask.
pub(super) async fn serve(mut session: Session, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut next = None;
    loop {
        let job = match next.take() {
            Some(job) => job,
            None => match jobs.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        match job {
            Job::Load(answer) => {
                let _ = answer.send(session.load().await.map_err(StoreError::from));
            }
            Job::History(from, answer) => {
                let _ = answer.send(session.history(from).await.map_err(StoreError::from));
            }
            Job::Write(first) => {
                let mut writes = vec![first];
                next = gather(&mut writes, &mut jobs);
                write(&mut session, writes).await;
            }
        }
    }
}

/// Adds the writes that wait too, and returns the first job that is none.
fn gather(writes: &mut Vec<Box<dyn Waiting>>, jobs: &mut mpsc::UnboundedReceiver<Job>) -> Option<Job> {
    while writes.len() < WRITES_MAX {
        match jobs.try_recv() {
            Ok(Job::Write(write)) => writes.push(write),
            Ok(other) => return Some(other),
            Err(_) => return None,
        }
    }
    None
}

async fn write(session: &mut Session, mut writes: Vec<Box<dyn Waiting>>) {
    let carried_out = session.write(&mut writes).await;
    for write in writes {
        write.tell(carried_out.clone());
    }
}
