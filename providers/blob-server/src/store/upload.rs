//! Uploads in parts: a folder per upload, with a file that says what the blob will be and one per part, in the same form
//! as blobs. Completing copies the parts into one file, which then is stored like any other.

use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use md5::{Digest, Md5};
use tokio::io::AsyncReadExt;

use super::StoreError;
use super::blob_file::{self, Closing, Description, Draft, Finished, Said, random_name};
use super::bucket::Bucket;
use super::disk::{DiskError, entries, make_folder, remove_folder, sync_folder};

/// The file that says what the blob will be.
const HEAD: &str = "upload";
/// A part that is not the last has at least so many bytes.
const PART_BYTES_MIN: u64 = 5 << 20;
/// How much is copied at once.
const BUFFER_BYTES: usize = 256 << 10;

/// An upload that was begun.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// The blob that it will be, and when it was begun.
    pub head: Description,
}

/// A part that was uploaded.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its number, from one.
    pub number: u32,
    /// What is known of it.
    pub description: Description,
}

/// Begins an upload and returns its id.
///
/// # Errors
/// [`StoreError::Disk`].
pub async fn begin(bucket: &Bucket, key: &str, said: Said) -> Result<String, StoreError> {
    let uploads = bucket.uploads();
    let id = random_name().map_err(DiskError::from_io("name an upload in", &uploads))?;
    let closing = Closing {
        key: key.to_owned(),
        said,
        ..Closing::default()
    };
    let head = bucket.draft().await?.finish(closing).await?;
    let folder = uploads.join(&id);
    let own = folder.clone();
    let place = move || {
        make_folder(&own)?;
        head.name(&own.join(HEAD))?;
        sync_folder(&own)
    };
    on_a_thread(&folder, place).await??;
    Ok(id)
}

/// Returns an upload of a blob.
///
/// # Errors
/// [`StoreError::NoSuchUpload`].
pub fn find(bucket: &Bucket, key: &str, id: &str) -> Result<Upload, StoreError> {
    let found = read(&bucket.uploads(), id)?;
    found
        .filter(|upload| upload.head.key == key)
        .ok_or(StoreError::NoSuchUpload)
}

/// Returns the uploads of a bucket that were not completed, by the names of their blobs.
///
/// # Errors
/// [`StoreError`] when one cannot be read.
pub fn list(bucket: &Bucket) -> Result<Vec<Upload>, StoreError> {
    let uploads = bucket.uploads();
    let mut found = Vec::new();
    for folder in entries(&uploads)? {
        let id = folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        // One that is completed or aborted meanwhile is none.
        found.extend(read(&uploads, id)?);
    }
    found.sort_by(|one, other| (&one.head.key, &one.id).cmp(&(&other.head.key, &other.id)));
    Ok(found)
}

/// Stores a part, in the place of one with the same number.
///
/// # Errors
/// [`StoreError::NoSuchUpload`] when the upload is gone meanwhile.
pub fn store_part(
    bucket: &Bucket,
    upload: &Upload,
    number: u32,
    part: Finished,
) -> Result<Arc<Description>, StoreError> {
    let folder = bucket.uploads().join(&upload.id);
    let path = part_path(&folder, number);
    let named = part.name(&path);
    let gone = |error: DiskError| match folder.is_dir() {
        true => error.into(),
        false => StoreError::NoSuchUpload,
    };
    let description = named.map_err(gone)?;
    sync_folder(&folder).map_err(gone)?;
    Ok(description)
}

/// Returns the parts that were uploaded, in the order of their numbers.
///
/// # Errors
/// [`StoreError`] when one cannot be read, [`StoreError::NoSuchUpload`] when the upload is gone meanwhile.
pub fn parts(bucket: &Bucket, upload: &Upload) -> Result<Vec<Part>, StoreError> {
    let mut found = Vec::new();
    let paths = entries(&bucket.uploads().join(&upload.id));
    for path in paths.map_err(|error| gone(error.into()))? {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some(number) = name.strip_prefix("part-").and_then(|number| number.parse().ok()) {
            let description = blob_file::read(&path).map_err(gone)?;
            found.push(Part { number, description });
        }
    }
    found.sort_by_key(|part| part.number);
    Ok(found)
}

/// Returns the parts that are given by number and entity tag.
///
/// # Errors
/// [`StoreError::InvalidPart`], [`StoreError::PartOrder`] and [`StoreError::PartTooSmall`], and those of [`parts`].
pub fn choose(bucket: &Bucket, upload: &Upload, wanted: &[(u32, String)]) -> Result<Vec<Part>, StoreError> {
    choose_from(&parts(bucket, upload)?, wanted)
}

