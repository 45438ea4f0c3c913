//! Staging: what a batch of changes becomes, before it is written.
//!
//! Each change is judged as if those before it in the batch were written already.

use std::collections::BTreeSet;

use infra_model::journal::{Commit, Epoch, Intent, IntentId};
use infra_model::record::Serial;

use crate::contract::StoreError;
use crate::rules::{self, Head};
use crate::stores::object::segment::{Committed, Entry};
use crate::stores::object::view::View;

/// A batch that grows.
#[derive(Debug)]
pub(super) struct Staging<'a> {
    view: &'a View,
    head: Head,
    opened: BTreeSet<IntentId>,
    closed: BTreeSet<IntentId>,
    entries: Vec<Entry>,
}

impl<'a> Staging<'a> {
    /// Begins a batch after what the log says.
    pub(super) fn after(view: &'a View) -> Self {
        Staging {
            view,
            head: view.head.clone(),
            opened: BTreeSet::new(),
            closed: BTreeSet::new(),
            entries: Vec::new(),
        }
    }

    /// Adds an intent.
    pub(super) fn append(&mut self, epoch: Epoch, intent: &Intent) -> Result<IntentId, StoreError> {
        let (open, _) = rules::open_intent(&self.head, self.view.header.as_ref(), epoch, intent)?;
        let id = open.id;
        self.head.last_intent = id;
        self.opened.insert(id);
        self.entries.push(Entry::Intent(Box::new(open)));
        Ok(id)
    }

    /// Adds a change.
    pub(super) fn commit(&mut self, epoch: Epoch, commit: &Commit) -> Result<Serial, StoreError> {
        let is_open = |id: IntentId| {
            let known = self.view.open.contains_key(&id) || self.opened.contains(&id);
            known && !self.closed.contains(&id)
        };
        let change = rules::change(&self.head, self.view.header.as_ref(), is_open, epoch, commit)?;
        self.head = change.head;
        self.closed.extend(change.closed);
        self.entries.push(Entry::Committed(Box::new(Committed {
            history: change.history,
            closes: change.closed,
            duration: commit.duration.clone(),
        })));
        Ok(self.head.serial)
    }

    /// Returns what to write.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}
