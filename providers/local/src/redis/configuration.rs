//! The file that a server is started with: where it listens, what it keeps, and nothing secret.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::listening::Listening;
use super::site::SOCKET;
use crate::tls::certificate::Certified;

/// Bytes in a MiB.
const MIB: i64 = 1 << 20;
/// How long the nodes of a cluster wait for one that is silent until a replica takes its place.
const NODE_TIMEOUT_MS: &str = "2000";
/// What every node of a cluster keeps to: where a shard is gone the others still serve, and nobody but us decides who
/// follows whom.
pub const CLUSTER: [(&str, &str); 3] = [
    ("cluster-node-timeout", NODE_TIMEOUT_MS),
    ("cluster-require-full-coverage", "no"),
    ("cluster-allow-replica-migration", "no"),
];
/// When a snapshot is made: after so many seconds with so many changes, as Redis does by itself.
pub(super) const SAVE_POINTS: &str = "3600 1 300 100 60 10000";

/// What of a server's data survives its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// Nothing.
    None,
    /// The last snapshot; one is made at an orderly end too.
    Snapshot,
    /// Every write that is older than a second.
    AppendOnly,
}

impl Persistence {
    /// Returns its name in the stack language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Snapshot => "snapshot",
            Self::AppendOnly => "append_only",
        }
    }

    /// Returns the one of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::None, Self::Snapshot, Self::AppendOnly]
            .into_iter()
            .find(|one| one.name() == name)
    }

    /// Returns the parameters `save` and `appendonly`.
    #[must_use]
    pub fn parameters(self) -> (&'static str, &'static str) {
        match self {
            Self::None => ("", "no"),
            Self::Snapshot => (SAVE_POINTS, "no"),
            Self::AppendOnly => ("", "yes"),
        }
    }
}

/// What a running server can be changed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Memory in MiB at which keys are evicted.
    pub memory_mb: i64,
    /// What is evicted then, in Redis's own words.
    pub eviction: String,
    /// What survives the server's end.
    pub persistence: Persistence,
}

impl Settings {
    /// Returns the memory in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> i64 {
        self.memory_mb.saturating_mul(MIB)
    }
}

/// Returns a memory limit as the stack says it: in MiB, or nothing when it is no whole number of them.
#[must_use]
pub fn mebibytes(bytes: i64) -> Option<i64> {
    (bytes % MIB == 0).then_some(bytes / MIB)
}

/// Where the files of a server are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFiles {
    /// Its own folder.
    pub folder: PathBuf,
    /// The directory of its socket.
    pub sockets: PathBuf,
}

impl NodeFiles {
    /// Returns the file that it is started with.
    #[must_use]
    pub fn main_file(&self) -> PathBuf {
        self.folder.join("redis.conf")
    }

    /// Returns the file of its users.
    #[must_use]
    pub fn users_file(&self) -> PathBuf {
        self.folder.join("users.acl")
    }

    /// Returns the directory of its data.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Returns the directory of its log of writes.
    #[must_use]
    pub fn append_only(&self) -> PathBuf {
        self.data().join("appendonlydir")
    }

    /// Says whether a whole log of writes is there, which is what a server has to start with then.
    #[must_use]
    pub fn has_append_only(&self) -> bool {
        self.append_only().join("appendonly.aof.manifest").is_file()
    }

    /// Returns the file of its output.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("redis.log")
    }

    /// Returns its socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.sockets.join(SOCKET)
    }
}

/// All that a server's file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// Its files.
    pub files: NodeFiles,
    /// The address on which it listens; none leaves the socket alone.
    pub listen: Option<IpAddr>,
    /// The port on which it listens.
    pub port: u16,
    /// The port of the bus, if it is a node of a cluster.
    pub bus: Option<u16>,
    /// Whom it follows, if it is a replica outside of a cluster.
    pub follows: Option<Listening>,
    /// The certificate that it shows, if it is reached over TLS alone.
    pub tls: Option<Certified>,
    /// What can be changed while it runs.
    pub settings: Settings,
}

/// Returns the content of a server's file.
#[must_use]
pub fn render(configuration: &Configuration) -> String {
    let Configuration { files, settings, .. } = configuration;
    let mut text = String::from("# Written by infra at each start: changes are lost.\n");
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} {value}");
    };
    let port = match configuration.listen {
        Some(host) => {
            line("bind", &host.to_string());
            configuration.port.to_string()
        }
        None => "0".to_owned(),
    };
    match &configuration.tls {
        None => line("port", &port),
        Some(certified) => {
            line("port", "0");
            line("tls-port", &port);
            for (name, file) in tls_files(certified) {
                line(name, &quoted_path(file));
            }
            // Clients log in with a password; servers that copy from each other show their certificates to each other.
            line("tls-auth-clients", "no");
            line("tls-replication", "yes");
        }
    }
    line("unixsocket", &quoted_path(&files.socket()));
    line("unixsocketperm", "700");
    line("dir", &quoted_path(&files.data()));
    line("aclfile", &quoted_path(&files.users_file()));
    line("logfile", "\"\"");
    line("daemonize", "no");
    // A title would take the place of the environment, by which a server is found again.
    line("set-proc-title", "no");
    // Everybody needs a password, and nobody can reach an address that is not listed.
    line("protected-mode", "no");
    text += &of_data(settings);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} {value}");
    };
    // Redis would wait five seconds for more replicas before it sends one its data.
    line("repl-diskless-sync-delay", "0");
    if let Some(primary) = configuration.follows {
        line("replicaof", &format!("{} {}", primary.host, primary.port));
    }
    if let (Some(bus), Some(host)) = (configuration.bus, configuration.listen) {
        line("cluster-enabled", "yes");
        if configuration.tls.is_some() {
            line("tls-cluster", "yes");
        }
        line("cluster-port", &bus.to_string());
        line("cluster-announce-ip", &host.to_string());
        for (name, value) in CLUSTER {
            line(name, value);
        }
    }
    text
}

