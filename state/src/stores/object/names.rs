//! How objects are called, below the prefix of an environment.
//!
//! | Name | Holds |
//! | --- | --- |
//! | `log/<number>` | a segment |
//! | `packs/<last number>-<serial before>` | the segments up to that number, since the pack before |
//! | `snapshots/<number>/<digest>` | some records as they were after that segment |
//! | `snapshots/<number>/whole` | everything else, and which parts belong to it; written last |
//! | `restored/<digest>/<part>` | an archive that the state was restored from |
//!
//! Numbers have twenty digits, so that names sort as numbers do.

use infra_model::digest::Digest;
use infra_model::record::Serial;

pub(super) const LOG: &str = "log";
pub(super) const PACKS: &str = "packs";
pub(super) const SNAPSHOTS: &str = "snapshots";

const WHOLE: &str = "whole";

/// Returns the name of a segment.
pub(super) fn segment(number: u64) -> String {
    format!("{LOG}/{number:020}")
}

/// Returns the number of a segment by its name.
pub(super) fn segment_number(name: &str) -> Option<u64> {
    number(name.strip_prefix(LOG)?.strip_prefix('/')?)
}

/// Where a pack ends, and which serial the state had before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PackName {
    /// The number of its last segment.
    pub(super) last: u64,
    /// The serial before its first segment.
    pub(super) before: Serial,
}

impl PackName {
    /// Returns the name of the object.
    pub(super) fn name(self) -> String {
        format!("{}-{:020}", packs_until(self.last), self.before.0)
    }

    /// Reads the name of an object.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (last, before) = name.strip_prefix(PACKS)?.strip_prefix('/')?.split_once('-')?;
        Some(PackName {
            last: number(last)?,
            before: Serial(number(before)?),
        })
    }
}

/// Returns a name that sorts before those of the packs that end there and later, and after all others.
pub(super) fn packs_until(last: u64) -> String {
    format!("{PACKS}/{last:020}")
}

/// Returns the name of the object that makes a snapshot whole.
pub(super) fn snapshot(number: u64) -> String {
    format!("{SNAPSHOTS}/{number:020}/{WHOLE}")
}

/// Returns the name of a part of a snapshot, which is called after what it holds.
pub(super) fn snapshot_part(number: u64, digest: &Digest) -> String {
    format!("{SNAPSHOTS}/{number:020}/{digest}")
}

/// Returns the number of the snapshot that an object belongs to, and whether it is what makes it whole.
pub(super) fn snapshot_number(name: &str) -> Option<(u64, bool)> {
    let (text, rest) = name.strip_prefix(SNAPSHOTS)?.strip_prefix('/')?.split_once('/')?;
    Some((number(text)?, rest == WHOLE))
}

/// Returns the name of a part of an archive.
pub(super) fn restored_part(archive: &Digest, part: usize) -> String {
    format!("restored/{archive}/{part:05}")
}

fn number(text: &str) -> Option<u64> {
    let plain = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_written_and_sort_as_numbers() {
        assert_eq!(segment_number(&segment(17)), Some(17));
        assert!(segment(9) < segment(10));
        let pack = PackName {
            last: 512,
            before: Serial(130),
        };
        assert_eq!(pack.name(), "packs/00000000000000000512-00000000000000000130");
        assert_eq!(PackName::parse(&pack.name()), Some(pack));
        assert!(packs_until(512) < pack.name() && pack.name() < packs_until(513));
        assert_eq!(snapshot_number(&snapshot(512)), Some((512, true)));
        let part = snapshot_part(512, &Digest::of(b"part"));
        assert_eq!(snapshot_number(&part), Some((512, false)));
    }

    #[test]
    fn what_is_called_otherwise_has_no_number() {
        for name in [
            "log/17",
            "log/+0000000000000000017",
            "log",
            "other/00000000000000000017",
        ] {
            assert_eq!(segment_number(name), None, "{name}");
        }
        assert_eq!(PackName::parse("packs/00000000000000000512"), None);
        assert_eq!(snapshot_number("snapshots/00000000000000000512"), None);
    }
}
