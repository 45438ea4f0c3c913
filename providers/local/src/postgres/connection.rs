//! Connects to a server's or pooler's unix socket, as one of the identities that need no password.

use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::{Client, Config, NoTls};

/// Where a server or pooler answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The directory of its unix socket.
    pub sockets: PathBuf,
    /// Its port, which names the socket.
    pub port: u16,
}

/// What to connect to, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct ConnectRequest<'a> {
    /// Where.
    pub endpoint: &'a Endpoint,
    /// The database.
    pub database: &'a str,
    /// The role.
    pub role: &'a str,
    /// How long it may take.
    pub within: Duration,
}

/// An open connection; it is closed when the value is dropped.
#[derive(Debug)]
pub struct Session {
    /// Sends statements.
    pub client: Client,
}

/// Why a server cannot be asked, or what it answered instead.
#[derive(Debug, Error)]
pub enum ConnectionError {
    /// There was no answer in time.
    #[error("No answer from `{}` within {waited:?}", .endpoint.display())]
    Late {
        /// The directory of the socket.
        endpoint: PathBuf,
        /// How long we waited.
        waited: Duration,
    },
    /// The connection was refused or broke.
    #[error("Cannot connect to `{}`", .endpoint.display())]
    Refused {
        /// The directory of the socket.
        endpoint: PathBuf,
        /// Why.
        source: tokio_postgres::Error,
    },
    /// The server refused a statement.
    #[error("The server cannot {action}: {message}")]
    Statement {
        /// What was tried, as a verb with its object.
        action: &'static str,
        /// What the server said.
        message: String,
        /// Its error code, if it answered at all.
        code: Option<String>,
    },
}

impl ConnectionError {
    /// Tells whether the connection, and not the statement, was the problem.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Late { .. } | Self::Refused { .. } => true,
            Self::Statement { code, .. } => code.is_none(),
        }
    }
}

/// Connects to a server.
///
/// # Errors
/// [`ConnectionError`] when nothing listens, or it does not answer in time.
pub async fn connect(request: ConnectRequest<'_>) -> Result<Session, ConnectionError> {
    let endpoint = || request.endpoint.sockets.clone();
    let mut config = Config::new();
    config
        .host_path(&request.endpoint.sockets)
        .port(request.endpoint.port)
        .user(request.role)
        .dbname(request.database)
        .application_name("infra");
    let connecting = tokio::time::timeout(request.within, config.connect(NoTls)).await;
    let connected = connecting.map_err(|_| ConnectionError::Late {
        endpoint: endpoint(),
        waited: request.within,
    })?;
    let (client, connection) = connected.map_err(|source| ConnectionError::Refused {
        endpoint: endpoint(),
        source,
    })?;
    // Ends by itself, with a word of farewell to the server, when the client is dropped.
    tokio::spawn(async move {
        // A broken connection is reported by the statement that meets it.
        let _ = connection.await;
    });
    Ok(Session { client })
}

impl Session {
    /// Runs statements without parameters and ignores what they return.
    ///
    /// # Errors
    /// [`ConnectionError::Statement`] with what the server said; the statement itself is never quoted.
    pub async fn run(&self, action: &'static str, statements: &str) -> Result<(), ConnectionError> {
        self.client
            .batch_execute(statements)
            .await
            .map_err(|error| statement_error(action, &error))
    }

    /// Runs a query and returns its rows.
    ///
    /// # Errors
    /// [`ConnectionError::Statement`] with what the server said; the statement itself is never quoted.
    pub async fn rows(
        &self,
        action: &'static str,
        query: &str,
        parameters: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, ConnectionError> {
        self.client
            .query(query, parameters)
            .await
            .map_err(|error| statement_error(action, &error))
    }
}

/// The library's own message says little; what the server or the system said is behind it.
fn statement_error(action: &'static str, error: &tokio_postgres::Error) -> ConnectionError {
    let message = match (error.as_db_error(), error.source()) {
        (Some(answer), _) => answer.message().to_owned(),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.to_string(),
    };
    ConnectionError::Statement {
        action,
        message,
        code: error.code().map(|code| code.code().to_owned()),
    }
}
