//! Who may do what: a key opens its own buckets and no others, requests without a signature are refused, and so are
//! signatures of the old form in headers, which stay good for ever.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{Credentials, S3Auth, SecretKey};
use s3s::path::{S3Path, check_bucket_name};
use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::settings::{AccessKey, Policy, Tenancy};
use crate::signed::{find_unsigned, lives_too_long};
use crate::store::StoreError;
use crate::store::bucket::{Bucket, Keep, Progress};
use crate::store::disk::{DiskError, make_folder};
use crate::unsupported::{find_unsupported, gives_access};

/// A bucket that is served.
#[derive(Clone, Debug)]
pub struct Served {
    /// The bucket.
    pub bucket: Arc<Bucket>,
    /// What becomes of its blobs.
    pub policy: Policy,
}

impl Served {
    /// Returns whether what is overwritten or deleted is kept.
    #[must_use]
    pub fn keep(&self) -> Keep {
        match self.policy.versioning {
            true => Keep::Versions,
            false => Keep::Nothing,
        }
    }
}

/// Why buckets and keys cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TenancyError {
    /// A bucket's name is not one that S3 allows.
    #[error("`{name}` is not a name for a bucket")]
    Name {
        /// The name.
        name: String,
    },
    /// A bucket cannot be opened.
    #[error("Cannot open the bucket `{name}`")]
    Open {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// The folder of all buckets cannot be made.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Another server has the folder, and two would lose each other's blobs.
    #[error("Another server uses `{}`", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
}

/// The buckets and keys of a server; none before it was told.
#[derive(Debug)]
pub struct Tenants {
    data: PathBuf,
    /// Locked against other processes as long as it is open.
    _alone: File,
    /// Every bucket that was ever opened, also when it is served no longer: who began with it before goes on with it, and
    /// two openings of one bucket would not know of each other's blobs.
    opened: Mutex<BTreeMap<String, Arc<Bucket>>>,
    opening: RwLock<Option<(String, Arc<Progress>)>>,
    current: RwLock<Arc<Current>>,
    changed: Notify,
    /// Whose turn it is to set them.
    pub turn: tokio::sync::Mutex<()>,
}

/// The bucket that is being opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Its name.
    pub bucket: String,
    /// How many of its files were read.
    pub done: u64,
    /// How many it has.
    pub of: u64,
}

#[derive(Debug, Default)]
struct Current {
    buckets: BTreeMap<String, Served>,
    keys: BTreeMap<String, AccessKey>,
}

impl Tenants {
    /// Returns the tenants of a folder of buckets, none of which is served yet.
    ///
    /// # Errors
    /// [`TenancyError::Disk`] when the folder cannot be made, [`TenancyError::InUse`] when another server has it.
    pub fn new(data: &Path) -> Result<Self, TenancyError> {
        make_folder(data)?;
        Ok(Self {
            data: data.to_owned(),
            _alone: lock(data)?,
            opened: Mutex::default(),
            opening: RwLock::default(),
            current: RwLock::default(),
            changed: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// Serves these buckets to these keys and to nobody else from now on. Blocks: a bucket's files are read when it is
    /// opened, and one setting waits for another.
    ///
    /// # Errors
    /// [`TenancyError`]; what was served before is then still served.
    pub fn set(&self, tenancy: Tenancy) -> Result<(), TenancyError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let mut buckets = BTreeMap::new();
        for settings in tenancy.buckets {
            let name = settings.name;
            let bucket = match opened.get(&name) {
                Some(bucket) => bucket.clone(),
                None => Arc::new(self.open(&name)?),
            };
            opened.insert(name.clone(), bucket.clone());
            let policy = settings.policy;
            buckets.insert(name, Served { bucket, policy });
        }
        let keys = tenancy
            .keys
            .into_iter()
            .map(|key| (key.id.clone(), key))
            .collect();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(Current { buckets, keys });
        self.changed.notify_one();
        Ok(())
    }

    /// Waits until other buckets or keys were set than when this was called last.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn open(&self, name: &str) -> Result<Bucket, TenancyError> {
        if !check_bucket_name(name) {
            return Err(TenancyError::Name {
                name: name.to_owned(),
            });
        }
        let progress = Arc::new(Progress::default());
        self.watch(Some((name.to_owned(), progress.clone())));
        let opened = Bucket::open_watched(&self.data.join(name), &progress);
        self.watch(None);
        opened.map_err(|source| TenancyError::Open {
            name: name.to_owned(),
            source,
        })
    }

    fn watch(&self, opening: Option<(String, Arc<Progress>)>) {
        *self.opening.write().unwrap_or_else(PoisonError::into_inner) = opening;
    }

    /// Returns the bucket that is being opened, if one is.
    #[must_use]
    pub fn opening(&self) -> Option<Opening> {
        let opening = self.opening.read().unwrap_or_else(PoisonError::into_inner);
        opening.as_ref().map(|(bucket, progress)| Opening {
            bucket: bucket.clone(),
            done: progress.done.load(Ordering::Relaxed),
            of: progress.of.load(Ordering::Relaxed),
        })
    }

    /// Returns all buckets that are served, by their names.
    #[must_use]
    pub fn buckets(&self) -> BTreeMap<String, Served> {
        self.current().buckets.clone()
    }

    /// Returns the ids of all keys with the names of the buckets that they open.
    #[must_use]
    pub fn keys(&self) -> BTreeMap<String, Vec<String>> {
        let keys = &self.current().keys;
        keys.iter()
            .map(|(id, key)| (id.clone(), key.buckets.clone()))
            .collect()
    }

    /// Returns a bucket that these credentials open.
    ///
    /// # Errors
    /// `AccessDenied` when they do not, whether or not there is such a bucket.
    pub fn open_to(&self, credentials: Option<&Credentials>, name: &str) -> S3Result<Served> {
        let current = self.current();
        let key = credentials.and_then(|credentials| current.keys.get(&credentials.access_key));
        let opens = key.is_some_and(|key| key.buckets.iter().any(|bucket| bucket == name));
        let served = current.buckets.get(name).filter(|_| opens);
        served
            .cloned()
            .ok_or_else(|| s3_error!(AccessDenied, "This key does not open the bucket"))
    }

    fn current(&self) -> Arc<Current> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Locks a folder as long as the file is open, also when its process is killed.
fn lock(data: &Path) -> Result<File, TenancyError> {
    let folder = File::open(data).map_err(DiskError::from_io("open", data))?;
    match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(folder),
        Err(Errno::WOULDBLOCK) => Err(TenancyError::InUse {
            path: data.to_owned(),
        }),
        Err(error) => Err(DiskError::from_io("lock", data)(error.into()).into()),
    }
}

/// Gives the protocol the secret half of a key, by which it verifies signatures.
#[derive(Clone, Debug)]
pub struct Secrets(pub Arc<Tenants>);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let current = self.0.current();
        let key = current.keys.get(access_key);
        key.map(|key| SecretKey::from(key.secret.as_str()))
            .ok_or_else(|| s3_error!(InvalidAccessKeyId, "There is no such key"))
    }
}