/// Joins parts into one file that is ready to be stored.
///
/// # Errors
/// [`StoreError::InvalidPart`] when one was replaced since it was chosen, [`StoreError::NoSuchUpload`] when it is gone.
pub async fn join(bucket: &Bucket, upload: &Upload, chosen: &[Part]) -> Result<Finished, StoreError> {
    let folder = bucket.uploads().join(&upload.id);
    let mut draft = bucket.draft().await?;
    let mut sums = Md5::new();
    for part in chosen {
        copy(&mut draft, &part_path(&folder, part.number), part).await?;
        sums.update(md5_of(part)?);
    }
    let etag = format!("{}-{}", HEXLOWER.encode(&sums.finalize()), chosen.len());
    let closing = Closing {
        key: upload.head.key.clone(),
        said: upload.head.said.clone(),
        etag: Some(etag),
        ..Closing::default()
    };
    draft.finish(closing).await
}

/// Forgets an upload with its parts. One rename takes it away, so a part that comes late has nowhere to go; what was taken
/// away is removed at the next start if it cannot be now.
///
/// # Errors
/// [`StoreError::NoSuchUpload`] when it is gone, [`StoreError::Disk`] when it stays.
pub fn remove(bucket: &Bucket, upload: &Upload) -> Result<(), StoreError> {
    let folder = bucket.uploads().join(&upload.id);
    let away = bucket.drafts().join(&upload.id);
    let renamed = std::fs::rename(&folder, &away).map_err(DiskError::from_io("remove", &folder));
    renamed.map_err(|error| gone(error.into()))?;
    sync_folder(&bucket.uploads())?;
    let _ = remove_folder(&away);
    Ok(())
}

/// What is looked for in an upload's folder and not there is so because the upload was completed or aborted meanwhile.
fn gone(error: StoreError) -> StoreError {
    match error {
        StoreError::Disk(error) if error.is_absence() => StoreError::NoSuchUpload,
        other => other,
    }
}

/// Removes the folders of uploads whose beginning was cut short.
///
/// # Errors
/// [`StoreError::Disk`] when one stays.
pub fn remove_unbegun(bucket: &Bucket) -> Result<(), StoreError> {
    for folder in entries(&bucket.uploads())? {
        if !folder.join(HEAD).is_file() {
            remove_folder(&folder)?;
        }
    }
    Ok(())
}

fn choose_from(found: &[Part], wanted: &[(u32, String)]) -> Result<Vec<Part>, StoreError> {
    if wanted.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(StoreError::PartOrder);
    }
    let mut chosen = Vec::new();
    for (place, (number, etag)) in wanted.iter().enumerate() {
        let invalid = StoreError::InvalidPart { number: *number };
        let part = found.iter().find(|part| part.number == *number).ok_or(invalid)?;
        if part.description.etag != *etag {
            return Err(StoreError::InvalidPart { number: *number });
        }
        if part.description.size < PART_BYTES_MIN && place + 1 < wanted.len() {
            return Err(StoreError::PartTooSmall { number: *number });
        }
        chosen.push(part.clone());
    }
    Ok(chosen)
}

fn md5_of(part: &Part) -> Result<Vec<u8>, StoreError> {
    let sum = HEXLOWER_PERMISSIVE.decode(part.description.etag.as_bytes());
    sum.map_err(|_| StoreError::InvalidPart { number: part.number })
}

/// Does what blocks on a thread that may; the path is named when that thread comes to no end.
async fn on_a_thread<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, DiskError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| DiskError::from_io("use", path)(io::Error::other(error)))
}

/// Copies a part from the file that was compared with what was chosen: another one may get the name at any moment.
async fn copy(draft: &mut Draft, path: &Path, chosen: &Part) -> Result<(), StoreError> {
    let own = path.to_owned();
    let opened = on_a_thread(path, move || blob_file::open(&own)).await?;
    let (mut file, description) = opened.map_err(gone)?;
    if description != chosen.description {
        return Err(StoreError::InvalidPart {
            number: chosen.number,
        });
    }
    file.rewind().map_err(DiskError::from_io("read", path))?;
    let mut bytes = tokio::fs::File::from_std(file).take(description.size);
    let (mut buffer, mut left) = (vec![0; BUFFER_BYTES], description.size);
    while left > 0 {
        let read = bytes.read(&mut buffer).await;
        let count = read.map_err(DiskError::from_io("read", path))?;
        if count == 0 {
            return Err(StoreError::Short {
                path: path.to_owned(),
            });
        }
        draft.write(&buffer[..count]).await?;
        left -= count as u64;
    }
    Ok(())
}

