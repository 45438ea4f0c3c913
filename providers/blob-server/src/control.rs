//! How a server is told its buckets and keys, and asked how it does: one line of JSON each way over a unix socket that only
//! its owner can open. Secrets come this way because a server's files, arguments and environment must not hold any.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use crate::keys::{Opening, Tenants};
use crate::log::chain;
use crate::settings::{Policy, Tenancy};

/// How long a line may be.
const LINE_BYTES_MAX: u64 = 4 << 20;

/// What a server is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// To serve these buckets to these keys and to nobody else.
    Serve(Tenancy),
    /// How it does.
    Status,
}

/// What a server answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Status(Status),
    Refused(String),
}

impl Reply {
    fn into_status(self) -> Result<Status, ControlError> {
        match self {
            Self::Status(status) => Ok(status),
            Self::Refused(why) => Err(ControlError::Refused(why)),
        }
    }
}

/// How a server does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Where it answers S3.
    pub address: SocketAddr,
    /// The buckets that it serves.
    pub buckets: BTreeMap<String, Policy>,
    /// The keys that it knows, with the buckets that each opens.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The bucket that it is opening, if it is. What it was told last is served when that is done.
    #[serde(default)]
    pub opening: Option<Opening>,
}

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody answers at the socket, or not to the end.
    #[error("The server does not answer at its control socket")]
    Silent(#[source] io::Error),
    /// It did not answer in time.
    #[error("The server did not answer within {0:?}")]
    Late(Duration),
    /// It opens a bucket and does not get on with it.
    #[error(
        "The server read none of the files of the bucket `{}` for {patience:?}: it is at {} of {}",
        opening.bucket, opening.done, opening.of
    )]
    Stuck {
        /// How far it is.
        opening: Opening,
        /// How long it was watched.
        patience: Duration,
    },
    /// It refused what it was told.
    #[error("The server refuses: {0}")]
    Refused(String),
}

/// Asks a server.
///
/// # Errors
/// [`ControlError`].
pub async fn ask(socket: &Path, question: &Question, within: Duration) -> Result<Status, ControlError> {
    let asked = tokio::time::timeout(within, exchange(socket, question)).await;
    match asked.map_err(|_| ControlError::Late(within))? {
        Ok(reply) => reply.into_status(),
        Err(error) => Err(ControlError::Silent(error)),
    }
}

/// Tells a server its buckets and keys, and waits as long as it gets on with opening them.
///
/// # Errors
/// [`ControlError`], of which `Late` and `Stuck` come when nothing happened for as long as `patience`.
pub async fn tell(socket: &Path, tenancy: Tenancy, patience: Duration) -> Result<Status, ControlError> {
    let question = Question::Serve(tenancy);
    let mut told = pin!(exchange(socket, &question));
    let mut before = None;
    loop {
        match tokio::time::timeout(patience, &mut told).await {
            Ok(Ok(reply)) => return reply.into_status(),
            Ok(Err(error)) => return Err(ControlError::Silent(error)),
            Err(_) => {}
        }
        let status = ask(socket, &Question::Status, patience).await?;
        if before.as_ref() == Some(&status.opening) {
            return Err(match status.opening {
                Some(opening) => ControlError::Stuck { opening, patience },
                None => ControlError::Late(patience),
            });
        }
        before = Some(status.opening);
    }
}

async fn exchange(socket: &Path, question: &Question) -> io::Result<Reply> {
    let mut stream = UnixStream::connect(socket).await?;
    let mut line = Zeroizing::new(serde_json::to_vec(question)?);
    line.push(b'\n');
    stream.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX))
        .read_line(&mut answer)
        .await?;
    Ok(serde_json::from_str(&answer)?)
}

/// Answers the questions of one connection until it ends.
///
/// # Errors
/// When the connection breaks.
pub async fn serve(stream: UnixStream, tenants: Arc<Tenants>, address: SocketAddr) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    loop {
        let mut line = Zeroizing::new(String::new());
        let read = (&mut reading).take(LINE_BYTES_MAX).read_line(&mut line).await?;
        if read == 0 {
            return Ok(());
        }
        let reply = match serde_json::from_str(&line) {
            Ok(question) => reply(question, &tenants, address).await,
            Err(_) => Reply::Refused("The question is not understood".to_owned()),
        };
        let mut answer = serde_json::to_vec(&reply)?;
        answer.push(b'\n');
        writing.write_all(&answer).await?;
    }
}

async fn reply(question: Question, tenants: &Arc<Tenants>, address: SocketAddr) -> Reply {
    if let Question::Serve(tenancy) = question {
        // The one that asked last is served in the end: whoever waits here is let in by the order of coming.
        let _turn = tenants.turn.lock().await;
        let own = tenants.clone();
        let set = tokio::task::spawn_blocking(move || own.set(tenancy).map_err(|error| chain(&error))).await;
        if let Err(why) = set.unwrap_or_else(|error| Err(error.to_string())) {
            return Reply::Refused(why);
        }
    }
    let buckets = tenants.buckets().into_iter();
    Reply::Status(Status {
        address,
        buckets: buckets.map(|(name, served)| (name, served.policy)).collect(),
        keys: tenants.keys(),
        opening: tenants.opening(),
    })
}

#[cfg(test)]
mod tests {
    use tokio::net::UnixListener;

    use super::*;

    /// Long enough for a busy machine to ask and answer once.
    const PATIENCE: Duration = Duration::from_millis(300);

    fn status(opening: Option<Opening>) -> Status {
        Status {
            address: SocketAddr::from(([127, 0, 0, 1], 1)),
            buckets: BTreeMap::new(),
            keys: BTreeMap::new(),
            opening,
        }
    }

    /// Tells a server that is asked for its status, says these numbers one after the other, and then has opened its bucket.
    async fn tell_one_that_says(done: &[u64], then_opens: bool) -> Result<Status, ControlError> {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("control");
        let listener = UnixListener::bind(&socket).unwrap();
        let answers: Vec<u64> = done.to_vec();
        let server = async {
            let (mut told, _) = listener.accept().await.unwrap();
            for done in answers {
                let opening = Opening {
                    bucket: "data".to_owned(),
                    done,
                    of: 9,
                };
                let (asked, _) = listener.accept().await.unwrap();
                let mut asked = BufReader::new(asked);
                asked.read_line(&mut String::new()).await.unwrap();
                let mut answer = serde_json::to_vec(&Reply::Status(status(Some(opening)))).unwrap();
                answer.push(b'\n');
                asked.write_all(&answer).await.unwrap();
            }
            if then_opens {
                let mut answer = serde_json::to_vec(&Reply::Status(status(None))).unwrap();
                answer.push(b'\n');
                told.write_all(&answer).await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            told = tell(&socket, Tenancy::default(), PATIENCE) => told,
            () = server => unreachable!("it waits for ever"),
        }
    }

    #[tokio::test]
    async fn a_server_may_take_as_long_as_it_gets_on() {
        let told = tell_one_that_says(&[1, 2, 3, 8], true).await.unwrap();
        assert_eq!(told, status(None));
    }

    #[tokio::test]
    async fn a_server_that_does_not_get_on_is_given_up() {
        let told = tell_one_that_says(&[1, 2, 2], false).await.unwrap_err();
        assert!(
            matches!(
                told,
                ControlError::Stuck {
                    opening: Opening { done: 2, .. },
                    ..
                }
            ),
            "{told}"
        );
    }
}
