//! Compaction: segments become packs, packs become snapshots, and what nobody needs any more is deleted.
//!
//! Everything that is written here is a function of the log, and everything that is deleted is dead whoever looks: a
//! segment that lies in a pack, a snapshot that is older than a whole one. So it is safe to be stopped anywhere, to run
//! twice, and to be carried out by somebody who lost the lease meanwhile.
//!
//! The segments of a pack are deleted when the next pack is made: readers that hold an older list find them until
//! then, and what a crash left is deleted then too.

use futures::{StreamExt as _, TryStreamExt as _, stream};

use crate::stores::object::Shared;
use crate::stores::object::bucket::{Bucket, Created};
use crate::stores::object::failure::Failure;
use crate::stores::object::names::{self, LOG, PackName, SNAPSHOTS};
use crate::stores::object::pack::Pack;
use crate::stores::object::replica::{Due, list_packs};
use crate::stores::object::snapshot::Snapshot;
use crate::stores::object::view::View;

/// How many parts of a snapshot are written at once.
const WRITES_MAX: usize = 4;

/// How many packs before the newest are looked through for segments to delete: the one that is due, and one more in
/// case that a crash left some.
const PACKS_SWEPT: u64 = 2;

impl Shared {
    /// Compacts what is due, unless somebody does that already. What fails is tried again when the next pack is due:
    /// the log is whole without it.
    pub(super) async fn compact_if_idle(&self) {
        if let Ok(_compacting) = self.compacting.try_lock() {
            let _ = self.compact().await;
        }
    }

    /// Compacts what is due, after whoever does that already has ended. Only damage is a failure.
    pub(super) async fn compact_now(&self) -> Result<(), Failure> {
        let _compacting = self.compacting.lock().await;
        match self.compact().await {
            Err(failure @ Failure::Damaged { .. }) => Err(failure),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn compact(&self) -> Result<(), Failure> {
        while let Some(due) = self.due().await? {
            let made = self.make(&due).await;
            let mut session = self.session.lock().await;
            let replica = session.known().await?;
            let snapshot_bytes = match made {
                Ok(snapshot_bytes) => snapshot_bytes,
                Err(failure) => {
                    replica.leave_for_later();
                    return Err(failure);
                }
            };
            replica.packed_until(due.name.last, snapshot_bytes);
            drop(session);
            // What is left is dead, and whoever may not delete it works on.
            let _ = self.sweep(&due).await;
        }
        Ok(())
    }

    /// Returns what is due, if it is for us to do: it is the writer's task.
    async fn due(&self) -> Result<Option<Due>, Failure> {
        let mut session = self.session.lock().await;
        match session.is_writer().await? {
            true => Ok(session.known().await?.due()),
            false => Ok(None),
        }
    }

    /// Writes what is due. Returns the number of bytes in the snapshot if it made one.
    async fn make(&self, due: &Due) -> Result<Option<u64>, Failure> {
        write_pack(&self.bucket, due).await?;
        match &due.view {
            None => Ok(None),
            Some(view) => write_snapshot(&self.bucket, view, self.shape.part_bytes)
                .await
                .map(Some),
        }
    }

    /// Deletes what was replaced by what was due.
    async fn sweep(&self, due: &Due) -> Result<(), Failure> {
        if let Some(view) = &due.view {
            delete_snapshots(&self.bucket, view.number).await?;
        }
        let swept = PACKS_SWEPT * self.shape.pack;
        delete_segments(&self.bucket, due.pack.first.saturating_sub(swept), due.pack.first).await
    }
}

async fn write_pack(bucket: &Bucket, due: &Due) -> Result<(), Failure> {
    let name = due.name.name();
    match bucket.create(&name, &due.pack.encode(due.name)).await? {
        Created::Ours => Ok(()),
        // The same segments make the same bytes.
        Created::Other(_) => Err(Failure::damaged(&name, "is not what the log says")),
    }
}

async fn write_snapshot(bucket: &Bucket, view: &View, part_bytes: usize) -> Result<u64, Failure> {
    let snapshot = Snapshot::of(view, part_bytes)?;
    let parts = snapshot.parts.iter();
    let writes: Vec<_> = parts.map(|(name, object)| bucket.write(name, object)).collect();
    let mut written = stream::iter(writes).buffer_unordered(WRITES_MAX);
    while written.try_next().await?.is_some() {}
    let (name, object) = &snapshot.whole;
    // Another engine may have made the same snapshot in its own way: that one does as well.
    bucket.create(name, object).await?;
    Ok(snapshot.bytes())
}

/// Deletes the snapshots before one that is whole.
async fn delete_snapshots(bucket: &Bucket, whole: u64) -> Result<(), Failure> {
    let mut listed = bucket.list(SNAPSHOTS, SNAPSHOTS).await?;
    listed.retain(|name| names::snapshot_number(name).is_some_and(|(number, _)| number < whole));
    bucket.delete(listed).await
}

/// Deletes the segments from one number to another that lie in packs, except those that end an epoch.
async fn delete_segments(bucket: &Bucket, from: u64, to: u64) -> Result<(), Failure> {
    let after = from.saturating_sub(1);
    let mut listed = bucket.list(LOG, &names::segment(after)).await?;
    listed.retain(|name| names::segment_number(name).is_some_and(|number| number < to));
    if listed.is_empty() {
        return Ok(());
    }
    for name in list_packs(bucket, after).await? {
        if name.last < to {
            let dead = dead_in(bucket, name).await?;
            let dead = listed.iter().filter(|name| dead.contains(name));
            bucket.delete(dead.cloned().collect()).await?;
        }
    }
    Ok(())
}

/// Returns the names of the segments that a pack replaces.
async fn dead_in(bucket: &Bucket, name: PackName) -> Result<Vec<String>, Failure> {
    let object = bucket.read(&name.name()).await?;
    let object = object.ok_or_else(|| Failure::damaged(&name.name(), "is missing"))?;
    let mut dead = Vec::new();
    for segment in Pack::decode(name, &object)?.segments() {
        let (number, segment) = segment?;
        if !segment.is_fence() {
            dead.push(names::segment(number));
        }
    }
    Ok(dead)
}
