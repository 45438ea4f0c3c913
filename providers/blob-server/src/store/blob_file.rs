//! The file of one version of a blob: its bytes from the start, so that a range is a seek, then what is known of it, then a
//! fixed end by which a reader finds the second part. One file needs one sync and one rename to be stored.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::StoreError;
use super::disk::{DiskError, remove_file};

/// How the end of a file begins; the last figure is the version of the form.
const MAGIC: [u8; 8] = *b"infblob1";
/// The end of a file: the magic, how long the description is, and the first half of its hash.
const END_BYTES: usize = 8 + 8 + 16;
/// No description is longer: S3 allows 2 KiB of metadata and 1 KiB of key.
const DESCRIPTION_BYTES_MAX: u64 = 1 << 20;
/// How much is written at once.
const BUFFER_BYTES: usize = 256 << 10;

/// What is known of a version of a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// The blob's name in its bucket.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its entity tag, without quotation marks: the MD5 sum, or that of the sums of its parts and their number.
    pub etag: String,
    /// When it was stored, in milliseconds since 1970.
    pub modified_ms: u64,
    /// Whether it says that the blob was deleted.
    pub is_marker: bool,
    /// What its writer said of it.
    pub said: Said,
    /// Checksums that its writer gave and that were found right, by the name of the algorithm, in base 64.
    pub checksums: BTreeMap<String, String>,
}

/// What the writer of a blob says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Headers that come back with the blob, such as `content-type`.
    pub headers: BTreeMap<String, String>,
    /// Metadata of the application's own.
    pub metadata: BTreeMap<String, String>,
}

impl Description {
    /// Returns when it was stored.
    #[must_use]
    pub fn modified(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.modified_ms)
    }
}

/// A file that is being written and has no name that anybody would look for.
#[derive(Debug)]
pub struct Draft {
    path: DraftPath,
    file: BufWriter<tokio::fs::File>,
    md5: Md5,
    size: u64,
}

/// A file that is whole and durable, and has no name yet that anybody would look for.
#[derive(Debug)]
pub struct Finished {
    path: DraftPath,
    /// What it says of itself.
    pub description: Arc<Description>,
}

/// What is known of a blob when all of it was written.
#[derive(Clone, Debug, Default)]
pub struct Closing {
    /// The blob's name in its bucket.
    pub key: String,
    /// What its writer said of it.
    pub said: Said,
    /// Checksums that were found right.
    pub checksums: BTreeMap<String, String>,
    /// Its entity tag if that is not the MD5 sum of its bytes.
    pub etag: Option<String>,
}

impl Draft {
    /// Begins a file in a folder of drafts.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub async fn begin(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(random_name().map_err(DiskError::from_io("name a file in", folder))?);
        let file = tokio::fs::File::create_new(&path).await;
        let file = file.map_err(DiskError::from_io("create", &path))?;
        Ok(Self {
            path: DraftPath(Some(path)),
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            md5: Md5::new(),
            size: 0,
        })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.md5.update(bytes);
        self.size += bytes.len() as u64;
        let written = self.file.write_all(bytes).await;
        Ok(written.map_err(DiskError::from_io("write", self.path.get()))?)
    }

    /// Returns how many bytes were written so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the MD5 sum of what was written so far.
    #[must_use]
    pub fn md5(&self) -> Vec<u8> {
        self.md5.clone().finalize().to_vec()
    }

    /// Writes what is known of the blob and waits until all of it is durable.
    ///
    /// # Errors
    /// [`StoreError::Disk`] and [`StoreError::TooMuchSaid`].
    pub async fn finish(mut self, closing: Closing) -> Result<Finished, StoreError> {
        let description = Description {
            key: closing.key,
            size: self.size,
            etag: closing
                .etag
                .unwrap_or_else(|| HEXLOWER.encode(&self.md5.clone().finalize())),
            modified_ms: now_ms(),
            is_marker: false,
            said: closing.said,
            checksums: closing.checksums,
        };
        let path = self.path.get();
        let tail = tail_of(&description)?;
        let failed = |error| StoreError::from(DiskError::from_io("write", path)(error));
        self.file.write_all(&tail).await.map_err(failed)?;
        self.file.flush().await.map_err(failed)?;
        self.file.get_ref().sync_all().await.map_err(failed)?;
        Ok(Finished {
            path: self.path,
            description: Arc::new(description),
        })
    }
}

impl Finished {
    /// Writes the file of a delete marker in a folder of drafts. Blocks for a sync.
    ///
    /// # Errors
    /// [`StoreError::Disk`] and [`StoreError::TooMuchSaid`].
    pub fn marker(folder: &Path, key: &str) -> Result<Self, StoreError> {
        let description = Description {
            key: key.to_owned(),
            size: 0,
            etag: String::new(),
            modified_ms: now_ms(),
            is_marker: true,
            said: Said::default(),
            checksums: BTreeMap::new(),
        };
        let path = folder.join(random_name().map_err(DiskError::from_io("name a file in", folder))?);
        let draft = DraftPath(Some(path.clone()));
        let tail = tail_of(&description)?;
        let written = File::create_new(&path).and_then(|mut file| {
            file.write_all(&tail)?;
            file.sync_all()
        });
        written.map_err(DiskError::from_io("write", &path))?;
        Ok(Self {
            path: draft,
            description: Arc::new(description),
        })
    }

