//! The judge made difficult: a proxy in front of an account that throttles, fails before and after the effect, loses answers, is
//! slow, and counts.
//!
//! What happens to a request is decided by its number and operation alone, so a run with the same requests fails the same way.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::aws::Cloud;
use crate::environment::TestEnv;

mod answers;
mod http;
mod operation;

use http::Request;
pub use operation::changes_something;

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The service asks for fewer requests, and does nothing.
    Throttled,
    /// The service is not available, and does nothing.
    Unavailable,
    /// The service does it and says that it failed.
    FailedAfter,
    /// The connection ends before the request is through.
    CutBefore,
    /// The service does it, and the connection ends before the answer.
    CutAfter,
    /// Nothing is heard of it until [`Proxy::release`]; the service has done it by then, or never does it.
    Held {
        /// Whether it is done.
        done: bool,
    },
    /// This status and code, and nothing is done.
    Refused(u16, &'static str, &'static str),
}

/// Every fault after which the same work can still be finished.
pub const PASSING: [Fault; 5] = [
    Fault::Throttled,
    Fault::Unavailable,
    Fault::FailedAfter,
    Fault::CutBefore,
    Fault::CutAfter,
];

/// A request as the rules see it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number among all, from one.
    pub number: usize,
    /// Its number among those of its operation, from one.
    pub turn: usize,
    /// Its number among those that ask for the very same, from one: what is sent again has another than one.
    pub repeat: usize,
    /// The operation, such as `kms.CreateKey`.
    pub operation: String,
    /// The access key that signed it.
    pub key: String,
    /// What stands in it.
    content: blake3::Hash,
}

type Rule = Box<dyn Fn(&Call) -> Option<Fault> + Send + Sync>;
type Slowness = Box<dyn Fn(&Call) -> Duration + Send + Sync>;

/// Stands between the binary and an account. Requests of `boto3` go past it.
pub struct Proxy {
    endpoint: String,
    shared: Arc<Shared>,
    held: Receiver<Call>,
}

struct Shared {
    upstream: String,
    calls: Mutex<Vec<Call>>,
    rule: Mutex<Rule>,
    slowness: Mutex<Slowness>,
    holding: Mutex<Sender<Call>>,
    released: (Mutex<bool>, Condvar),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Starts a proxy in front of an account. It passes everything on until a rule says otherwise.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn before(cloud: &Cloud) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the port");
        let (holding, held) = channel();
        let upstream = cloud.endpoint().trim_start_matches("http://").to_owned();
        let shared = Arc::new(Shared {
            upstream,
            calls: Mutex::default(),
            rule: Mutex::new(Box::new(|_| None)),
            slowness: Mutex::new(Box::new(|_| Duration::ZERO)),
            holding: Mutex::new(holding),
            released: (Mutex::new(false), Condvar::new()),
        });
        let serving = Arc::clone(&shared);
        // It ends with the process of the test.
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&serving);
                thread::spawn(move || shared.serve(&stream));
            }
        });
        Proxy {
            endpoint: format!("http://{address}"),
            shared,
            held,
        }
    }

    /// Lets an environment that knows the account reach it through the proxy.
    #[must_use]
    pub fn known_to(&self, env: TestEnv) -> TestEnv {
        env.variable("AWS_ENDPOINT_URL", &self.endpoint)
    }

    /// Decides from now on what goes wrong with each request.
    pub fn faults(&self, rule: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) {
        *lock(&self.shared.rule) = Box::new(rule);
    }

    /// Lets everything through again.
    pub fn heal(&self) {
        self.faults(|_| None);
    }

    /// Decides from now on how long each request takes.
    pub fn slowness(&self, slowness: impl Fn(&Call) -> Duration + Send + Sync + 'static) {
        *lock(&self.shared.slowness) = Box::new(slowness);
    }

    /// Waits until a request is [`Fault::Held`]; nothing when none is within the time.
    #[must_use]
    pub fn wait_for_held(&self, patience: Duration) -> Option<Call> {
        self.held.recv_timeout(patience).ok()
    }

    /// Cuts the connections of all requests that are held.
    pub fn release(&self) {
        let (released, changed) = &self.shared.released;
        *lock(released) = true;
        changed.notify_all();
    }

    /// Returns all requests so far, in their order, and forgets them; numbers begin at one again.
    #[must_use]
    pub fn take_calls(&self) -> Vec<Call> {
        *lock(&self.shared.released.0) = false;
        std::mem::take(&mut *lock(&self.shared.calls))
    }

    /// Returns how often each operation was asked for since the last [`Proxy::take_calls`].
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for call in &*lock(&self.shared.calls) {
            *counts.entry(call.operation.clone()).or_default() += 1;
        }
        counts
    }
}

impl Shared {
    /// Answers the requests of a connection until either side ends it.
    fn serve(&self, stream: &TcpStream) {
        while let Ok(Some(request)) = http::read_request(stream) {
            if self.answer(stream, &request).is_none() {
                let _ = stream.shutdown(std::net::Shutdown::Both);
                return;
            }
        }
    }

    /// Answers one request; nothing where the connection is to end without.
    fn answer(&self, stream: &TcpStream, request: &Request) -> Option<()> {
        let call = self.note(request);
        let pause = lock(&self.slowness)(&call);
        thread::sleep(pause);
        let fault = lock(&self.rule)(&call);
        let answer = match fault {
            None => http::forward(&self.upstream, request).ok()?,
            Some(Fault::CutBefore) => return None,
            Some(Fault::CutAfter) => {
                let _ = http::forward(&self.upstream, request);
                return None;
            }
            Some(Fault::Held { done }) => {
                if done {
                    let _ = http::forward(&self.upstream, request);
                }
                self.hold(call);
                return None;
            }
            Some(Fault::FailedAfter) => {
                let _ = http::forward(&self.upstream, request);
                answers::refusal(request, 500, "InternalFailure", "It is done, and nobody says so")
            }
            Some(Fault::Throttled) => answers::refusal(request, 400, "Throttling", "Rate exceeded"),
            Some(Fault::Unavailable) => {
                answers::refusal(request, 503, "ServiceUnavailable", "Come back later")
            }
            Some(Fault::Refused(status, code, message)) => answers::refusal(request, status, code, message),
        };
        http::write(stream, &answer).ok()
    }

    fn note(&self, request: &Request) -> Call {
        let operation = operation::of(request);
        let content = blake3::hash(&request.body);
        let mut calls = lock(&self.calls);
        let turn = 1 + calls.iter().filter(|call| call.operation == operation).count();
        let is_same = |call: &&Call| call.operation == operation && call.content == content;
        let repeat = 1 + calls.iter().filter(is_same).count();
        let call = Call {
            number: calls.len() + 1,
            turn,
            repeat,
            operation,
            key: operation::key(request).to_owned(),
            content,
        };
        calls.push(call.clone());
        call
    }

    fn hold(&self, call: Call) {
        let (released, changed) = &self.released;
        let mut is_released = lock(released);
        let _ = lock(&self.holding).send(call);
        while !*is_released {
            is_released = changed.wait(is_released).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
