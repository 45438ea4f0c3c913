//! Listens: for S3 at an address, for its owner at a unix socket. It serves nothing before it was told its buckets and keys,
//! and when it is asked to end it finishes the requests that have begun.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::{TcpListener, UnixListener};

use crate::control;
use crate::keys::{Gate, Secrets, TenancyError, Tenants};
use crate::service::BlobService;
use crate::settings::ServerSettings;
use crate::store::blob_file::now;
use crate::store::lifecycle::sweep;

/// How often what has outlived its days is looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long requests that have begun may take when the server is asked to end.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long nothing is accepted after the system refused, for example for want of descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Its address is taken, or not one of this machine.
    #[error("Cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Its control socket cannot be made.
    #[error("Cannot listen on `{}`", path.display())]
    Control {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Its folder cannot be used.
    #[error("Cannot use the folder of the buckets")]
    Data(#[from] TenancyError),
}

/// A server that listens and does not serve yet.
#[derive(Debug)]
pub struct Server {
    tenants: Arc<Tenants>,
    clients: TcpListener,
    owner: UnixListener,
    address: SocketAddr,
    control: PathBuf,
}

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// [`ServerError`] when an address or the folder cannot be used.
    pub async fn bind(settings: &ServerSettings) -> Result<Self, ServerError> {
        let tenants = Arc::new(Tenants::new(&settings.data)?);
        let address = settings.listen;
        let listen = |source| ServerError::Listen { address, source };
        let clients = TcpListener::bind(address).await.map_err(listen)?;
        let control = settings.control.clone();
        let owner = bind_control(&control).map_err(|source| ServerError::Control {
            path: control.clone(),
            source,
        })?;
        Ok(Self {
            tenants,
            address: clients.local_addr().map_err(listen)?,
            clients,
            owner,
            control,
        })
    }

    /// Returns where it answers S3.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns its buckets and keys.
    #[must_use]
    pub fn tenants(&self) -> Arc<Tenants> {
        self.tenants.clone()
    }

    /// Serves until `end` is over, then finishes what has begun, within five seconds.
    pub async fn run(self, end: impl Future<Output = ()>) {
        let service = service(&self.tenants);
        let connections = GracefulShutdown::new();
        let owner = tokio::spawn(answer_owner(self.owner, self.tenants.clone(), self.address));
        let sweeper = tokio::spawn(keep_sweeping(self.tenants));
        let mut end = pin!(end);
        loop {
            let accepted = tokio::select! {
                accepted = self.clients.accept() => accepted,
                () = &mut end => break,
            };
            let Ok((stream, _)) = accepted else {
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            };
            // Answers are written as a whole; waiting for more to send with them only costs time.
            let _ = stream.set_nodelay(true);
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
            let own = service.clone();
            let answering = service_fn(move |request| answer(own.clone(), request));
            let connection = http.serve_connection(TokioIo::new(stream), answering);
            let connection = connections.watch(connection);
            tokio::spawn(async move {
                // A client that went away is no concern of ours.
                let _ = connection.await;
            });
        }
        drop(self.clients);
        sweeper.abort();
        // Requests that last longer are cut; what they did not get an answer for was never acknowledged.
        let _ = tokio::time::timeout(DRAIN_WITHIN, connections.shutdown()).await;
        owner.abort();
        let _ = std::fs::remove_file(&self.control);
    }
}

/// A request that is refused before its body was read ends the connection, and the client has to know.
async fn answer(
    service: S3Service,
    request: Request<Incoming>,
) -> Result<Response<s3s::Body>, s3s::HttpError> {
    let has_body = !request.body().is_end_stream();
    let mut response = service.call(request.map(s3s::Body::from)).await?;
    if has_body && !response.status().is_success() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

fn service(tenants: &Arc<Tenants>) -> S3Service {
    let mut builder = S3ServiceBuilder::new(BlobService::new(tenants.clone()));
    builder.set_auth(Secrets(tenants.clone()));
    builder.set_access(Gate(tenants.clone()));
    builder.build()
}

/// The socket of a server that was killed is in the way; that none runs was seen by whoever starts this one.
fn bind_control(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    rustix::fs::chmod(path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)?;
    Ok(listener)
}

async fn answer_owner(listener: UnixListener, tenants: Arc<Tenants>, address: SocketAddr) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_AGAIN).await;
            continue;
        };
        let tenants = tenants.clone();
        tokio::spawn(async move {
            // Whoever asked went away before the answer.
            let _ = control::serve(stream, tenants, address).await;
        });
    }
}

async fn keep_sweeping(tenants: Arc<Tenants>) {
    let mut pace = tokio::time::interval(SWEEP_EVERY);
    loop {
        // Whoever runs it for minutes a day would otherwise never see anything expire.
        tokio::select! {
            _ = pace.tick() => {}
            () = tenants.changed() => {}
        }
        for served in tenants.buckets().into_values() {
            let swept = move || sweep(&served.bucket, &served.policy, now());
            // What could not be removed is looked at again in an hour.
            let _ = tokio::task::spawn_blocking(swept).await;
        }
    }
}
