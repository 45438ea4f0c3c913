//! How a server is told its buckets and keys, and asked how it does: one line of JSON each way over a unix socket that only
//! its owner can open. Secrets come this way because a server's files, arguments and environment must not hold any.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use crate::keys::Tenants;
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

/// How a server does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Where it answers S3.
    pub address: SocketAddr,
    /// The buckets that it serves.
    pub buckets: BTreeMap<String, Policy>,
    /// The keys that it knows, with the buckets that each opens.
    pub keys: BTreeMap<String, Vec<String>>,
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
        Ok(Reply::Status(status)) => Ok(status),
        Ok(Reply::Refused(why)) => Err(ControlError::Refused(why)),
        Err(error) => Err(ControlError::Silent(error)),
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
    })
}

}
