//! Object storage that fails on request: before a request takes effect, after it, or for good.

use std::fmt;
use std::ops::ControlFlow;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore as Objects, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::oneshot;

use super::*;

/// What was asked of the storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Put,
    Get,
    List,
    Delete,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    /// The object or folder.
    pub(super) name: String,
    /// What was put.
    pub(super) bytes: Bytes,
}

/// Whether a request that fails has taken effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    /// Only the answer is lost.
    Done,
}

/// What happens to the requests after one that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    /// They fail too: the process is dead.
    Die,
}

/// A put that arrives late.
pub(super) struct Held {
    /// Completes when the put was asked for.
    pub(super) asked: oneshot::Receiver<()>,
    /// Lets it take effect, even if nobody waits for it any more.
    pub(super) release: oneshot::Sender<()>,
}

/// Object storage that fails on request.
#[derive(Clone)]
pub(super) struct Faulty {
    inner: Arc<dyn Objects>,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    asked: Vec<Asked>,
    /// Fails the request of that number.
    fault: Option<(usize, Effect, Then)>,
    /// Fails every request of that kind.
    deaf_to: Option<Kind>,
    is_dead: bool,
    /// Holds the next put into that folder.
    hold: Option<(&'static str, oneshot::Sender<()>, oneshot::Receiver<()>)>,
}

enum Verdict {
    Pass,
    Fail(Effect),
    Wait(oneshot::Receiver<()>),
}

impl Faulty {
    pub(super) fn over(memory: &Memory) -> Self {
        Faulty {
            inner: Arc::clone(&memory.0),
            script: Arc::default(),
        }
    }

    /// Returns the storage as one process sees it.
    pub(super) fn place(&self) -> Memory {
        Memory(Arc::new(self.clone()))
    }

    /// Fails one request, by its number from now on.
    pub(super) fn fail(&self, number: usize, effect: Effect, then: Then) {
        let mut script = self.script();
        script.fault = Some((script.asked.len() + number, effect, then));
    }

    /// Fails all requests of a kind, or none.
    pub(super) fn be_deaf_to(&self, kind: Option<Kind>) {
        self.script().deaf_to = kind;
    }

    /// Holds the next put into a folder.
    pub(super) fn hold_put(&self, folder: &'static str) -> Held {
        let (tell, asked) = oneshot::channel();
        let (release, wait) = oneshot::channel();
        self.script().hold = Some((folder, tell, wait));
        Held { asked, release }
    }

    /// Returns what was asked since the last time, and forgets it.
    pub(super) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.script().asked)
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    fn judge(&self, kind: Kind, name: &str, bytes: Bytes) -> Verdict {
        let mut script = self.script();
        let number = script.asked.len();
        let name = name.to_owned();
        script.asked.push(Asked {
            kind,
            name: name.clone(),
            bytes,
        });
        if script.is_dead || script.deaf_to == Some(kind) {
            return Verdict::Fail(Effect::None);
        }
        if let Some((_, effect, then)) = script.fault.take_if(|(at, ..)| *at == number) {
            script.is_dead = then == Then::Die;
            return Verdict::Fail(effect);
        }
        let held = script
            .hold
            .take_if(|(folder, ..)| kind == Kind::Put && name.contains(&format!("/{folder}/")));
        match held {
            Some((_, tell, wait)) => {
                tell.send(()).unwrap();
                Verdict::Wait(wait)
            }
            None => Verdict::Pass,
        }
    }

    /// Carries a request out as the script says.
    async fn carry_out<T: Send + 'static>(
        &self,
        kind: Kind,
        name: &str,
        bytes: Bytes,
        effect: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        match self.judge(kind, name, bytes) {
            Verdict::Pass => effect.await,
            Verdict::Fail(Effect::None) => Err(lost()),
            Verdict::Fail(Effect::Done) => {
                let _ = effect.await;
                Err(lost())
            }
            Verdict::Wait(wait) => {
                let late = async move {
                    wait.await.unwrap();
                    effect.await
                };
                tokio::spawn(late).await.unwrap()
            }
        }
    }
}

fn lost() -> Error {
    Error::Generic {
        store: "Faulty",
        source: "the answer was lost".into(),
    }
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faulty")
    }
}

#[async_trait]
impl Objects for Faulty {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let (inner, to) = (Arc::clone(&self.inner), path.clone());
        let bytes: Bytes = payload.iter().flatten().copied().collect();
        let put = async move { inner.put_opts(&to, payload, options).await };
        self.carry_out(Kind::Put, path.as_ref(), bytes, put).await
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        let (inner, from) = (Arc::clone(&self.inner), path.clone());
        let get = async move { inner.get_opts(&from, options).await };
        self.carry_out(Kind::Get, path.as_ref(), Bytes::new(), get).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let faulty = self.clone();
        let deletions = paths.then(move |path| {
            let faulty = faulty.clone();
            async move {
                let path = path?;
                let inner = Arc::clone(&faulty.inner);
                let name = path.to_string();
                let delete = async move {
                    let one = stream::once(async { Ok(path) }).boxed();
                    inner.delete_stream(one).next().await.unwrap()
                };
                faulty.carry_out(Kind::Delete, &name, Bytes::new(), delete).await
            }
        });
        // A service that failed once is not asked for the rest.
        let until_failure = deletions.scan(ControlFlow::Continue(()), |state, result| {
            let before = *state;
            if result.is_err() {
                *state = ControlFlow::Break(());
            }
            async move { before.is_continue().then_some(result) }
        });
        until_failure.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_with_offset(prefix, &Path::default())
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let (faulty, prefix, offset) = (self.clone(), prefix.cloned(), offset.clone());
        let listed = async move {
            let inner = Arc::clone(&faulty.inner);
            let name = prefix.clone().unwrap_or_default().to_string();
            let list = async move {
                let listed = inner.list_with_offset(prefix.as_ref(), &offset);
                listed.try_collect::<Vec<_>>().await
            };
            faulty.carry_out(Kind::List, &name, Bytes::new(), list).await
        };
        let names = listed.map(|listed| listed.map(|metas| stream::iter(metas.into_iter().map(Ok))));
        stream::once(names).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
