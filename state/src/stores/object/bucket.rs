//! The part of a bucket that is ours, reduced to what the protocol needs: put if absent, get, list, delete.
//!
//! A put whose answer got lost is resolved here: the object is read back and compared. That also covers a client that
//! repeats a put by itself and is told that the object exists already, because its own first try made it.

use std::fmt;
use std::fs::File;
use std::path::{self, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStoreExt as _, PutMode};
use tokio::time::Instant;

use crate::stores::object::failure::Failure;

/// How long to wait before a put of unknown outcome is tried again. The client below repeats by itself what is safe to
/// repeat, so these are few.
const PAUSES: &[Duration] = &[
    Duration::from_millis(200),
    Duration::from_secs(1),
    Duration::from_secs(3),
];

/// After this much a put is not tried again: whoever waits has a lease that runs out.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many objects are read at once.
const READS_MAX: usize = 16;

/// What a put if absent came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Created {
    /// The object is ours, and durable.
    Ours,
    /// There was another one.
    Other(Bytes),
}

/// Everything below the prefix of one environment.
#[derive(Clone)]
pub(super) struct Bucket {
    objects: Arc<dyn object_store::ObjectStore>,
    prefix: Path,
    place: String,
    /// The prefix as a folder of this machine, when it is one.
    folder: Option<PathBuf>,
    pauses: &'static [Duration],
}

impl fmt::Debug for Bucket {
    /// The client knows secrets, so it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bucket").field(&self.place).finish()
    }
}

impl Bucket {
    /// Returns the part of a bucket below a prefix. `place` is how people call it.
    pub(super) fn new(objects: Arc<dyn object_store::ObjectStore>, prefix: Path, place: String) -> Self {
        Bucket {
            objects,
            prefix,
            place,
            folder: None,
            pauses: PAUSES,
        }
    }

    /// Says that the bucket is a folder of this machine.
    pub(super) fn in_folder(mut self, root: &path::Path) -> Self {
        self.folder = Some(root.join(self.prefix.as_ref()));
        self
    }

    /// Tries puts of unknown outcome again without waiting.
    #[cfg(test)]
    pub(super) fn hasty(mut self) -> Self {
        self.pauses = &[Duration::ZERO; 3];
        self
    }

    /// Returns how people call this place.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Puts an object where there is none.
    ///
    /// An error leaves unknown whether the object will be there.
    pub(super) async fn create(&self, name: &str, object: &Bytes) -> Result<Created, Failure> {
        let began = Instant::now();
        let mut pauses = self.pauses.iter().enumerate();
        loop {
            let put = self.put(name, object, PutMode::Create).await;
            let Err(error) = put else {
                return Ok(Created::Ours);
            };
            match self.get(name).await {
                Ok(Some(found)) if found == *object => {
                    self.sync(name).await?;
                    return Ok(Created::Ours);
                }
                Ok(Some(found)) => return Ok(Created::Other(found)),
                // Not there yet, or not to be seen: the put may still be on its way.
                Ok(None) | Err(_) => {}
            }
            match pauses.next() {
                // A process that was stopped meanwhile wakes up with a broken connection, and no time left for it.
                Some((tried, pause)) if !is_final(&error) && (tried == 0 || began.elapsed() < PATIENCE) => {
                    tokio::time::sleep(*pause).await;
                }
                _ => return Err(self.sort("written", &error)),
            }
        }
    }

    /// Tells whether the storage refuses another object where there is one. Only a refusal for that reason counts.
    pub(super) async fn refuses_another(&self, name: &str) -> Result<bool, Failure> {
        let other = Bytes::from_static(b"If this is read, the service ignores the conditions of puts.\n");
        let mut pauses = self.pauses.iter();
        loop {
            let error = match self.put(name, &other, PutMode::Create).await {
                Ok(_) => return Ok(false),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => return Ok(true),
                Err(error) => error,
            };
            match pauses.next().filter(|_| !is_final(&error)) {
                Some(pause) => tokio::time::sleep(*pause).await,
                None => return Err(self.sort("written", &error)),
            }
        }
    }

