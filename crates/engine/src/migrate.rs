//! Moves the state of an environment from one store to another.
//!
//! Under the leases of both stores the state is copied, read back and compared; then the old store says that the state
//! is left, and then the new one that it has arrived. Killed at any moment, at most one of the two is in force, and the
//! same command goes on from there.
//!
//! Open intents are copied like everything else. Resolving them means asking the provider, whose answer may change
//! the state; a move changes nothing, so the next plan resolves them where the state is then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use infra_apply::interrupt::Interrupt;
use infra_apply::lease;
use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::{Commit, Epoch, Relocation};
use infra_model::record::Serial;
use infra_model::stack::Stack;
use infra_model::store::StoreChoice;
use infra_state::archive::{self, Archive};
use infra_state::contract::{Standing, State, Store, StoreError};

use crate::apply::{hold_store, operation, released_in};
use crate::backend::{Backend, StoreRequest};
use crate::configuration;
use crate::error::EngineError;
use crate::opened::{Target, open_store, patiently};
use crate::whereabouts;

/// What was moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// Where the state was, for people.
    pub from: String,
    /// Where it is now.
    pub to: String,
    /// The number of the last change, which is that it moved.
    pub serial: Serial,
    /// How many resources are recorded.
    pub records: usize,
    /// How many intents without an outcome were taken along.
    pub open_intents: usize,
    /// What was done.
    pub how: How,
    /// Where the folder of the old store is now, if it was on this machine.
    pub aside: Option<PathBuf>,
}

/// What a move had to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The state was copied; this is the digest of its archive in both stores.
    Copied(Digest),
    /// It was there already.
    Already,
}

/// A state between two stores.
struct Route<'a> {
    backend: &'a Backend,
    folder: &'a Path,
    stack: &'a Stack,
    from: &'a StoreChoice,
    to: &'a StoreChoice,
    old: Arc<dyn Store>,
    new: Arc<dyn Store>,
}

/// Moves the state of an environment from its previous store to the one that the stack names now.
///
/// # Errors
///
/// When nothing says where the state was, it is in neither store or in both, somebody holds a lease, a store fails, or
/// the copy is not the same; then the old store stays in force.
pub async fn migrate(backend: &Backend, target: &Target, wait: Duration) -> Result<Migrated, EngineError> {
    let stack = configuration::read(target)?.stack;
    let from = previous(&stack)?;
    let to = &stack.store.choice;
    let deadline = backend.clock.now().after(wait);
    let route = Route {
        backend,
        folder: &target.folder,
        stack: &stack,
        from,
        to,
        old: open_store(backend, &stack, from, deadline).await?,
        new: open_store(backend, &stack, to, deadline).await?,
    };
    let how = route.travel(deadline, wait).await?;
    let arrived = route.load(&*route.new).await?;
    let arrived = arrived.ok_or_else(|| EngineError::defect("The state vanished"))?;
    let aside = route.leave_behind()?;
    whereabouts::check(backend, &target.folder, &stack, Some(&arrived), deadline).await?;
    Ok(Migrated {
        from: from.to_string(),
        to: to.to_string(),
        serial: arrived.serial,
        records: arrived.records.len(),
        open_intents: arrived.open_intents.len(),
        how,
        aside,
    })
}

/// Returns where the state was: what the stack says, or else the folder of this machine.
fn previous(stack: &Stack) -> Result<&StoreChoice, EngineError> {
    let declared = &stack.store;
    match (&declared.previous, &declared.choice) {
        (Some(previous), choice) if previous == choice => Err(EngineError::request(
            "The store and the previous one are the same",
            "Name in the block `previous` where the state was before",
        )),
        (Some(previous), _) => Ok(previous),
        (None, StoreChoice::Embedded) => Err(EngineError::request(
            "Nothing says where the state was before",
            "Name its former store in the stack: store \"embedded\" { previous \"object\" { url = … } }",
        )),
        (None, _) => Ok(&StoreChoice::Embedded),
    }
}

