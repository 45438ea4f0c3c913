//! What became of uploads that were completed. Whoever did not hear the answer asks again and gets the same one, and two who
//! complete an upload at once make one blob of it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex as Lock, MutexGuard, PoisonError};

use tokio::sync::Mutex;

use super::index::Version;

/// How many uploads are remembered; each takes some hundred bytes, and 80 more for each of its parts.
const REMEMBERED_MAX: usize = 1000;

/// An upload that was completed.
#[derive(Clone, Debug)]
pub struct Completed {
    /// The blob's name.
    pub key: String,
    /// The parts that were asked for, by number and entity tag.
    pub wanted: Vec<(u32, String)>,
    /// What it became.
    pub version: Version,
}

/// Where one upload is completed, one request after the other.
pub type Slot = Arc<Mutex<Option<Completed>>>;

/// The uploads of a bucket that are being completed or were, since the server was started.
#[derive(Debug, Default)]
pub struct Completions {
    slots: Lock<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    by_id: BTreeMap<String, Slot>,
    /// From the oldest on.
    order: VecDeque<String>,
}

impl Completions {
    /// Returns the place of an upload that was completed or is being so.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Slot> {
        self.slots().by_id.get(id).cloned()
    }

    /// Returns the place of an upload, making it if need be.
    #[must_use]
    pub fn enter(&self, id: &str) -> Slot {
        let mut slots = self.slots();
        if let Some(slot) = slots.by_id.get(id) {
            return slot.clone();
        }
        slots.forget_some();
        let slot = Slot::default();
        slots.by_id.insert(id.to_owned(), slot.clone());
        slots.order.push_back(id.to_owned());
        slot
    }

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slots {
    fn forget_some(&mut self) {
        while self.order.len() >= REMEMBERED_MAX {
            let oldest = self.order.front().and_then(|id| self.by_id.get(id));
            // One that somebody is in must stay, or two would complete it.
            if oldest.is_some_and(|slot| Arc::strong_count(slot) > 1) {
                return;
            }
            if let Some(id) = self.order.pop_front() {
                self.by_id.remove(&id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_has_one_place_and_the_oldest_is_forgotten() {
        let completions = Completions::default();
        let first = completions.enter("0");
        assert!(Arc::ptr_eq(&first, &completions.enter("0")));
        for number in 1..REMEMBERED_MAX + 10 {
            let _ = completions.enter(&number.to_string());
        }
        assert!(completions.find("0").is_some(), "somebody is in it");
        drop(first);
        let _ = completions.enter("last");
        assert!(completions.find("0").is_none());
        assert_eq!(completions.slots().by_id.len(), REMEMBERED_MAX);
    }
}
