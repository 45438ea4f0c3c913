//! Talks to a server at its socket, as the engine's own user.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use infra_model::sealing::Secret;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ErrorKind, FromRedisValue, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, ServerErrorKind,
};
use thiserror::Error;

use super::access::ENGINE_USER;

/// How long one command may take; a server that forks with much memory may stand still for a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Where a server answers, and the engine's password there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its socket.
    pub socket: PathBuf,
    /// The password of the engine's own user.
    pub password: Secret,
}

/// An open connection; it is closed when the last clone is dropped.
#[derive(Clone)]
pub struct Session {
    connection: MultiplexedConnection,
    socket: PathBuf,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("socket", &self.socket).finish()
    }
}

/// Why a server cannot be asked, or what it answered instead.
#[derive(Debug, Error)]
pub enum SessionError {
    /// The connection was refused, broke, or is silent.
    #[error("No answer from `{}`", .socket.display())]
    Unreachable {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: RedisError,
    },
    /// It reads its data and answers nothing else until it has done so.
    #[error("The server at `{}` still reads its data", .socket.display())]
    Loading {
        /// The socket.
        socket: PathBuf,
    },
    /// It refused a command; the command itself is never quoted.
    #[error("The server cannot {action}: {message}")]
    Refused {
        /// What was tried, as a verb with its object.
        action: &'static str,
        /// What the server said.
        message: String,
        /// The first word of that, in capitals.
        code: Option<String>,
    },
}

/// Connects to a server.
///
/// # Errors
/// [`SessionError`] when nothing listens, it does not answer in time, or it does not know the engine.
pub async fn connect(endpoint: &Endpoint, within: Duration) -> Result<Session, SessionError> {
    let socket = endpoint.socket.clone();
    let failed = |error| classify("let the engine in", &endpoint.socket, error);
    let user = RedisConnectionInfo::default()
        .set_username(ENGINE_USER)
        .set_password(endpoint.password.expose())
        .set_skip_set_lib_name();
    let address = ConnectionAddr::Unix(socket.clone()).into_connection_info();
    let client = Client::open(address.map_err(failed)?.set_redis_settings(user)).map_err(failed)?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(within))
        .set_response_timeout(Some(ANSWER_WITHIN));
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    Ok(Session {
        connection: connection.await.map_err(failed)?,
        socket,
    })
}

impl Session {
    /// Runs a command and returns what it answers.
    ///
    /// # Errors
    /// [`SessionError`] with what the server said.
    pub async fn ask<T: FromRedisValue>(
        &self,
        action: &'static str,
        command: &Cmd,
    ) -> Result<T, SessionError> {
        let mut connection = self.connection.clone();
        let answer = command.query_async(&mut connection).await;
        answer.map_err(|error| classify(action, &self.socket, error))
    }

    /// Runs a command of these words whose answer says nothing.
    ///
    /// # Errors
    /// [`SessionError`] with what the server said.
    pub async fn run(&self, action: &'static str, words: &[&str]) -> Result<(), SessionError> {
        self.ask(action, &command(words)).await
    }

    /// Returns one section of what a server says of itself.
    ///
    /// # Errors
    /// [`SessionError`] when it does not.
    pub async fn info(&self, section: &str) -> Result<Info, SessionError> {
        let asked = command(&["INFO", section]);
        let text: String = self.ask("describe itself", &asked).await?;
        Ok(Info::of(text))
    }
}

/// Returns a command of these words.
#[must_use]
pub fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    for word in words {
        command.arg(*word);
    }
    command
}

/// What a server says of itself: lines of `name:value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    text: String,
}

impl Info {
    /// Returns what a server said, from its text.
    #[must_use]
    pub fn of(text: impl Into<String>) -> Self {
        Info { text: text.into() }
    }

    /// Returns a value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim_end)
    }
}

fn classify(action: &'static str, socket: &Path, error: RedisError) -> SessionError {
    let socket = socket.to_owned();
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::BusyLoading) => SessionError::Loading { socket },
        _ if error.is_io_error() || error.is_timeout() || error.is_connection_dropped() => {
            SessionError::Unreachable {
                socket,
                source: error,
            }
        }
        _ => SessionError::Refused {
            action,
            message: error.detail().map_or_else(|| error.to_string(), str::to_owned),
            code: error.code().map(str::to_owned),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_of_itself_is_found_by_its_whole_name() {
        let text = "# Persistence\r\naof_enabled:1\r\naof_enabled_since:7\r\nrdb_bgsave:0\r\n";
        let info = Info::of(text);
        assert_eq!(info.get("aof_enabled"), Some("1"));
        assert_eq!(info.get("aof"), None);
    }

    #[tokio::test]
    async fn nobody_at_the_socket_is_told_with_its_path() {
        let endpoint = Endpoint {
            socket: "/nonexistent/redis.sock".into(),
            password: Secret::new("hidden"),
        };
        let error = connect(&endpoint, Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(error, SessionError::Unreachable { .. }), "{error:?}");
        assert_eq!(error.to_string(), "No answer from `/nonexistent/redis.sock`");
        assert!(!format!("{endpoint:?} {error:?}").contains("hidden"));
    }
}
