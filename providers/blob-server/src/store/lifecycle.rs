//! What has outlived its days goes. A sweep looks at every blob and removes one version at a time, each behind its blob's
//! lock after looking again, so it can be cut anywhere.

use std::time::{Duration, SystemTime};

use super::StoreError;
use super::bucket::{Bucket, Condition, Keep};
use super::index::Version;
use crate::settings::Policy;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes what has outlived its days at a moment, and returns how many blobs and versions that were.
///
/// A blob expires so many days after it was written; where versions are kept it is marked as deleted, and its versions
/// expire so many days after the next one was written. A delete marker that marks nothing any more goes with them.
///
/// The policy is asked for anew for each blob, and none ends the sweep. What stays though it should go is told to `failed`,
/// and the sweep goes on with the next blob.
pub fn sweep(
    bucket: &Bucket,
    policy: impl Fn() -> Option<Policy>,
    now: SystemTime,
    mut failed: impl FnMut(StoreError),
) -> usize {
    let keys: Vec<String> = bucket.index().keys().map(str::to_owned).collect();
    let mut expired = 0;
    for key in keys {
        let Some(policy) = policy() else { break };
        match sweep_one(bucket, &policy, now, &key) {
            Ok(count) => expired += count,
            Err(error) => failed(error),
        }
    }
    expired
}

fn sweep_one(bucket: &Bucket, policy: &Policy, now: SystemTime, key: &str) -> Result<usize, StoreError> {
    // Where nothing expires a client's own delete marker stays, too.
    if policy.expire_days.is_none() && policy.expire_noncurrent_days.is_none() {
        return Ok(0);
    }
    let mut expired = sweep_noncurrent(bucket, policy, now, key)?;
    expired += usize::from(sweep_current(bucket, policy, now, key)?);
    Ok(expired + usize::from(sweep_marker(bucket, key)?))
}

fn sweep_current(bucket: &Bucket, policy: &Policy, now: SystemTime, key: &str) -> Result<bool, StoreError> {
    let (Some(days), Ok(newest)) = (policy.expire_days, bucket.find(key, None)) else {
        return Ok(false);
    };
    if !is_over(newest.description.modified(), days, now) {
        return Ok(false);
    }
    let keep = if policy.versioning {
        Keep::Versions
    } else {
        Keep::Nothing
    };
    match bucket.delete(key, None, &Condition::Still(newest.sequence), keep) {
        Ok(_) => Ok(true),
        // It was written anew, or deleted, since.
        Err(StoreError::Condition) => Ok(false),
        Err(other) => Err(other),
    }
}

fn sweep_noncurrent(
    bucket: &Bucket,
    policy: &Policy,
    now: SystemTime,
    key: &str,
) -> Result<usize, StoreError> {
    let Some(days) = policy.expire_noncurrent_days else {
        return Ok(0);
    };
    let _alone = bucket.lock(key);
    let versions = bucket.index().versions(key).to_vec();
    let mut expired = 0;
    for (version, next) in versions.iter().zip(versions.iter().skip(1)) {
        if is_over(next.description.modified(), days, now) {
            bucket.remove_version(version)?;
            expired += 1;
        }
    }
    Ok(expired)
}

fn sweep_marker(bucket: &Bucket, key: &str) -> Result<bool, StoreError> {
    let _alone = bucket.lock(key);
    let versions: Vec<Version> = bucket.index().versions(key).to_vec();
    match versions.as_slice() {
        [only] if only.description.is_marker => bucket.remove_version(only).map(|()| true),
        _ => Ok(false),
    }
}

fn is_over(since: SystemTime, days: u32, now: SystemTime) -> bool {
    now.duration_since(since).is_ok_and(|age| age >= DAY * days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::blob_file::Closing;
    use crate::store::index::ListRequest;

    async fn put(bucket: &Bucket, key: &str, keep: Keep) {
        let mut draft = bucket.draft().await.unwrap();
        draft.write(key.as_bytes()).await.unwrap();
        let closing = Closing {
            key: key.to_owned(),
            ..Closing::default()
        };
        let finished = draft.finish(closing).await.unwrap();
        bucket.commit(finished, &Condition::None, keep).unwrap();
    }

    fn swept(bucket: &Bucket, policy: &Policy, now: SystemTime) -> usize {
        sweep(bucket, || Some(*policy), now, |error| panic!("{error}"))
    }

    fn in_days(days: u32) -> SystemTime {
        crate::store::blob_file::now() + DAY * days
    }

    fn versions(bucket: &Bucket) -> usize {
        let all = ListRequest {
            max: 100,
            ..ListRequest::default()
        };
        bucket.list_versions(&all).versions.len()
    }

    #[tokio::test]
    async fn a_blob_goes_when_its_days_are_over_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        put(&bucket, "a", Keep::Nothing).await;
        let policy = Policy {
            expire_days: Some(2),
            ..Policy::default()
        };
        assert_eq!(swept(&bucket, &policy, in_days(1)), 0);
        assert_eq!(swept(&bucket, &Policy::default(), in_days(999)), 0);
        assert_eq!(swept(&bucket, &policy, in_days(2)), 1);
        assert!(matches!(bucket.find("a", None), Err(StoreError::NoSuchKey)));
        drop(bucket);
        assert_eq!(versions(&Bucket::open(folder.path()).unwrap()), 0);
    }

    #[tokio::test]
    async fn where_versions_are_kept_a_blob_is_marked_and_its_versions_go_later() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        put(&bucket, "a", Keep::Versions).await;
        put(&bucket, "a", Keep::Versions).await;
        let policy = Policy {
            versioning: true,
            expire_days: Some(5),
            expire_noncurrent_days: Some(3),
        };
        assert_eq!(swept(&bucket, &policy, in_days(2)), 0);
        // The first is no longer current since the second was written; the second is current and lives.
        assert_eq!(swept(&bucket, &policy, in_days(3)), 1);
        assert_eq!(swept(&bucket, &policy, in_days(5)), 1);
        assert!(bucket.find("a", None).is_err());
        assert_eq!(versions(&bucket), 2);
        // The marker was written now, so the version under it has three more days; then the marker marks nothing.
        assert_eq!(swept(&bucket, &policy, in_days(4)), 2);
        assert_eq!(versions(&bucket), 0);
    }

    #[tokio::test]
    async fn where_nothing_expires_a_delete_marker_stays() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        bucket
            .delete("a", None, &Condition::None, Keep::Versions)
            .unwrap();
        let policy = Policy {
            versioning: true,
            ..Policy::default()
        };
        assert_eq!((swept(&bucket, &policy, in_days(999)), versions(&bucket)), (0, 1));
        let policy = Policy {
            expire_days: Some(1),
            ..policy
        };
        assert_eq!((swept(&bucket, &policy, in_days(0)), versions(&bucket)), (1, 0));
    }

    #[tokio::test]
    async fn a_sweep_ends_when_the_policy_does_and_goes_on_after_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::open(folder.path()).unwrap();
        for key in ["a", "b", "c"] {
            put(&bucket, key, Keep::Nothing).await;
        }
        let policy = Policy {
            expire_days: Some(1),
            ..Policy::default()
        };
        assert_eq!(sweep(&bucket, || None, in_days(1), |error| panic!("{error}")), 0);
        // A folder in the place of a blob's file cannot be removed as one.
        let path = bucket.path_of(&bucket.find("a", None).unwrap());
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let mut failures = Vec::new();
        let gone = sweep(
            &bucket,
            || Some(policy),
            in_days(1),
            |error| failures.push(error.to_string()),
        );
        assert_eq!((gone, failures.len()), (2, 1), "{failures:?}");
    }
}
