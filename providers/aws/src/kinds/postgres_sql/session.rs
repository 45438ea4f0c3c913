//! A session with a server, and what its refusals mean.

use std::error::Error;

use infra_provider::error::{Effect, ErrorKind, ProviderError};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row};

use super::tls::{self, Authorities};

/// What to do about a server that cannot be reached.
const REACH: &str = "A machine inside of the network reaches it: run infra there, or set `sql = \"afterwards\"` in the component's block \
                     `aws` and run the script of: infra export sql ENVIRONMENT";

/// An open session; it is closed when the value is dropped.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
}

/// Opens a session.
pub(super) async fn open(config: &Config, authorities: &Authorities<'_>) -> Result<Session, ProviderError> {
    let operation = "connect to PostgreSQL";
    let connector = tls::connector(authorities)?;
    let (client, connection) = config
        .connect(connector)
        .await
        .map_err(|error| of_connecting(operation, authorities, error))?;
    tokio::spawn(async move {
        // A broken connection is reported by the statement that meets it.
        let _ = connection.await;
    });
    Ok(Session { client })
}

impl Session {
    /// Runs statements of one transaction.
    pub(super) async fn run(&self, operation: &str, statements: &str) -> Result<(), ProviderError> {
        let ran = self.client.batch_execute(statements).await;
        ran.map_err(|error| refused(operation, error))
    }

    /// Returns the rows of a query that changes nothing.
    pub(super) async fn rows(
        &self,
        query: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, ProviderError> {
        let rows = self.client.query(query, parameters).await;
        rows.map_err(|error| ProviderError {
            effect: Effect::None,
            ..refused("look at PostgreSQL", error)
        })
    }
}

fn of_connecting(
    operation: &str,
    authorities: &Authorities<'_>,
    error: tokio_postgres::Error,
) -> ProviderError {
    if error.code().is_some() {
        return refused(operation, error);
    }
    let (kind, hint) = if is_distrust(&error) {
        (ErrorKind::Environment, authorities.hint())
    } else {
        (ErrorKind::Unavailable, REACH.to_owned())
    };
    let message = innermost(&error);
    ProviderError::rejected(kind, operation, message)
        .hint(hint)
        .caused_by(error)
}

/// Tells whether the server was reached and not believed.
fn is_distrust(error: &(dyn Error + 'static)) -> bool {
    let inner = error
        .downcast_ref::<std::io::Error>()
        .and_then(|error| error.get_ref());
    let is_tls = error.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>());
    is_tls || error.source().is_some_and(is_distrust)
}

/// What the server says; the statement itself, which may hold a verifier, is never quoted.
fn refused(operation: &str, error: tokio_postgres::Error) -> ProviderError {
    let Some(answer) = error.as_db_error() else {
        let message = innermost(&error);
        return ProviderError::unknown(ErrorKind::Unavailable, operation, message).caused_by(error);
    };
    let message = answer.message().to_owned();
    ProviderError {
        code: Some(answer.code().code().to_owned()),
        ..ProviderError::rejected(kind_of(answer.code()), operation, message)
    }
}

fn kind_of(code: &SqlState) -> ErrorKind {
    match code.code() {
        "42501" => ErrorKind::Denied,
        "55006" | "55P03" | "40001" | "40P01" => ErrorKind::Busy,
        "42P04" | "42710" => ErrorKind::AlreadyExists,
        code => match code.get(..2) {
            Some("28") => ErrorKind::Denied,
            Some("08" | "53" | "57") => ErrorKind::Unavailable,
            _ => ErrorKind::Invalid,
        },
    }
}

fn innermost(error: &tokio_postgres::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