fn read(uploads: &Path, id: &str) -> Result<Option<Upload>, StoreError> {
    // An id is the name of a folder and must not lead out of it.
    if id.is_empty() || !id.bytes().all(|letter| letter.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let head = uploads.join(id).join(HEAD);
    match blob_file::read(&head).map_err(gone) {
        Ok(head) => Ok(Some(Upload {
            id: id.to_owned(),
            head,
        })),
        // One whose beginning was cut short has no head and was never answered.
        Err(StoreError::NoSuchUpload) => Ok(None),
        Err(other) => Err(other),
    }
}

fn part_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("part-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::bucket::{Condition, Keep};

    async fn part(bucket: &Bucket, upload: &Upload, number: u32, bytes: &[u8]) -> String {
        let mut draft = bucket.draft().await.unwrap();
        draft.write(bytes).await.unwrap();
        let finished = draft.finish(Closing::default()).await.unwrap();
        store_part(bucket, upload, number, finished).unwrap().etag.clone()
    }

    #[tokio::test]
    async fn parts_are_joined_in_the_order_of_their_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        let id = begin(&bucket, "big", Said::default()).await.unwrap();
        let upload = find(&bucket, "big", &id).unwrap();
        let second = part(&bucket, &upload, 2, b"end").await;
        part(&bucket, &upload, 1, b"replaced").await;
        let first = part(&bucket, &upload, 1, &vec![7; 5 << 20]).await;
        let wanted = [(1, first.clone()), (2, second.clone())];
        let chosen = choose(&bucket, &upload, &wanted).unwrap();
        let finished = join(&bucket, &upload, &chosen).await.unwrap();
        assert!(finished.description.etag.ends_with("-2"));
        assert_eq!(finished.description.size, (5 << 20) + 3);
        bucket.commit(finished, &Condition::None, Keep::Nothing).unwrap();
        remove(&bucket, &upload).unwrap();
        assert!(list(&bucket).unwrap().is_empty());
        assert!(matches!(find(&bucket, "big", &id), Err(StoreError::NoSuchUpload)));
    }

    #[tokio::test]
    async fn a_part_that_is_replaced_while_its_upload_completes_is_not_cut_to_measure() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        let id = begin(&bucket, "big", Said::default()).await.unwrap();
        let upload = find(&bucket, "big", &id).unwrap();
        part(&bucket, &upload, 1, b"the first and longer one").await;
        let chosen = parts(&bucket, &upload).unwrap().remove(0);
        part(&bucket, &upload, 1, b"the second").await;
        let path = part_path(&bucket.uploads().join(&id), 1);
        let mut draft = bucket.draft().await.unwrap();
        let copied = copy(&mut draft, &path, &chosen).await;
        assert!(matches!(copied, Err(StoreError::InvalidPart { number: 1 })));
        let chosen = parts(&bucket, &upload).unwrap().remove(0);
        copy(&mut draft, &path, &chosen).await.unwrap();
        assert_eq!(draft.size(), 10);
    }

    #[tokio::test]
    async fn an_upload_that_is_gone_is_said_to_be_gone() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        let id = begin(&bucket, "big", Said::default()).await.unwrap();
        let upload = find(&bucket, "big", &id).unwrap();
        part(&bucket, &upload, 1, b"x").await;
        let late = bucket
            .draft()
            .await
            .unwrap()
            .finish(Closing::default())
            .await
            .unwrap();
        remove(&bucket, &upload).unwrap();
        let no_upload = |error| matches!(error, StoreError::NoSuchUpload);
        assert!(no_upload(store_part(&bucket, &upload, 2, late).unwrap_err()));
        assert!(no_upload(parts(&bucket, &upload).unwrap_err()));
        assert!(no_upload(remove(&bucket, &upload).unwrap_err()));
        assert!(list(&bucket).unwrap().is_empty());
    }

    #[tokio::test]
    async fn parts_that_do_not_fit_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        let id = begin(&bucket, "big", Said::default()).await.unwrap();
        let upload = find(&bucket, "big", &id).unwrap();
        let (one, two) = (
            part(&bucket, &upload, 1, b"1").await,
            part(&bucket, &upload, 2, b"2").await,
        );
        let joined = |wanted: Vec<(u32, String)>| choose(&bucket, &upload, &wanted).unwrap_err();
        let error = joined(vec![(1, one.clone()), (2, two.clone())]);
        assert!(matches!(error, StoreError::PartTooSmall { number: 1 }));
        let error = joined(vec![(2, two.clone()), (1, one.clone())]);
        assert!(matches!(error, StoreError::PartOrder));
        let error = joined(vec![(1, two)]);
        assert!(matches!(error, StoreError::InvalidPart { number: 1 }));
        let error = joined(vec![(3, one)]);
        assert!(matches!(error, StoreError::InvalidPart { number: 3 }));
        for id in ["../x", "", "nothing"] {
            assert!(matches!(find(&bucket, "big", id), Err(StoreError::NoSuchUpload)));
        }
    }
}
