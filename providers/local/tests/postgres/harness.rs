//! A folder of its own for each test, with servers that are gone when it ends.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::PathBuf;

use provider_local::host::launch::Place;
use provider_local::host::programs::Programs;
use provider_local::postgres::configuration::{Configuration, ServerFiles, Upstream};
use provider_local::postgres::connection::{Endpoint, Session};
use provider_local::postgres::installation::{SearchPath, locate};
use provider_local::postgres::server::{self, Server};
use provider_local::postgres::tools::{Tools, assemble};

/// The version that every test runs.
pub(crate) const MAJOR: u16 = 16;

/// A scratch environment. Dropping it kills what still runs there.
#[derive(Debug)]
pub(crate) struct Scratch {
    pub(crate) tools: Tools,
    pub(crate) root: tempfile::TempDir,
}

/// Returns a scratch environment, or `None` with a line that says why when no server is installed.
pub(crate) async fn scratch() -> Option<Scratch> {
    let installation = match locate(&SearchPath::with_servers(servers_folder()), MAJOR).await {
        Ok(installation) => installation,
        Err(error) => {
            println!("skipped: {error}");
            return None;
        }
    };
    let tools = assemble(installation, Programs::default()).await.unwrap();
    Some(Scratch {
        tools,
        root: tempfile::Builder::new().prefix("pg").tempdir().unwrap(),
    })
}

/// The folder into which `scripts/install-servers` installs.
pub(crate) fn servers_folder() -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no command line to be told by"
    )]
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    variable("INFRA_SERVERS").unwrap_or_else(|| {
        let data = variable("XDG_DATA_HOME");
        let data = data.unwrap_or_else(|| variable("HOME").unwrap_or_default().join(".local/share"));
        data.join("infra/servers")
    })
}

/// Templates are kept from run to run, as for a user.
pub(crate) fn templates() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("postgres-templates")
}

/// A port that nobody listens on right now.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

impl Scratch {
    /// A primary that listens on a free port of the loopback address.
    pub(crate) fn primary(&self, name: &str) -> Server {
        let root = self.root.path();
        Server {
            configuration: Configuration {
                name: name.to_owned(),
                files: ServerFiles {
                    folder: root.join(name),
                    sockets: root.join("run").join(name),
                    archive: root.join("archive"),
                },
                listen: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
                port: free_port(),
                parameters: BTreeMap::from([("shared_buffers".to_owned(), "16MB".to_owned())]),
                tls: None,
                upstream: None,
                peer: self.tools.peers.on_host.clone(),
                archive_days: 7,
            },
            major: MAJOR,
            cluster: "cluster-1".to_owned(),
            owner: format!(
                "test t1 postgres.main/local.postgres.server.{name}-{}",
                root.display()
            ),
            place: Place::Host,
        }
    }

    /// A replica of a primary.
    pub(crate) fn replica(&self, name: &str, primary: &Server) -> Server {
        let mut replica = self.primary(name);
        replica.configuration.upstream = Some(Upstream {
            sockets: primary.configuration.files.sockets.clone(),
            port: primary.configuration.port,
            slot: format!("infra_{name}"),
        });
        replica
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let folder = self.root.path().canonicalize().unwrap();
        for process in provider_local::host::process::find::working_under(&folder).unwrap() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(process.pid).unwrap()).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Connects to the database `postgres` of a server.
pub(crate) async fn session(server: &Server) -> Session {
    server::session(&server.endpoint(), "postgres").await.unwrap()
}

/// Returns the first column of the first row as text.
pub(crate) async fn value(session: &Session, query: &str) -> String {
    let row = session
        .client
        .query_one(&format!("select ({query})::text"), &[])
        .await
        .unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

/// Waits until a query gives an answer.
pub(crate) async fn until(session: &Session, query: &str, wanted: &str) {
    let wait = async {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(10));
        while value(session, query).await != wanted {
            pace.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait)
        .await
        .expect(query);
}

/// Who logs in where, with a password.
pub(crate) struct LogIn<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) database: &'a str,
    pub(crate) role: &'a str,
    pub(crate) password: &'a str,
}

/// Logs in as an application would.
pub(crate) async fn log_in(request: &LogIn<'_>) -> Result<tokio_postgres::Client, String> {
    let mut config = tokio_postgres::Config::new();
    config
        .host_path(&request.endpoint.sockets)
        .port(request.endpoint.port)
        .user(request.role)
        .password(request.password)
        .dbname(request.database);
    let (client, connection) =
        config
            .connect(tokio_postgres::NoTls)
            .await
            .map_err(|error| match error.as_db_error() {
                Some(answer) => answer.message().to_owned(),
                None => error.to_string(),
            })?;
    tokio::spawn(connection);
    Ok(client)
}
