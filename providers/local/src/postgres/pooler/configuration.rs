//! Writes PgBouncer's configuration file as text.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::{PoolerInstallation, lookup};
use crate::postgres::configuration::{CertificateFiles, POOLER_ROLE};
use crate::postgres::connection::Endpoint;
use crate::postgres::database::BUILT_IN;
use crate::postgres::password;

/// The file's name in the pooler's folder.
pub const FILE: &str = "pgbouncer.ini";
/// The setting that names the one database in which all verifiers are looked up.
const LOOKUP_DATABASE: &str = "auth_dbname";
/// Prepared statements that are remembered per server connection.
const PREPARED_STATEMENTS_MAX: u32 = 200;

/// What decides a pooler's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolerConfiguration {
    /// The pooler's own folder.
    pub folder: PathBuf,
    /// The directory of its unix socket, with a short path.
    pub sockets: PathBuf,
    /// Addresses to listen on, beside the unix socket.
    pub listen: Vec<IpAddr>,
    /// The port, which also names the unix socket.
    pub port: u16,
    /// The server behind it.
    pub upstream: Endpoint,
    /// When a server connection returns to the pool.
    pub mode: Mode,
    /// Server connections per database and user.
    pub size: u32,
    /// Client connections at most.
    pub clients_max: u32,
    /// Certificate and key for clients, if they are offered TLS.
    pub tls: Option<CertificateFiles>,
}

impl PoolerConfiguration {
    /// Returns where it answers.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            sockets: self.sockets.clone(),
            port: self.port,
        }
    }

    /// Returns its log file.
    pub fn log(&self) -> PathBuf {
        self.folder.join("pooler.log")
    }

    /// Returns the file with the one user whom the pooler does not look up.
    pub fn users_file(&self) -> PathBuf {
        self.folder.join("users.txt")
    }

    /// Returns its configuration file.
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }
}

/// When a server connection returns to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When the client leaves.
    Session,
    /// After each transaction.
    Transaction,
    /// After each statement.
    Statement,
}

impl Mode {
    /// Returns the mode as stacks and PgBouncer write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Transaction => "transaction",
            Self::Statement => "statement",
        }
    }

    /// Returns the mode of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Session, Self::Transaction, Self::Statement]
            .into_iter()
            .find(|mode| mode.name() == name)
    }
}

/// Returns the configuration file.
pub fn render(configuration: &PoolerConfiguration, installation: &PoolerInstallation) -> String {
    let mut text = format!(
        "; Written by infra; changes made here are overwritten.\n[databases]\n{}\n\n[pgbouncer]\n",
        upstream_line(&configuration.upstream),
    );
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} = {value}");
    };
    let listen: Vec<String> = configuration.listen.iter().map(IpAddr::to_string).collect();
    set("listen_addr", &listen.join(","));
    set("listen_port", &configuration.port.to_string());
    set("unix_socket_dir", &configuration.sockets.to_string_lossy());
    set("unix_socket_mode", "0700");
    text += &pooling(&Pooling {
        users_file: &configuration.users_file(),
        installation,
        mode: configuration.mode,
        size: configuration.size,
        clients_max: configuration.clients_max,
    });
    if let Some(tls) = &configuration.tls {
        let (certificate, key) = (&tls.certificate.display(), &tls.key.display());
        let _ = write!(
            text,
            "client_tls_sslmode = allow\nclient_tls_cert_file = {certificate}\nclient_tls_key_file = {key}\n"
        );
    }
    text + QUIET
}

/// What a pooler does wherever it runs.
#[derive(Debug, Clone, Copy)]
pub struct Pooling<'a> {
    /// The file with the one user whom it does not look up.
    pub users_file: &'a Path,
    /// The program.
    pub installation: &'a PoolerInstallation,
    /// When a server connection returns to the pool.
    pub mode: Mode,
    /// Server connections per database and user.
    pub size: u32,
    /// Client connections at most.
    pub clients_max: u32,
}

/// The lines with which it writes no line for each connection.
pub const QUIET: &str = "log_connections = 0\nlog_disconnections = 0\n";