    /// Puts an object whose name follows from what it holds, so that it may be put any number of times.
    pub(super) async fn write(&self, name: &str, object: &Bytes) -> Result<(), Failure> {
        let put = self.put(name, object, PutMode::Overwrite).await;
        put.map_err(|error| self.sort("written", &error))
    }

    /// Returns an object, or nothing when there is none.
    pub(super) async fn read(&self, name: &str) -> Result<Option<Bytes>, Failure> {
        self.get(name).await.map_err(|error| self.sort("read", &error))
    }

    /// Returns objects in the order of their names, several at once.
    pub(super) fn read_all(
        &self,
        names: impl IntoIterator<Item = String>,
    ) -> impl futures::Stream<Item = Result<Option<Bytes>, Failure>> {
        let reads = names
            .into_iter()
            .map(|name| async move { self.read(&name).await });
        // Collected, because a stream over a borrowing iterator is not `Send`.
        stream::iter(reads.collect::<Vec<_>>()).buffered(READS_MAX)
    }

    /// Returns the names in a folder that sort after another name, sorted.
    pub(super) async fn list(&self, folder: &str, after: &str) -> Result<Vec<String>, Failure> {
        let prefix = self.path(folder).map_err(|error| self.sort("read", &error))?;
        let after_path = self.path(after).map_err(|error| self.sort("read", &error))?;
        let metas: Vec<_> = self
            .objects
            .list_with_offset(Some(&prefix), &after_path)
            .try_collect()
            .await
            .map_err(|error| self.sort("read", &error))?;
        let own = format!("{}/", self.prefix);
        let names = metas
            .iter()
            .filter_map(|meta| meta.location.as_ref().strip_prefix(&own));
        // Not every service knows where to begin.
        let mut names: Vec<String> = names.filter(|name| *name > after).map(str::to_owned).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Deletes objects; those that do not exist are none.
    pub(super) async fn delete(&self, names: Vec<String>) -> Result<(), Failure> {
        let paths: Vec<_> = names.iter().map(|name| self.path(name)).collect();
        let mut deleted = self.objects.delete_stream(stream::iter(paths).boxed());
        while let Some(result) = deleted.next().await {
            match result {
                Ok(_) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(self.sort("written", &error)),
            }
        }
        Ok(())
    }

    async fn put(&self, name: &str, object: &Bytes, mode: PutMode) -> Result<(), Error> {
        let path = self.path(name)?;
        let put = self.objects.put_opts(&path, object.clone().into(), mode.into());
        put.await.map(|_| ())
    }

    async fn get(&self, name: &str) -> Result<Option<Bytes>, Error> {
        match self.objects.get(&self.path(name)?).await {
            Ok(found) => found.bytes().await.map(Some),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes sure that an object which was found is there after a power cut too. The put did that unless it failed
    /// half-way; services promise it for everything that can be read.
    async fn sync(&self, name: &str) -> Result<(), Failure> {
        let Some(path) = self.folder.as_ref().map(|folder| folder.join(name)) else {
            return Ok(());
        };
        let sync = move || {
            File::open(&path)?.sync_all()?;
            path.parent()
                .map_or(Ok(()), |parent| File::open(parent)?.sync_all())
        };
        let synced = tokio::task::spawn_blocking(sync).await;
        let synced = synced.map_err(|error| Error::JoinError { source: error });
        synced
            .and_then(|synced| synced.map_err(in_folder))
            .map_err(|error| self.sort("written", &error))
    }

    fn path(&self, name: &str) -> Result<Path, Error> {
        Ok(Path::parse(format!("{}/{name}", self.prefix))?)
    }

    fn sort(&self, attempt: &'static str, error: &Error) -> Failure {
        Failure::sort(attempt, &self.place, error)
    }
}

fn in_folder(error: std::io::Error) -> Error {
    Error::Generic {
        store: "LocalFileSystem",
        source: Box::new(error),
    }
}

/// Tells whether trying again cannot help.
fn is_final(error: &Error) -> bool {
    matches!(
        error,
        Error::NotFound { .. }
            | Error::PermissionDenied { .. }
            | Error::Unauthenticated { .. }
            | Error::InvalidPath { .. }
            | Error::NotImplemented { .. }
            | Error::NotSupported { .. }
            | Error::UnknownConfigurationKey { .. }
    ) || crate::stores::object::failure::is_full(error)
}
