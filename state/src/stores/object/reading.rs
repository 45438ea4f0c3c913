//! Reading the history: the packs from a serial on, and the segments that are in none yet.

use futures::TryStreamExt as _;
use infra_model::journal::HistoryEntry;
use infra_model::record::Serial;

use crate::stores::object::Shared;
use crate::stores::object::archived;
use crate::stores::object::failure::Failure;
use crate::stores::object::names::PackName;
use crate::stores::object::pack::Pack;
use crate::stores::object::replica::list_packs;
use crate::stores::object::segment::{Restored, Segment};

/// Where the history lies.
struct Sources {
    /// The serial of its last entry.
    last: Serial,
    /// The archive that its first entries are in.
    restored: Option<Restored>,
    /// The number of the segment that restored it: what comes before is another history.
    restored_at: u64,
    /// The number of the last segment that is in a pack.
    packed: u64,
    /// The segments after it.
    loose: Vec<Segment>,
}

/// Returns the entries of the history from a serial on, oldest first.
pub(super) async fn history(shared: &Shared, from: Serial) -> Result<Vec<HistoryEntry>, Failure> {
    let from = from.max(Serial(1));
    let sources = sources(shared).await?;
    let mut entries = Vec::new();
    if sources.last < from {
        return Ok(entries);
    }
    if let Some(restored) = sources
        .restored
        .as_ref()
        .filter(|restored| from <= restored.serial)
    {
        entries.extend(archived::read(&shared.bucket, restored).await?.history);
    }
    let names = packs(shared, from, &sources).await?;
    let mut objects = std::pin::pin!(shared.bucket.read_all(names.iter().map(|name| name.name())));
    for name in &names {
        let object = objects.try_next().await?.flatten();
        let object = object.ok_or_else(|| Failure::damaged(&name.name(), "is missing"))?;
        for segment in Pack::decode(*name, &object)?.segments() {
            let (number, segment) = segment?;
            if number > sources.restored_at {
                entries.extend(segment.into_history());
            }
        }
    }
    entries.extend(sources.loose.into_iter().flat_map(Segment::into_history));
    entries.retain(|entry| entry.serial >= from);
    complete(&entries, from, sources.last)?;
    Ok(entries)
}

async fn sources(shared: &Shared) -> Result<Sources, Failure> {
    let mut session = shared.session.lock().await;
    let replica = session.current().await?;
    let view = replica.view();
    let loose = replica
        .loose()
        .filter(|(number, _)| *number > view.restored_at)
        .map(|(number, object)| Segment::decode(number, object));
    Ok(Sources {
        last: view.head.serial,
        restored: view.restored.clone(),
        restored_at: view.restored_at,
        packed: replica.packed(),
        loose: loose.collect::<Result<_, _>>()?,
    })
}

/// Returns the packs that may have entries from a serial on.
async fn packs(shared: &Shared, from: Serial, sources: &Sources) -> Result<Vec<PackName>, Failure> {
    let mut names = list_packs(&shared.bucket, sources.restored_at).await?;
    names.retain(|name| name.last <= sources.packed);
    // The first of them may have begun under another history, with serials of its own.
    let first = names.iter().skip(1).take_while(|name| name.before < from).count();
    Ok(names.split_off(first.min(names.len())))
}

fn complete(entries: &[HistoryEntry], from: Serial, last: Serial) -> Result<(), Failure> {
    let mut found = entries.iter().map(|entry| entry.serial.0);
    match (from.0..=last.0).find(|expected| found.next() != Some(*expected)) {
        None => Ok(()),
        Some(missing) => Err(Failure::Damaged {
            what: format!("the entry {missing} of the history is missing"),
        }),
    }
}
