//! The lease: it is in the log like everything else, so that taking it and writing exclude each other.
//!
//! All times are the caller's. Clocks that differ make somebody wait for too long or take over too early; neither lets
//! the old holder write, because what stops it is the segment that took the lease, not the time.

use infra_model::clock::Timestamp;

use crate::contract::{Lease, LeaseRequest, StoreError};
use crate::rules::{self, unwritable};
use crate::stores::object::Shared;
use crate::stores::object::names;
use crate::stores::object::segment::Entry;
use crate::stores::object::session::Written;

impl Shared {
    /// Takes the lease.
    pub(super) async fn acquire(&self, request: &LeaseRequest) -> Result<Lease, StoreError> {
        let mut session = self.session.lock().await;
        loop {
            let view = session.current().await.map_err(|error| self.told(error))?.view();
            let lease = rules::grant(&view.head, view.lease.as_ref(), request)?;
            let is_unproven = view.header.is_none();
            let number = view.number + 1;
            let taken = Entry::Taken(lease.clone());
            let written = session.write(lease.epoch, vec![taken]).await;
            if written.map_err(|error| self.told(error))? == Written::Overtaken {
                continue;
            }
            if is_unproven {
                self.try_conditions(number).await?;
            }
            return Ok(lease);
        }
    }

    /// Prolongs the lease.
    pub(super) async fn renew(&self, lease: &Lease, now: Timestamp) -> Result<Lease, StoreError> {
        self.write_alone(|view| {
            let renewed = rules::prolong(&view.head, view.lease.as_ref(), lease, now)?;
            Ok((Some(Entry::Renewed(renewed.clone())), renewed))
        })
        .await
    }

    /// Gives the lease back.
    pub(super) async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.write_alone(|view| {
            let is_held = view.lease.as_ref().is_some_and(|held| held.epoch == lease.epoch);
            Ok((is_held.then_some(Entry::Released), ()))
        })
        .await?;
        self.compact_now().await.map_err(|failure| self.told(failure))
    }

    /// Makes sure that the service refuses to put an object where there is one. Some ignore the condition, and then
    /// nothing here holds. Tried with each lease until the state begins, so that none begins where it failed.
    async fn try_conditions(&self, number: u64) -> Result<(), StoreError> {
        let name = names::segment(number);
        let refuses = self.bucket.refuses_another(&name).await;
        if !refuses.map_err(|error| self.told(error))? {
            let deleted = self.bucket.delete(vec![name]).await;
            deleted.map_err(|error| self.told(error))?;
            return Err(unwritable(format!(
                "`{}` overwrites objects when it is asked not to, so that two writers would not notice each other",
                self.bucket.place()
            )));
        }
        Ok(())
    }
}