    /// Gives the file its name, in the place of whatever has it.
    ///
    /// # Errors
    /// [`DiskError`]; the file is removed then.
    pub fn name(mut self, path: &Path) -> Result<Arc<Description>, DiskError> {
        std::fs::rename(self.path.get(), path).map_err(DiskError::from_io("write", path))?;
        self.path.0 = None;
        Ok(self.description)
    }
}

/// Reads what a file says of the blob in it.
///
/// # Errors
/// [`StoreError::Damaged`] when it is not such a file, or not whole.
pub fn read(path: &Path) -> Result<Description, StoreError> {
    Ok(open(path)?.1)
}

/// Opens a file, which stays readable when another one gets its name, and reads what it says of the blob in it.
///
/// # Errors
/// As [`read`].
pub fn open(path: &Path) -> Result<(File, Description), StoreError> {
    let damaged = || StoreError::Damaged {
        path: path.to_owned(),
    };
    let mut file = File::open(path).map_err(DiskError::from_io("open", path))?;
    let (size, text) = match read_text(&mut file) {
        Ok(Some(read)) => read,
        Ok(None) => return Err(damaged()),
        Err(error) => return Err(DiskError::from_io("read", path)(error).into()),
    };
    let description: Description = serde_json::from_slice(&text).map_err(|_| damaged())?;
    match description.size == size {
        true => Ok((file, description)),
        false => Err(damaged()),
    }
}

/// Returns how many bytes the blob has and what the file says of it, or nothing when it is not such a file.
fn read_text(file: &mut File) -> io::Result<Option<(u64, Vec<u8>)>> {
    let length = file.metadata()?.len();
    let Some(end_at) = length.checked_sub(END_BYTES as u64) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(end_at))?;
    let mut end = [0; END_BYTES];
    file.read_exact(&mut end)?;
    let mut figure = [0; 8];
    figure.copy_from_slice(&end[8..16]);
    let size = u64::from_be_bytes(figure);
    let (true, true, Some(at)) = (
        end[..8] == MAGIC,
        size <= DESCRIPTION_BYTES_MAX,
        end_at.checked_sub(size),
    ) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(at))?;
    let mut text = vec![0; size as usize];
    file.read_exact(&mut text)?;
    Ok((end_of(&text) == end).then_some((at, text)))
}

/// Returns what follows the bytes of a blob. What a reader would take for damage is not written.
fn tail_of(description: &Description) -> Result<Vec<u8>, StoreError> {
    let mut tail = serde_json::to_vec(description).map_err(|_| StoreError::TooMuchSaid)?;
    if tail.len() as u64 > DESCRIPTION_BYTES_MAX {
        return Err(StoreError::TooMuchSaid);
    }
    let end = end_of(&tail);
    tail.extend(end);
    Ok(tail)
}

fn end_of(text: &[u8]) -> [u8; END_BYTES] {
    let mut end = [0; END_BYTES];
    end[..8].copy_from_slice(&MAGIC);
    end[8..16].copy_from_slice(&(text.len() as u64).to_be_bytes());
    end[16..].copy_from_slice(&blake3::hash(text).as_bytes()[..16]);
    end
}

/// Returns a name that nothing has.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn random_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(BASE32_NOPAD.encode(&bytes).to_ascii_lowercase())
}

/// Returns the present time.
#[expect(
    clippy::disallowed_methods,
    reason = "a server dates what it stores by the clock of its machine, as clients expect"
)]
#[must_use]
pub fn now() -> SystemTime {
    SystemTime::now()
}

fn now_ms() -> u64 {
    let since = now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// The path of a file that is removed unless it got a name.
#[derive(Debug)]
struct DraftPath(Option<PathBuf>);

impl DraftPath {
    fn get(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(""))
    }
}

impl Drop for DraftPath {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What stays is removed at the next start.
            let _ = remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn stored(folder: &Path, bytes: &[u8]) -> PathBuf {
        let mut draft = Draft::begin(folder).await.unwrap();
        draft.write(bytes).await.unwrap();
        let closing = Closing {
            key: "a/b".to_owned(),
            ..Closing::default()
        };
        let path = folder.join("named");
        draft.finish(closing).await.unwrap().name(&path).unwrap();
        path
    }

    #[tokio::test]
    async fn a_file_says_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = stored(folder.path(), b"hello").await;
        let description = read(&path).unwrap();
        assert_eq!((description.key.as_str(), description.size), ("a/b", 5));
        assert_eq!(description.etag, "5d41402abc4b2a76b9719d911017c592");
        assert!(std::fs::read(&path).unwrap().starts_with(b"hello"));
    }

    #[tokio::test]
    async fn a_file_that_is_cut_anywhere_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let path = stored(folder.path(), b"hello").await;
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[1..]).unwrap();
        assert!(matches!(read(&path), Err(StoreError::Damaged { .. })));
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            assert!(matches!(read(&path), Err(StoreError::Damaged { .. })), "{length}");
        }
    }

    #[tokio::test]
    async fn what_a_reader_would_take_for_damage_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let long = "k".repeat(1 << 20);
        let marker = Finished::marker(folder.path(), &long);
        assert!(matches!(marker, Err(StoreError::TooMuchSaid)));
        let draft = Draft::begin(folder.path()).await.unwrap();
        let closing = Closing {
            key: long,
            ..Closing::default()
        };
        assert!(matches!(
            draft.finish(closing).await,
            Err(StoreError::TooMuchSaid)
        ));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_draft_that_nobody_finishes_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut draft = Draft::begin(folder.path()).await.unwrap();
        draft.write(b"half").await.unwrap();
        drop(draft);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
