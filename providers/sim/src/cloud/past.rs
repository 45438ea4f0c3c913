//! The world as it was a moment ago: what lists show that are answered by a copy which lags behind.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::World;
use super::object::Object;
use super::world::Place;

/// For how long changes are remembered; no list is older.
pub(super) const LAG_MAX: Duration = Duration::from_secs(10);

/// What objects were before they changed, oldest change first.
#[derive(Debug, Default)]
pub(super) struct Past(Vec<Moment>);

#[derive(Debug)]
struct Moment {
    at: Instant,
    place: Place,
    before: Option<Object>,
}

impl Past {
    pub(super) fn remember(&mut self, now: Instant, place: Place, before: Option<Object>) {
        let is_old = |moment: &Moment| now - moment.at > LAG_MAX;
        // One at a time keeps the cost of a change constant on average: as many go as come.
        if self.0.len() > 64 && self.0.iter().take(32).all(is_old) {
            self.0.drain(..32);
        }
        self.0.push(Moment {
            at: now,
            place,
            before,
        });
    }
}

impl World {
    /// Returns the objects as a list shows them that lags behind.
    ///
    /// It shows deleted objects still and changed ones as they were, but none is missing that the cloud has shown
    /// before: an object that comes late has [`Object::hidden_until`].
    pub(crate) fn shown(&self, lag: Option<Duration>) -> Cow<'_, BTreeMap<Place, Object>> {
        let Some(lag) = lag else {
            return Cow::Borrowed(&self.objects);
        };
        let now = self.now;
        let mut objects = self.objects.clone();
        let recent = self.past.0.iter().rev();
        for moment in recent.take_while(|moment| now - moment.at < lag.min(LAG_MAX)) {
            if let Some(before) = &moment.before {
                objects.insert(moment.place.clone(), before.clone());
            }
        }
        Cow::Owned(objects)
    }
}
