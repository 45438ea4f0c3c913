//! A proxy between a store and its server that cuts the connection, or stops carrying, after a given message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Who sends the message after which the connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    Store,
    Server,
}

/// A proxy in front of a server. It ends with the test.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shears: Arc<Shears>,
}

#[derive(Debug)]
struct Shears {
    /// How many messages still pass; negative when nothing is to be cut.
    of_store: AtomicI64,
    of_server: AtomicI64,
    cut: AtomicBool,
    /// Whether the cut closes the door.
    closes_door: AtomicBool,
    /// Permits to connect: each connection takes one.
    door: Semaphore,
    /// Whether messages are held back instead, and permits to go on.
    holds: AtomicBool,
    going_on: Semaphore,
}

/// As good as no limit.
const MANY: usize = 1 << 20;

impl Proxy {
    /// Listens on a free port before a server's.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let shears = Arc::new(Shears {
            of_store: AtomicI64::new(-1),
            of_server: AtomicI64::new(-1),
            cut: AtomicBool::new(false),
            closes_door: AtomicBool::new(false),
            door: Semaphore::new(MANY),
            holds: AtomicBool::new(false),
            going_on: Semaphore::new(0),
        });
        let proxy = Proxy {
            port: listener.local_addr().unwrap().port(),
            shears: shears.clone(),
        };
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, port, shears.clone()));
            }
        });
        proxy
    }

    /// Lets so many more messages of one side pass, then cuts the connection, once.
    pub(crate) fn cut_after(&self, sender: Sender, messages: i64) {
        self.shears.cut.store(false, Ordering::SeqCst);
        self.shears.of(sender).store(messages, Ordering::SeqCst);
    }

    /// Tells whether the connection was cut; if not, it will not be any more.
    pub(crate) fn was_cut(&self) -> bool {
        self.shears.of_store.store(-1, Ordering::SeqCst);
        self.shears.of_server.store(-1, Ordering::SeqCst);
        self.shears.cut.load(Ordering::SeqCst)
    }

    /// Does that, and keeps new connections waiting from the cut on.
    pub(crate) fn cut_off_after(&self, sender: Sender, messages: i64) {
        self.shears.closes_door.store(true, Ordering::SeqCst);
        self.cut_after(sender, messages);
    }

    /// Lets so many more messages of one side pass, and holds the next ones back until told to go on.
    pub(crate) fn hold_after(&self, sender: Sender, messages: i64) {
        self.shears.holds.store(true, Ordering::SeqCst);
        self.cut_after(sender, messages);
    }

    /// Carries what was held back.
    pub(crate) fn go_on(&self) {
        self.shears.holds.store(false, Ordering::SeqCst);
        self.shears.going_on.add_permits(1);
    }

    /// Lets new connections through again.
    pub(crate) fn open_door(&self) {
        self.shears.closes_door.store(false, Ordering::SeqCst);
        if self.shears.door.available_permits() == 0 {
            self.shears.door.add_permits(MANY);
        }
    }

    /// Waits until the connection is cut, or the first message is held back.
    pub(crate) async fn cut(&self) {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(1));
        while !self.shears.cut.load(Ordering::SeqCst) {
            pace.tick().await;
        }
    }
}

impl Shears {
    fn of(&self, sender: Sender) -> &AtomicI64 {
        match sender {
            Sender::Store => &self.of_store,
            Sender::Server => &self.of_server,
        }
    }

    /// Counts a message that passed; says whether it was the last.
    fn count(&self, sender: Sender) -> bool {
        let left = self.of(sender);
        let is_last = left.load(Ordering::SeqCst) == 1;
        if left.load(Ordering::SeqCst) > 0 {
            left.fetch_sub(1, Ordering::SeqCst);
        }
        if is_last {
            left.store(-1, Ordering::SeqCst);
            if self.closes_door.load(Ordering::SeqCst) {
                self.door.forget_permits(MANY);
            }
            self.cut.store(true, Ordering::SeqCst);
        }
        is_last
    }
}

async fn carry(client: TcpStream, port: u16, shears: Arc<Shears>) {
    let permit = shears.door.acquire().await.unwrap();
    let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    permit.forget();
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // When either side ends, both connections are dropped.
    tokio::select! {
        () = pass(Sender::Store, from_client, to_server, &shears) => {}
        () = pass(Sender::Server, from_server, to_client, &shears) => {}
    }
}

/// Passes messages on, each as a whole, until the last one.
async fn pass(sender: Sender, mut from: OwnedReadHalf, mut to: OwnedWriteHalf, shears: &Shears) {
    // The store's first message, and only that one, has no letter before its length.
    let mut has_letter = sender == Sender::Server;
    loop {
        let mut message = vec![0; if has_letter { 5 } else { 4 }];
        if from.read_exact(&mut message).await.is_err() {
            return;
        }
        let length = message
            .last_chunk::<4>()
            .map(|bytes| u32::from_be_bytes(*bytes))
            .unwrap();
        let begun = message.len();
        message.resize(begun - 4 + length as usize, 0);
        if from.read_exact(&mut message[begun..]).await.is_err() || to.write_all(&message).await.is_err() {
            return;
        }
        has_letter = true;
        if shears.count(sender) {
            if !shears.holds.load(Ordering::SeqCst) {
                return;
            }
            shears.going_on.acquire().await.unwrap().forget();
        }
    }
}