impl Route<'_> {
    /// Brings the state to the new store, from wherever an earlier attempt left it.
    async fn travel(&self, deadline: Timestamp, wait: Duration) -> Result<How, EngineError> {
        // Taking a lease makes a store where there is none, so this is looked at before.
        let (old, new) = (&self.old, &self.new);
        let (old_state, new_state) = (
            patiently(self.backend, deadline, || old.load()).await,
            patiently(self.backend, deadline, || new.load()).await,
        );
        let (old_state, new_state) = (self.in_store(old_state)?, self.in_store(new_state)?);
        match (old_state, new_state) {
            (None, None) => {
                let environment = self.stack.environment.name.clone();
                return Err(EngineError::NeverApplied { environment });
            }
            (None, Some(state)) => {
                self.in_store(state.standing.require())?;
                return Ok(How::Already);
            }
            // A state of somebody else that lies there must not be moved and then refused.
            (Some(state), _) => whereabouts::check_lineage(self.folder, self.stack, &state, self.from)?,
        }
        let never = Interrupt::never();
        let hold = |store: &Arc<dyn Store>| hold_store(self.backend, store.clone(), wait, &never);
        let held = lease::hold(hold(old), async |old| {
            let held = lease::hold(hold(new), async |new| self.carry(old.epoch(), new.epoch()).await);
            released_in(held.await, &self.stack.environment.name)?
        });
        released_in(held.await, &self.stack.environment.name)?
    }

    /// Does what is left to do, under both leases.
    async fn carry(&self, old_epoch: Epoch, new_epoch: Epoch) -> Result<How, EngineError> {
        let old = self.take(&*self.old).await?;
        let old = old.ok_or_else(|| EngineError::defect("The state vanished"))?;
        let new = self.take(&*self.new).await?;
        let arrived_before = new.as_ref().map(|new| &new.state.standing);
        let lineage = new.as_ref().map(|new| &new.state.header.lineage);
        let is_same_state = lineage == Some(&old.state.header.lineage);
        match (&old.state.standing, arrived_before) {
            (Standing::InForce, Some(Standing::InForce)) => {
                Err(whereabouts::two_states(self.stack, self.from))
            }
            (Standing::InForce, _) => {
                let digest = self.copy(&old, new_epoch).await?;
                self.say(&*self.old, old_epoch).await?;
                self.say(&*self.new, new_epoch).await?;
                Ok(How::Copied(digest))
            }
            // An earlier attempt ended between the two sentences.
            (Standing::Moved { .. }, Some(Standing::Arriving { .. })) => {
                let digest = self.same(&before_the_move(old), new)?;
                self.say(&*self.new, new_epoch).await?;
                Ok(How::Copied(digest))
            }
            (Standing::Moved { .. }, Some(Standing::InForce)) if is_same_state => Ok(How::Already),
            (standing, _) => Err(self
                .in_store(standing.require())
                .err()
                .unwrap_or_else(|| EngineError::defect("A state that is in force cannot be moved"))),
        }
    }

    /// Copies a state, reads it back and compares.
    async fn copy(&self, old: &Archive, epoch: Epoch) -> Result<Digest, EngineError> {
        let mut arriving = old.clone();
        arriving.state.standing = Standing::Arriving {
            from: self.from.to_string(),
        };
        self.in_store(self.new.restore(epoch, &arriving).await)?;
        self.same(old, self.take(&*self.new).await?)
    }

    /// Returns the digest of two archives, which must be the same.
    fn same(&self, old: &Archive, new: Option<Archive>) -> Result<Digest, EngineError> {
        let digest = |archive: &Archive| archive::encode(archive).map(|bytes| Digest::of(&bytes));
        let old = digest(old).map_err(EngineError::defect)?;
        let new = new
            .map(|new| digest(&new))
            .transpose()
            .map_err(EngineError::defect)?;
        if new == Some(old) {
            return Ok(old);
        }
        let what = format!("the copy in `{}` is not what is in `{}`", self.to, self.from);
        Err(self.error(StoreError::Damaged { what }))
    }

    /// Says in a store that the state moves: it is left there, or has arrived.
    async fn say(&self, store: &dyn Store, epoch: Epoch) -> Result<(), EngineError> {
        let commit = Commit {
            operation: operation(self.backend, epoch, "state migrate", None),
            at: self.backend.clock.now(),
            relocation: Some(Relocation {
                from: self.from.to_string(),
                to: self.to.to_string(),
            }),
            ..Commit::default()
        };
        self.in_store(store.commit(epoch, &commit).await).map(drop)
    }

    async fn take(&self, store: &dyn Store) -> Result<Option<Archive>, EngineError> {
        self.in_store(archive::take(store).await)
    }

    async fn load(&self, store: &dyn Store) -> Result<Option<State>, EngineError> {
        self.in_store(store.load().await)
    }

    /// Moves what the old store has on this machine out of the way, once it is closed.
    fn leave_behind(self) -> Result<Option<PathBuf>, EngineError> {
        drop((self.old, self.new));
        let request = StoreRequest {
            stack: &self.stack.name,
            environment: &self.stack.environment.name,
            choice: self.from,
        };
        let aside = self.backend.stores.set_aside(&request);
        aside.map_err(|source| EngineError::store(&self.stack.environment.name, source))
    }

    fn in_store<T>(&self, result: Result<T, StoreError>) -> Result<T, EngineError> {
        result.map_err(|source| self.error(source))
    }

    fn error(&self, source: StoreError) -> EngineError {
        EngineError::store(&self.stack.environment.name, source)
    }
}

/// Returns a state that was left as it was before that was said.
fn before_the_move(mut left: Archive) -> Archive {
    if left.history.pop_if(|entry| entry.relocation.is_some()).is_some() {
        left.state.serial = Serial(left.state.serial.0 - 1);
    }
    left
}