/// Returns the lines that say who may log in and how connections are shared.
pub fn pooling(pooling: &Pooling<'_>) -> String {
    let mut text = String::new();
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} = {value}");
    };
    let installation = pooling.installation;
    set("auth_type", "scram-sha-256");
    set("auth_user", POOLER_ROLE);
    set("auth_file", &pooling.users_file.to_string_lossy());
    set("auth_query", &lookup::query());
    if installation.has_one_lookup_database() {
        set(LOOKUP_DATABASE, BUILT_IN);
    }
    set("pool_mode", effective_mode(pooling.mode, installation).name());
    set("default_pool_size", &pooling.size.to_string());
    set("max_client_conn", &pooling.clients_max.to_string());
    if installation.keeps_prepared_statements() {
        set("max_prepared_statements", &PREPARED_STATEMENTS_MAX.to_string());
    }
    // Drivers for Java send it at every start; PostgreSQL's own default does for all.
    set("ignore_startup_parameters", "extra_float_digits");
    text
}

/// Returns the file with the one user whom the pooler does not look up: the role as which it looks up the others.
///
/// Without an entry PgBouncer takes the role's password to be empty, and anybody could log in as it. The entry is the
/// verifier of a password that nobody knows; at the server the pooler needs none.
pub fn render_users(unknown_password: &str) -> String {
    format!("\"{POOLER_ROLE}\" \"{}\"\n", password::verifier(unknown_password))
}

/// Returns the mode that the installed version can do: an old one breaks prepared statements unless sessions are kept.
pub fn effective_mode(mode: Mode, installation: &PoolerInstallation) -> Mode {
    if installation.keeps_prepared_statements() {
        mode
    } else {
        Mode::Session
    }
}

fn upstream_line(upstream: &Endpoint) -> String {
    let sockets = connection_quoted(&upstream.sockets.to_string_lossy());
    format!("* = host={sockets} port={}", upstream.port)
}

/// Says whether a configuration file names this server as the one behind the pooler.
pub fn names_upstream(text: &str, upstream: &Endpoint) -> bool {
    let wanted = upstream_line(upstream);
    text.lines().any(|line| line == wanted)
}

/// Says whether a configuration file has all verifiers looked up in one database.
pub fn has_one_lookup_database(text: &str) -> bool {
    text.lines().any(|line| line.starts_with(LOOKUP_DATABASE))
}

fn connection_quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn configuration() -> PoolerConfiguration {
        PoolerConfiguration {
            folder: "/srv/pooler".into(),
            sockets: "/run/shop/pooler".into(),
            listen: vec!["198.18.0.4".parse().unwrap()],
            port: 6432,
            upstream: Endpoint {
                sockets: "/run/it's".into(),
                port: 5432,
            },
            mode: Mode::Transaction,
            size: 20,
            clients_max: 100,
            tls: None,
        }
    }

    fn installation(version: (u16, u16)) -> PoolerInstallation {
        PoolerInstallation {
            program: "/bin/pgbouncer".into(),
            version,
            tls: true,
        }
    }

    #[test]
    fn a_recent_pooler_keeps_prepared_statements() {
        assert_snapshot!(render(&configuration(), &installation((1, 24))), @r"
        ; Written by infra; changes made here are overwritten.
        [databases]
        * = host='/run/it''s' port=5432

        [pgbouncer]
        listen_addr = 198.18.0.4
        listen_port = 6432
        unix_socket_dir = /run/shop/pooler
        unix_socket_mode = 0700
        auth_type = scram-sha-256
        auth_user = infra_pooler
        auth_file = /srv/pooler/users.txt
        auth_query = SELECT username, verifier FROM infra_pooler.user_lookup($1)
        auth_dbname = postgres
        pool_mode = transaction
        default_pool_size = 20
        max_client_conn = 100
        max_prepared_statements = 200
        ignore_startup_parameters = extra_float_digits
        log_connections = 0
        log_disconnections = 0
        ");
    }

    #[test]
    fn an_old_pooler_falls_back_to_sessions() {
        let text = render(&configuration(), &installation((1, 18)));
        assert!(text.contains("pool_mode = session\n"));
        assert!(!text.contains("max_prepared_statements"));
        assert!(!text.contains("auth_dbname"));
    }
}
