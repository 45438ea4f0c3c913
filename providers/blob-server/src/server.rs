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
use hyper::header::{CONNECTION, CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::s3_error;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::{TcpListener, UnixListener};

use crate::control;
use crate::keys::{Gate, Secrets, TenancyError, Tenants};
use crate::log::Log;
use crate::service::BlobService;
use crate::settings::ServerSettings;
use crate::store::StoreError;
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
/// The type of a form that a browser posts.
const FORM: &[u8] = b"multipart/form-data";
/// How much of a form would be held in memory.
const FORM_BYTES_MAX: usize = 64 << 10;

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
    ///
    /// What fails and is not its clients' fault is written to the log.
    pub async fn run(self, end: impl Future<Output = ()>, log: &Log) {
        let service = service(&self.tenants, log);
        let connections = GracefulShutdown::new();
        let owner = tokio::spawn(answer_owner(self.owner, self.tenants.clone(), self.address));
        let sweeper = tokio::spawn(keep_sweeping(self.tenants, log.clone()));
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
    let is_head = request.method() == Method::HEAD;
    let mut response = match is_form(&request) {
        true => refuse_form()?,
        false => service.call(request.map(s3s::Body::from)).await?,
    };
    // The protocol's crate answers 206 to a GET alone.
    if is_head && response.headers().contains_key(CONTENT_RANGE) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    if has_body && !response.status().is_success() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

/// A form posted by a browser is read into memory before its signature is looked at, so whoever has no key could fill it.
fn is_form(request: &Request<Incoming>) -> bool {
    let mut types = request.headers().get_all(CONTENT_TYPE).iter();
    request.method() == Method::POST
        && types.any(|value| {
            let start = value.as_bytes().get(..FORM.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(FORM))
        })
}

fn refuse_form() -> Result<Response<s3s::Body>, s3s::HttpError> {
    let refused = s3_error!(NotImplemented, "Forms are not taken; sign a URL for a PUT");
    refused
        .to_http_response()
        .map_err(|error| s3s::HttpError::new(Box::new(error)))
}

fn service(tenants: &Arc<Tenants>, log: &Log) -> S3Service {
    let mut builder = S3ServiceBuilder::new(BlobService::new(tenants.clone(), log.clone()));
    builder.set_auth(Secrets(tenants.clone()));
    builder.set_access(Gate(tenants.clone()));
    // Forms do not come so far; should one, it is small.
    let mut config = S3Config::default();
    config.post_object_max_file_size = FORM_BYTES_MAX as u64;
    config.form_max_fields_size = FORM_BYTES_MAX;
    config.form_max_field_size = FORM_BYTES_MAX;
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
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

async fn keep_sweeping(tenants: Arc<Tenants>, log: Log) {
    let mut pace = tokio::time::interval(SWEEP_EVERY);
    loop {
        // Whoever runs it for minutes a day would otherwise never see anything expire.
        tokio::select! {
            _ = pace.tick() => {}
            () = tenants.changed() => {}
        }
        for (name, served) in tenants.buckets() {
            let (own, told) = (tenants.clone(), log.clone());
            let swept = move || {
                // A sweep may last for minutes, and other buckets may be given meanwhile.
                let policy = || own.buckets().get(&name).map(|served| served.policy);
                // What could not be removed is looked at again in an hour.
                let failed =
                    |error: StoreError| told.failure(&format!("Sweeping the bucket `{name}`"), &error);
                sweep(&served.bucket, policy, now(), failed)
            };
            if let Err(error) = tokio::task::spawn_blocking(swept).await {
                log.failure("Sweeping", &error);
            }
        }
    }
}
