//! Moves slots with their keys from node to node, while clients read and write.
//!
//! A slot that is being moved is open at both ends: the old node answers for keys that it still has and sends clients on
//! for the others, so that no write is lost and none is done twice. Both ends remember it, and a run that was cut short
//! is finished from there.

use std::collections::BTreeMap;
use std::net::IpAddr;

use futures::stream::{self, TryStreamExt as _};
use infra_model::sealing::Secret;

use super::form::NodePlace;
use super::slots::Move;
use super::topology::{Seen, Topology, look, number_of};
use super::{ClusterError, Sessions};
use crate::redis::access::ENGINE_USER;
use crate::redis::session::{Session, SessionError, command};

/// Slots that are moved at a time: waiting for one node's answer another one works.
const AT_ONCE: usize = 16;
/// Keys that are moved with one command: a node answers nobody else while it does that.
const KEYS: &str = "50";
/// How long a node may take to hand keys over, in milliseconds.
const TIMEOUT_MS: &str = "15000";

/// Slots whose move was begun, with the identity of who shall have them.
pub type Open = BTreeMap<u16, String>;

/// Returns the slots whose move was begun.
#[must_use]
pub fn open(topology: &Topology) -> Open {
    let mut open = Open::new();
    for seen in topology.values() {
        open.extend(seen.migrating.iter().map(|(slot, to)| (*slot, to.clone())));
    }
    for seen in topology.values() {
        open.extend(seen.importing.keys().map(|slot| (*slot, seen.id.clone())));
    }
    open
}

/// All that moving slots needs.
#[derive(Debug, Clone, Copy)]
pub struct Moving<'a> {
    /// The sessions of all nodes.
    pub sessions: &'a Sessions,
    /// Where they answer to each other.
    pub places: &'a BTreeMap<u32, NodePlace>,
    /// The engine's password, with which one node logs in to the other.
    pub engine: &'a Secret,
}

impl Moving<'_> {
    /// Finishes what an earlier run left open. The old owner is whoever has the slot now.
    ///
    /// # Errors
    /// [`ClusterError`] when a node refuses; what is open then stays so and can be finished later.
    pub async fn finish(&self, open: &Open, topology: &Topology) -> Result<(), ClusterError> {
        for (slot, to) in open {
            let has = |(_, seen): &(&u32, &Seen)| seen.slots.contains(slot);
            let from = topology.iter().find(has).map(|(number, _)| *number);
            if let (Some(from), Some(to)) = (from, number_of(topology, to))
                && from != to
            {
                let slot = *slot;
                self.one(topology, Move { slot, from, to }).await?;
            }
            self.close(*slot).await?;
        }
        Ok(())
    }

    /// Takes the mark from nodes that are given a slot of which they know no owner: as long as they have it they do not
    /// listen to what others say of that slot.
    ///
    /// # Errors
    /// [`ClusterError`] when a node refuses.
    pub async fn unstop_ears(&self, topology: &Topology) -> Result<(), ClusterError> {
        for (number, seen) in topology {
            for slot in seen.importing.keys() {
                let known = seen.others.values().any(|other| other.slots.contains(slot));
                if !known && !seen.slots.contains(slot) {
                    set_slot(&self.sessions[number], *slot, &["STABLE"]).await?;
                }
            }
        }
        Ok(())
    }

    /// Moves slots; those for one node before those for the next, because a node that gets slots after another one did
    /// has to raise its epoch.
    ///
    /// # Errors
    /// [`ClusterError`] when a node refuses; what is open then stays so and can be finished later.
    pub async fn all(&self, moves: &[Move]) -> Result<(), ClusterError> {
        let topology = look(self.sessions).await?;
        for same in moves.chunk_by(|one, next| one.to == next.to) {
            stream::iter(same.iter().map(Ok::<_, ClusterError>))
                .try_for_each_concurrent(AT_ONCE, |step| self.one(&topology, *step))
                .await?;
        }
        Ok(())
    }

    async fn one(&self, topology: &Topology, step: Move) -> Result<(), ClusterError> {
        let Move { slot, from, to } = step;
        let (source, target) = (&self.sessions[&from], &self.sessions[&to]);
        let (source_id, target_id) = (&topology[&from].id, &topology[&to].id);
        set_slot(target, slot, &["IMPORTING", source_id]).await?;
        set_slot(source, slot, &["MIGRATING", target_id]).await?;
        self.keys(source, slot, &self.places[&to]).await?;
        // The new one first: if all ends here it has the higher epoch, and everybody believes it.
        set_slot(target, slot, &["NODE", target_id]).await?;
        set_slot(source, slot, &["NODE", target_id]).await?;
        let others = topology
            .iter()
            .filter(|(number, seen)| ![from, to].contains(number) && seen.follows.is_none());
        stream::iter(others.map(Ok))
            .try_for_each_concurrent(AT_ONCE, |(number, _)| {
                set_slot_of(&self.sessions[number], slot, target_id)
            })
            .await?;
        Ok(())
    }

    async fn keys(&self, source: &Session, slot: u16, target: &NodePlace) -> Result<(), SessionError> {
        let slot = slot.to_string();
        let (host, port): (IpAddr, u16) = (target.host, target.port);
        loop {
            let asked = command(&["CLUSTER", "GETKEYSINSLOT", &slot, KEYS]);
            let keys: Vec<Vec<u8>> = source.ask("list keys", &asked).await?;
            if keys.is_empty() {
                return Ok(());
            }
            let mut handing = command(&[
                "MIGRATE",
                &host.to_string(),
                &port.to_string(),
                "",
                "0",
                TIMEOUT_MS,
            ]);
            // A key that is there already was handed over before the run that did it ended.
            handing
                .arg("REPLACE")
                .arg("AUTH2")
                .arg(ENGINE_USER)
                .arg(self.engine.expose());
            handing.arg("KEYS").arg(keys);
            source.ask::<()>("hand keys over", &handing).await?;
        }
    }

    /// Takes the marks of an open slot away everywhere.
    async fn close(&self, slot: u16) -> Result<(), SessionError> {
        for session in self.sessions.values() {
            match set_slot(session, slot, &["STABLE"]).await {
                // A replica has no marks.
                Err(SessionError::Refused { .. }) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

async fn set_slot_of(session: &Session, slot: u16, id: &str) -> Result<(), SessionError> {
    set_slot(session, slot, &["NODE", id]).await
}

async fn set_slot(session: &Session, slot: u16, words: &[&str]) -> Result<(), SessionError> {
    let mut asked = command(&["CLUSTER", "SETSLOT"]);
    asked.arg(slot);
    for word in words {
        asked.arg(*word);
    }
    session.ask("set the place of a slot", &asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_is_known_from_either_end() {
        let marks = |slot: u16, other: &str| BTreeMap::from([(slot, other.to_owned())]);
        let giving = Seen {
            id: "a".to_owned(),
            migrating: marks(1, "b"),
            ..Seen::default()
        };
        let given = Seen {
            id: "b".to_owned(),
            importing: marks(2, "a"),
            ..Seen::default()
        };
        let open = open(&Topology::from([(1, giving), (2, given)]));
        assert_eq!(open, Open::from([(1, "b".to_owned()), (2, "b".to_owned())]));
    }
}
