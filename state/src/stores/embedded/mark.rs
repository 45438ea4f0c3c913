//! The mark: what is known of the database without opening it.
//!
//! It answers two questions that sled cannot. **Is anything missing?** The mark holds the number of the last batch
//! that was acknowledged, written after the batch was on the disk; a database that stands before it lost changes,
//! however sound it looks. **Was anything altered?** A store that is closed leaves a fingerprint of the database's
//! files; it is compared before sled opens them, because sled overwrites what it cannot read.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;

use infra_model::digest::Digest;

use crate::stores::embedded::failure::Failure;
use crate::stores::embedded::folder::Folder;

const MAGIC: &[u8; 7] = b"infra-m";
const BYTES: usize = 64;
const CHECKED: usize = BYTES - 16;
const OPEN: u8 = b'o';
const SETTLED: u8 = b's';

/// What the mark says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// The number of the last batch that was acknowledged.
    pub(super) batch: u64,
    /// The fingerprint of the database's files, if nothing was written since it was taken.
    pub(super) settled: Option<Digest>,
}

/// The file that holds a mark.
#[derive(Debug)]
pub(super) struct MarkFile {
    file: File,
    folder: Folder,
}

impl MarkFile {
    /// Opens the mark of a store; none where it was never written.
    pub(super) fn open(folder: &Folder) -> Result<(Self, Option<Mark>), Failure> {
        let path = folder.mark();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Failure::on("opened", &path))?;
        let mut bytes = [0; BYTES];
        let mark = match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => Some(decode(&bytes).ok_or_else(|| Failure::damaged(&path, "the mark is damaged"))?),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => None,
            Err(error) => return Err(Failure::io("read", &path, &error)),
        };
        let folder = folder.clone();
        Ok((MarkFile { file, folder }, mark))
    }

    /// Writes the mark. It survives this process at once, and a power cut after [`Self::sync`]; one that is lost
    /// with the power says less than it could, never something wrong.
    pub(super) fn write(&self, mark: Mark) -> Result<(), Failure> {
        let path = self.folder.mark();
        self.file
            .write_all_at(&encode(mark), 0)
            .map_err(Failure::on("written", &path))
    }

    /// Makes the mark durable.
    pub(super) fn sync(&self) -> Result<(), Failure> {
        let path = self.folder.mark();
        self.file.sync_all().map_err(Failure::on("written", &path))
    }
}

fn encode(mark: Mark) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes[..7].copy_from_slice(MAGIC);
    bytes[7] = if mark.settled.is_some() { SETTLED } else { OPEN };
    bytes[8..16].copy_from_slice(&mark.batch.to_le_bytes());
    bytes[16..CHECKED].copy_from_slice(mark.settled.unwrap_or_default().as_bytes());
    let check = blake3::hash(&bytes[..CHECKED]);
    bytes[CHECKED..].copy_from_slice(&check.as_bytes()[..BYTES - CHECKED]);
    bytes
}

fn decode(bytes: &[u8; BYTES]) -> Option<Mark> {
    let (checked, check) = bytes.split_at(CHECKED);
    if blake3::hash(checked).as_bytes()[..BYTES - CHECKED] != *check || checked[..7] != *MAGIC {
        return None;
    }
    let batch = u64::from_le_bytes(*checked[8..].first_chunk()?);
    let fingerprint = Digest::from_bytes(*checked[16..].first_chunk()?);
    let settled = (checked[7] == SETTLED).then_some(fingerprint);
    Some(Mark { batch, settled })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_says_what_was_written_or_nothing() {
        let marks = [
            Mark::default(),
            Mark {
                batch: 7,
                settled: None,
            },
            Mark {
                batch: u64::MAX,
                settled: Some(Digest::of(b"files")),
            },
        ];
        for mark in marks {
            let bytes = encode(mark);
            assert_eq!(decode(&bytes), Some(mark));
            for at in 0..BYTES {
                let mut altered = bytes;
                altered[at] ^= 1;
                assert_eq!(decode(&altered), None);
            }
        }
    }
}