/// Refuses requests before anything is done for them.
#[derive(Clone, Debug)]
pub struct Gate(pub Arc<Tenants>);

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        if request.credentials().is_none() {
            return Err(s3_error!(AccessDenied, "A signature is required"));
        }
        if !has_an_age(request) {
            return Err(s3_error!(InvalidRequest, "Sign with AWS4-HMAC-SHA256"));
        }
        if let Some(name) = find_unsigned(request.uri(), request.headers()) {
            return Err(s3_error!(AccessDenied, "The header `{name}` was not signed"));
        }
        if lives_too_long(request.uri()) {
            return Err(s3_error!(AccessDenied, "A signed URL lives for a week at most"));
        }
        let operation = request.s3_op().name();
        if let Some(name) = find_unsupported(operation, request.uri(), request.headers()) {
            return Err(s3_error!(NotImplemented, "There is no `{name}` here"));
        }
        if gives_access(request.headers()) {
            return Err(s3_error!(
                AccessControlListNotSupported,
                "Keys open buckets, not lists"
            ));
        }
        match request.s3_path() {
            S3Path::Root => Ok(()),
            S3Path::Bucket { bucket } | S3Path::Object { bucket, .. } => {
                self.0.open_to(request.credentials(), bucket).map(drop)
            }
        }
    }
}

/// A header of the old form stays good for ever. A URL of the old form, which stock clients still make, says when it ends.
fn has_an_age(request: &S3AccessContext<'_>) -> bool {
    let header = request.headers().get("authorization");
    !header.is_some_and(|header| header.as_bytes().starts_with(b"AWS "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::BucketSettings;

    fn of(names: &[&str], expire_days: Option<u32>) -> Tenancy {
        let bucket = |name: &&str| BucketSettings {
            name: (*name).to_owned(),
            policy: Policy {
                expire_days,
                ..Policy::default()
            },
        };
        Tenancy {
            buckets: names.iter().map(bucket).collect(),
            keys: Vec::new(),
        }
    }

    #[test]
    fn a_bucket_is_opened_once_whoever_asks_and_however_often() {
        let folder = tempfile::tempdir().unwrap();
        let tenants = Tenants::new(folder.path()).unwrap();
        let seen = std::thread::scope(|scope| {
            let set = || {
                tenants.set(of(&["data"], None)).unwrap();
                tenants.buckets().remove("data").unwrap().bucket
            };
            let setters: Vec<_> = (0..8).map(|_| scope.spawn(set)).collect();
            let seen = setters.into_iter().map(|setter| setter.join().unwrap());
            seen.collect::<Vec<_>>()
        });
        assert!(seen.iter().all(|bucket| Arc::ptr_eq(bucket, &seen[0])));
        tenants.set(of(&[], None)).unwrap();
        assert!(tenants.buckets().is_empty());
        tenants.set(of(&["data"], None)).unwrap();
        assert!(Arc::ptr_eq(&tenants.buckets()["data"].bucket, &seen[0]));
        assert_eq!(tenants.opening(), None);
    }

    #[test]
    fn two_servers_do_not_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = Tenants::new(folder.path()).unwrap();
        let second = Tenants::new(folder.path());
        assert!(matches!(second, Err(TenancyError::InUse { .. })));
        drop(first);
        Tenants::new(folder.path()).unwrap();
    }
}