/// Returns the lines about data: how much, what is evicted, and what survives.
#[must_use]
pub fn of_data(settings: &Settings) -> String {
    let (save, append_only) = settings.persistence.parameters();
    format!(
        "maxmemory {}\nmaxmemory-policy {}\nsave {}\nappendonly {append_only}\nappendfsync everysec\n",
        settings.memory_bytes(),
        settings.eviction,
        quoted(save),
    )
}

/// Returns the parameters that name the files of a certificate, which are read again when they are set.
#[must_use]
pub fn tls_files(certified: &Certified) -> [(&'static str, &Path); 3] {
    [
        ("tls-cert-file", &certified.certificate),
        ("tls-key-file", &certified.key),
        ("tls-ca-cert-file", &certified.authority),
    ]
}

fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// Quotes a text the way Redis reads its file.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn configuration() -> Configuration {
        Configuration {
            files: NodeFiles {
                folder: "/srv/my shop/.infra/local/redis/cache".into(),
                sockets: "/run/infra-1/r.cache".into(),
            },
            listen: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            port: 6379,
            bus: None,
            follows: None,
            tls: None,
            settings: Settings {
                memory_mb: 64,
                eviction: "allkeys-lru".to_owned(),
                persistence: Persistence::AppendOnly,
            },
        }
    }

    #[test]
    fn a_file_says_all_that_a_stack_asks_for() {
        insta::assert_snapshot!(render(&configuration()), @r#"
        # Written by infra at each start: changes are lost.
        bind 127.0.0.1
        port 6379
        unixsocket "/run/infra-1/r.cache/redis.sock"
        unixsocketperm 700
        dir "/srv/my shop/.infra/local/redis/cache/data"
        aclfile "/srv/my shop/.infra/local/redis/cache/users.acl"
        logfile ""
        daemonize no
        set-proc-title no
        protected-mode no
        maxmemory 67108864
        maxmemory-policy allkeys-lru
        save ""
        appendonly yes
        appendfsync everysec
        repl-diskless-sync-delay 0
        "#);
    }

    #[test]
    fn a_replica_follows_from_its_start_and_its_file_has_no_password() {
        let replica = Configuration {
            follows: Some(Listening {
                host: IpAddr::V4(Ipv4Addr::LOCALHOST),
                port: 6380,
            }),
            ..configuration()
        };
        let (alone, text) = (render(&configuration()), render(&replica));
        assert_eq!(text.strip_prefix(&alone), Some("replicaof 127.0.0.1 6380\n"));
    }

    #[test]
    fn a_node_of_a_cluster_has_a_bus_and_no_will_of_its_own() {
        let node = Configuration {
            bus: Some(16379),
            ..configuration()
        };
        let alone = render(&configuration());
        let text = render(&node);
        insta::assert_snapshot!(text.strip_prefix(&alone).unwrap(), @r#"
        cluster-enabled yes
        cluster-port 16379
        cluster-announce-ip 127.0.0.1
        cluster-node-timeout 2000
        cluster-require-full-coverage no
        cluster-allow-replica-migration no
        "#);
    }

    #[test]
    fn over_tls_no_port_is_open_to_anybody_else() {
        let folder = Path::new("/srv/redis/cache/tls");
        let certified = Certified {
            certificate: folder.join("0123.crt"),
            key: folder.join("0123.key"),
            authority: folder.join("0123.ca"),
        };
        let node = Configuration {
            tls: Some(certified),
            bus: Some(16379),
            ..configuration()
        };
        let text = render(&node);
        let lines: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("port") || line.contains("tls"))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
    port 0
    tls-port 6379
    tls-cert-file "/srv/redis/cache/tls/0123.crt"
    tls-key-file "/srv/redis/cache/tls/0123.key"
    tls-ca-cert-file "/srv/redis/cache/tls/0123.ca"
    tls-auth-clients no
    tls-replication yes
    tls-cluster yes
    cluster-port 16379
    "#);
    }

    #[test]
    fn without_an_address_only_the_socket_is_open() {
        let withdrawn = Configuration {
            listen: None,
            ..configuration()
        };
        let text = render(&withdrawn);
        assert!(text.contains("\nport 0\n") && !text.contains("bind"), "{text}");
    }

    #[test]
    fn memory_is_told_in_mebibytes_only_where_it_is_a_whole_number_of_them() {
        assert_eq!(mebibytes(64 << 20), Some(64));
        assert_eq!(mebibytes(100_000_000), None);
    }

    #[test]
    fn every_persistence_has_a_name_of_its_own() {
        for one in [Persistence::None, Persistence::Snapshot, Persistence::AppendOnly] {
            assert_eq!(Persistence::by_name(one.name()), Some(one));
        }
        assert_eq!(Persistence::by_name("everything"), None);
    }
}
