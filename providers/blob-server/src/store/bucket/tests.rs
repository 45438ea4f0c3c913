//! A bucket keeps what it acknowledged, shows only what is whole, and lets one of many racing writers win.

use super::*;
use crate::store::blob_file::Closing;

async fn finished(bucket: &Bucket, key: &str, bytes: &[u8]) -> Finished {
    let mut draft = bucket.draft().await.unwrap();
    draft.write(bytes).await.unwrap();
    let closing = Closing {
        key: key.to_owned(),
        ..Closing::default()
    };
    draft.finish(closing).await.unwrap()
}

async fn put(bucket: &Bucket, key: &str, bytes: &[u8], keep: Keep) -> Version {
    let finished = finished(bucket, key, bytes).await;
    bucket.commit(finished, &Condition::None, keep).unwrap()
}

fn delete(bucket: &Bucket, key: &str, id: Option<&str>, keep: Keep) -> Deleted {
    bucket.delete(key, id, &Condition::None, keep).unwrap()
}

fn bytes(bucket: &Bucket, key: &str, id: Option<&str>) -> Vec<u8> {
    let (version, file) = bucket.read(key, id).unwrap();
    let mut found = Vec::new();
    std::io::Read::read_to_end(
        &mut std::io::Read::take(file, version.description.size),
        &mut found,
    )
    .unwrap();
    found
}

fn files(folder: &Path) -> usize {
    let shards = entries(&folder.join(BLOBS)).unwrap();
    shards.iter().map(|shard| entries(shard).unwrap().len()).sum()
}

#[tokio::test]
async fn what_was_stored_is_there_after_the_bucket_was_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    put(&bucket, "a", b"old", Keep::Nothing).await;
    put(&bucket, "a", b"new", Keep::Nothing).await;
    put(&bucket, "b/ü", b"", Keep::Nothing).await;
    drop(bucket);
    let bucket = Bucket::open(folder.path()).unwrap();
    assert_eq!(bytes(&bucket, "a", None), b"new");
    assert_eq!(bytes(&bucket, "b/ü", None), b"");
    assert_eq!(files(folder.path()), 2);
}

#[tokio::test]
async fn what_a_crash_left_is_cleared_up() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    let old = put(&bucket, "a", b"old", Keep::Nothing).await;
    let old_path = bucket.path_of(&old);
    let saved = std::fs::read(&old_path).unwrap();
    put(&bucket, "a", b"new", Keep::Nothing).await;
    let draft = finished(&bucket, "half", b"half").await;
    // As if the process had ended after the rename of the new file, and in the middle of another one.
    std::mem::forget(draft);
    std::fs::write(&old_path, saved).unwrap();
    drop(bucket);
    let bucket = Bucket::open(folder.path()).unwrap();
    assert_eq!(bytes(&bucket, "a", None), b"new");
    assert!(matches!(bucket.find("half", None), Err(StoreError::NoSuchKey)));
    assert_eq!(files(folder.path()), 1);
    assert!(entries(&folder.path().join(DRAFTS)).unwrap().is_empty());
    delete(&bucket, "a", None, Keep::Nothing);
    assert_eq!(files(folder.path()), 0);
}

#[tokio::test]
async fn a_file_that_is_not_whole_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    let version = put(&bucket, "a", b"bytes", Keep::Nothing).await;
    let path = bucket.path_of(&version);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let error = Bucket::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
}

#[tokio::test]
async fn versions_are_kept_marked_and_removed_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    let one = put(&bucket, "a", b"1", Keep::Versions).await;
    let two = put(&bucket, "a", b"2", Keep::Versions).await;
    let Deleted::Marked(marker) = delete(&bucket, "a", None, Keep::Versions) else {
        panic!("a delete marker was to be written");
    };
    assert!(matches!(bucket.find("a", None), Err(StoreError::NoSuchKey)));
    assert!(matches!(
        bucket.find("a", Some(&marker)),
        Err(StoreError::DeleteMarker)
    ));
    assert_eq!(bytes(&bucket, "a", Some(&one.id)), b"1");
    let gone = delete(&bucket, "a", Some(&marker), Keep::Versions);
    assert_eq!(gone, Deleted::Version(marker, true));
    assert_eq!(bytes(&bucket, "a", None), b"2");
    delete(&bucket, "a", Some(&two.id), Keep::Versions);
    drop(bucket);
    let bucket = Bucket::open(folder.path()).unwrap();
    assert_eq!(bytes(&bucket, "a", None), b"1");
    assert!(matches!(
        bucket.find("a", Some(&two.id)),
        Err(StoreError::NoSuchVersion)
    ));
}

#[tokio::test]
async fn where_versions_are_no_longer_kept_the_old_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    let kept = put(&bucket, "a", b"kept", Keep::Versions).await;
    put(&bucket, "a", b"null 1", Keep::Nothing).await;
    put(&bucket, "a", b"null 2", Keep::Nothing).await;
    assert_eq!(bytes(&bucket, "a", Some(NULL)), b"null 2");
    assert_eq!(
        delete(&bucket, "a", None, Keep::Nothing),
        Deleted::Marked(NULL.into())
    );
    assert_eq!(files(folder.path()), 2);
    assert_eq!(bytes(&bucket, "a", Some(&kept.id)), b"kept");
}

#[tokio::test]
async fn of_writers_who_race_under_a_condition_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    let mut condition = Condition::Absent;
    for round in 0..20 {
        let mut drafts = Vec::new();
        for writer in 0..12 {
            drafts.push(finished(&bucket, "a", format!("{round} {writer}").as_bytes()).await);
        }
        let winners: Vec<Version> = std::thread::scope(|scope| {
            let (bucket, condition) = (&bucket, &condition);
            let race = |draft| scope.spawn(move || bucket.commit(draft, condition, Keep::Nothing).ok());
            let racers: Vec<_> = drafts.into_iter().map(race).collect();
            racers
                .into_iter()
                .filter_map(|racer| racer.join().unwrap())
                .collect()
        });
        let [winner] = winners.as_slice() else {
            panic!("{} of 12 won round {round}", winners.len());
        };
        assert_eq!(bucket.find("a", None).unwrap(), *winner);
        condition = Condition::Tag(winner.description.etag.clone());
    }
}

#[tokio::test]
async fn a_condition_on_a_blob_that_is_not_there_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    let draft = finished(&bucket, "a", b"1").await;
    let error = bucket.commit(draft, &Condition::Tag("x".to_owned()), Keep::Nothing);
    assert!(matches!(error, Err(StoreError::NoSuchKey)));
    put(&bucket, "a", b"1", Keep::Nothing).await;
    let error = bucket.delete("a", None, &Condition::Tag("x".to_owned()), Keep::Nothing);
    assert!(matches!(error, Err(StoreError::Condition)));
}

#[tokio::test]
async fn whoever_reads_keeps_what_was_found_while_it_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::open(folder.path()).unwrap();
    put(&bucket, "a", b"old", Keep::Nothing).await;
    let (_, file) = bucket.read("a", None).unwrap();
    put(&bucket, "a", b"newer", Keep::Nothing).await;
    let mut found = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(file, 3), &mut found).unwrap();
    assert_eq!(found, "old");
}
