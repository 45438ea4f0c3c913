//! A connection, and the transactions on it.
//!
//! Everything is sent as statements without a name, so that a pooler between us and the server may change servers
//! between transactions; and every setting is one of a transaction, for the same reason.

use std::pin::pin;
use std::time::Duration;

use futures::TryStreamExt as _;
use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::stores::postgres::address::Address;
use crate::stores::postgres::failure::Failure;
use crate::stores::postgres::tls;

/// A parameter of a statement with its type.
pub(super) type Parameter<'a> = (&'a (dyn ToSql + Sync), Type);

/// A connection on which transactions run one after the other. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    client: Client,
    address: Address,
    attempt: &'static str,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One consistent view of several tables, on which nobody waits.
    Read,
    /// A change, durable once it is committed.
    Write,
}

impl Purpose {
    /// The word of errors.
    pub(super) fn attempt(self) -> &'static str {
        match self {
            Purpose::Read => "read",
            Purpose::Write => "written",
        }
    }
}

/// How long the server may take for one answer: longer than it waits for a lock. Who accepts connections and says
/// nothing, like a proxy before a server that is frozen, is given up then.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Connects to the server. The time that the URL allows for it is meant for all of it, the greeting too.
pub(super) async fn connect(address: &Address) -> Result<Connection, Failure> {
    let connector = tls::connector(&address.trust).map_err(|why| Failure::lasting("opened", address, why))?;
    let connecting = async {
        match connector {
            None => plain(&address.config).await,
            Some(connector) => encrypted(&address.config, connector).await,
        }
    };
    let hosts = u32::try_from(address.config.get_hosts().len())
        .unwrap_or(1)
        .max(1);
    let within = address
        .config
        .get_connect_timeout()
        .copied()
        .unwrap_or(ANSWER_WITHIN)
        * hosts;
    let connected = timeout(within, connecting).await;
    let connected = connected.map_err(|_| Failure::silent("opened", address, within))?;
    Ok(Connection {
        client: connected.map_err(Failure::on("opened", address))?,
        address: address.clone(),
        attempt: "opened",
    })
}

async fn plain(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn encrypted(config: &Config, connector: MakeRustlsConnect) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(connector).await?;
    tokio::spawn(connection);
    Ok(client)
}

impl Connection {
    /// Begins a transaction.
    ///
    /// Whoever stands still in the middle of a change blocks the next writer for ten seconds: less than a lease, and more
    /// than any pause between our messages. A lock is waited for a little longer than that, see `locking::evict`.
    /// Settings of the server that would let a change be lost with its power are not followed.
    pub(super) async fn begin(&mut self, purpose: Purpose) -> Result<(), Failure> {
        self.attempt = purpose.attempt();
        let kind = match purpose {
            Purpose::Read => "isolation level repeatable read read only",
            Purpose::Write => "isolation level read committed read write",
        };
        let schema = identifier(&self.address.schema);
        self.run(&format!(
            "begin {kind};
            set local search_path to {schema}, pg_temp;
            set local statement_timeout to 0;
            set local lock_timeout to '12s';
            set local idle_in_transaction_session_timeout to '10s';
            select set_config('synchronous_commit', 'on', true)
            where current_setting('synchronous_commit') in ('off', 'local')"
        ))
        .await
    }

    /// Ends a transaction in which nothing was written.
    pub(super) async fn roll_back(&self) -> Result<(), Failure> {
        self.run("rollback").await
    }

    /// Commits. An error says nothing of whether it was done, so it is always worth another look.
    pub(super) async fn commit(&self) -> Result<(), Failure> {
        self.run("commit").await.map_err(Failure::passing)
    }

    /// Runs statements without parameters.
    pub(super) async fn run(&self, statements: &str) -> Result<(), Failure> {
        self.answered(self.client.batch_execute(statements)).await
    }

    /// Returns the rows of a query. Queries that are awaited together are sent together.
    pub(super) async fn rows(&self, query: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>, Failure> {
        self.answered(self.client.query_typed(query, parameters)).await
    }

    /// Returns the one row of a query, if it has one.
    pub(super) async fn row(
        &self,
        query: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, Failure> {
        Ok(self.rows(query, parameters).await?.into_iter().next())
    }

    /// Visits the rows of a query one by one as they come.
    pub(super) async fn each(
        &self,
        query: &str,
        parameters: &[Parameter<'_>],
        mut visit: impl FnMut(&Row) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let parameters = parameters.iter().map(|(value, kind)| (*value, kind.clone()));
        let rows = self
            .answered(self.client.query_typed_raw(query, parameters))
            .await;
        let mut rows = pin!(rows?);
        while let Some(row) = self.answered(rows.try_next()).await? {
            visit(&row)?;
        }
        Ok(())
    }

    /// Runs a statement that has no rows.
    pub(super) async fn execute(
        &self,
        statement: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, Failure> {
        self.answered(self.client.execute_typed(statement, parameters))
            .await
    }

    /// Waits for an answer as long as the server may take.
    async fn answered<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        match timeout(ANSWER_WITHIN, answer).await {
            Ok(answered) => answered.map_err(|error| self.failure(&error)),
            Err(_) => Err(Failure::silent(self.attempt, &self.address, ANSWER_WITHIN)),
        }
    }

    fn failure(&self, error: &tokio_postgres::Error) -> Failure {
        Failure::of(self.attempt, &self.address, error)
    }
}

/// Quotes an SQL identifier.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
