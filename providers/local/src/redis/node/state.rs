//! How a server does, as seen from outside and from its own answers.

use std::path::Path;
use std::time::Duration;

use super::NodeError;
use super::stop::find_running;
use crate::host::process;
use crate::network::error::NetworkError;
use crate::network::segment::holds;
use crate::network::site::Site;
use crate::postgres::marker::{self, MarkerError};
use crate::redis::kind::RUNNING;
use crate::redis::session::{Endpoint, Session, SessionError, connect};
use crate::redis::tls::{Wanted, astray, shown};

/// How long a server may take to answer when it is only looked at; a healthy one needs a millisecond.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How often it is asked until then: it may just be starting, or ending.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How a server does.
#[derive(Debug)]
pub enum State {
    /// It answers.
    Answers(Session),
    /// It answers us at its socket, but others reach it in another way than they should: what is wrong with that.
    Astray(&'static str),
    /// Its process is gone.
    Stopped,
    /// Its process runs, but in a network that is not its segment's any more.
    CutOff,
    /// Its process runs, but its folder was moved away under it, and its files name the old one.
    Moved,
    /// Its process runs and reads its data.
    Loading,
    /// Its process runs but does not answer, or does not let us in.
    Unresponsive,
}

impl State {
    /// Returns what `status` says of it.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Answers(_) => RUNNING,
            Self::Astray(fault) => fault,
            Self::Stopped => "stopped",
            Self::CutOff => "cut off from its segment",
            Self::Moved => "running from a folder that was moved",
            Self::Loading => "reading its data",
            Self::Unresponsive => "unresponsive",
        }
    }
}

/// A server to look at.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// Its own folder.
    pub folder: &'a Path,
    /// The folder that has its marker.
    pub home: &'a Path,
    /// Where it answers.
    pub endpoint: &'a Endpoint,
    /// The networks.
    pub network: &'a Site,
    /// The segment in which it should be.
    pub segment: Option<&'a str>,
    /// How it should be reached there.
    pub wanted: Wanted,
}

/// Why a server cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Its process or its answer cannot be looked at.
    #[error(transparent)]
    Node(#[from] NodeError),
    /// Its segment cannot be looked at.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Its marker cannot be read.
    #[error(transparent)]
    Marker(#[from] MarkerError),
}

/// Looks how a server does.
///
/// # Errors
/// [`LookError`] when its process, its segment or its marker cannot be looked at.
pub async fn state(look: &Look<'_>) -> Result<State, LookError> {
    let Some(running) = find_running(look.folder).map_err(NodeError::from)? else {
        return Ok(State::Stopped);
    };
    if let Some(segment) = look.segment
        && !holds(look.network, segment, running.pid)?
    {
        return Ok(State::CutOff);
    }
    if marker::has_moved(look.home)? {
        return Ok(State::Moved);
    }
    let answer = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            match ask(look).await {
                Ok(state) => return Ok(state),
                Err(SessionError::Refused { .. }) => return Ok(State::Unresponsive),
                Err(SessionError::Loading { .. }) => return Ok(State::Loading),
                Err(SessionError::Unreachable { .. }) => {}
            }
            // A process that was killed is there for some moments more.
            if !process::is_alive(&running).map_err(NodeError::from)? {
                return Ok(State::Stopped);
            }
        }
    };
    tokio::time::timeout(ANSWER_WITHIN, answer)
        .await
        .unwrap_or(Ok(State::Unresponsive))
}

async fn ask(look: &Look<'_>) -> Result<State, SessionError> {
    let session = connect(look.endpoint, ANSWER_WITHIN).await?;
    session.run("answer", &["PING"]).await?;
    let fault = astray(&shown(&session).await?, look.wanted);
    Ok(fault.map_or(State::Answers(session), State::Astray))
}
