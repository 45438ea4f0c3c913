//! Writes a server's configuration files as text.
//!
//! The files live outside the data directory. Three system identities exist beside the roles of a stack, each admitted
//! over the unix socket alone and identified by the kernel: [`ENGINE_ROLE`], [`REPLICATION_ROLE`] and [`POOLER_ROLE`].

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// The superuser through which the engine works; it has no password.
pub const ENGINE_ROLE: &str = "infra";
/// The role as which replicas follow; it has no password and no access to data through SQL.
pub const REPLICATION_ROLE: &str = "infra_replication";
/// The role as which the pooler reads the verifiers of others; it has no password and may call one function.
pub const POOLER_ROLE: &str = "infra_pooler";

/// The name of the user map in the identity file.
const USER_MAP: &str = "infra";

/// What decides a server's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The name shown in the process list and to the primary.
    pub name: String,
    /// Where the server's files are.
    pub files: ServerFiles,
    /// Addresses to listen on, beside the unix socket.
    pub listen: Vec<IpAddr>,
    /// The port, which also names the unix socket.
    pub port: u16,
    /// Parameters that the stack or its size class sets.
    pub parameters: BTreeMap<String, String>,
    /// Certificate and key, if the build has TLS.
    pub tls: Option<CertificateFiles>,
    /// The server to follow; `None` on a primary.
    pub upstream: Option<Upstream>,
    /// The operating system's name of the user that the server sees as its peers.
    pub peer: String,
    /// For how many days archived log is kept.
    pub archive_days: u32,
}

/// The places of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFiles {
    /// The server's own folder.
    pub folder: PathBuf,
    /// The directory of its unix socket, with a short path.
    pub sockets: PathBuf,
    /// The folder in which the primary of this cluster keeps its archived log.
    pub archive: PathBuf,
}

impl ServerFiles {
    /// Returns the data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Returns the folder of configuration files.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("configuration")
    }

    /// Returns the server's log file.
    pub fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// Returns the main configuration file.
    pub fn main_file(&self) -> PathBuf {
        self.configuration().join("postgresql.conf")
    }
}

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate in PEM.
    pub certificate: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
}

/// The server that a replica follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The directory of its unix socket.
    pub sockets: PathBuf,
    /// Its port.
    pub port: u16,
    /// The replication slot that keeps the log for this replica.
    pub slot: String,
}

/// Returns every configuration file with its content, by its name in the configuration folder.
pub fn render(configuration: &Configuration) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("postgresql.conf", main_file(configuration)),
        ("pg_hba.conf", access_file()),
        ("pg_ident.conf", identity_file(&configuration.peer)),
        ("archive.sh", archive_script(configuration)),
    ])
}

fn main_file(configuration: &Configuration) -> String {
    let mut text = String::from("# Written by infra; changes made here are overwritten.\n");
    let mut set = |name: &str, value: &str| {
        let _ = writeln!(text, "{name} = {}", quoted(value));
    };
    let files = &configuration.files;
    let folder = files.configuration();
    set("data_directory", &files.data().to_string_lossy());
    set("hba_file", &folder.join("pg_hba.conf").to_string_lossy());
    set("ident_file", &folder.join("pg_ident.conf").to_string_lossy());
    set("unix_socket_directories", &socket_directory(&files.sockets));
    set("unix_socket_permissions", "0700");
    set("listen_addresses", &join_addresses(&configuration.listen));
    set("port", &configuration.port.to_string());
    set("cluster_name", &configuration.name);
    for (name, value) in FIXED {
        set(name, value);
    }
    // After a kill the server syncs a thousand files before it recovers; one call for the whole file system is quicker.
    if cfg!(target_os = "linux") {
        set("recovery_init_sync_method", "syncfs");
    }
    set("archive_command", &archive_command(configuration));
    set("restore_command", &restore_command(&files.archive));
    if let Some(tls) = &configuration.tls {
        set("ssl", "on");
        set("ssl_cert_file", &tls.certificate.to_string_lossy());
        set("ssl_key_file", &tls.key.to_string_lossy());
    }
    if let Some(upstream) = &configuration.upstream {
        set("primary_conninfo", &upstream_connection(upstream));
        set("primary_slot_name", &upstream.slot);
    }
    for (name, value) in &configuration.parameters {
        set(name, value);
    }
    text
}

/// What every server of ours has; parameters of a stack come later in the file and win.
const FIXED: &[(&str, &str)] = &[
    ("wal_level", "replica"),
    ("archive_mode", "on"),
    // Bounds what a lost disk can cost; an interval in which nothing was written archives nothing.
    ("archive_timeout", "60s"),
    ("max_wal_senders", "10"),
    ("max_replication_slots", "10"),
    // A fresh replica may start from the template and then needs the log from the very beginning.
    ("wal_keep_size", "128MB"),
    // A slot whose replica never returns must not fill the disk; such a replica is made anew.
    ("max_slot_wal_keep_size", "1GB"),
    // The default of 5 s would be most of the time that a new replica takes.
    ("wal_retrieve_retry_interval", "200ms"),
    ("hot_standby", "on"),
    ("password_encryption", "scram-sha-256"),
    ("log_destination", "stderr"),
    ("logging_collector", "off"),
    ("log_line_prefix", "%m [%p] %q%u@%d "),
    ("log_timezone", "UTC"),
    ("timezone", "UTC"),
    ("datestyle", "iso, mdy"),
    ("default_text_search_config", "pg_catalog.english"),
    ("dynamic_shared_memory_type", "posix"),
];

/// Those of [`FIXED`] that are about the archive.
const OF_ARCHIVE: [&str; 2] = ["archive_mode", "archive_timeout"];

/// Returns what every server of ours has, also one that keeps no archive.
pub fn fixed_everywhere() -> impl Iterator<Item = (&'static str, &'static str)> {
    FIXED
        .iter()
        .copied()
        .filter(|(name, _)| !OF_ARCHIVE.contains(name))
}

/// Local means this machine, and SCRAM never sends a password, so TLS is offered over the network but not demanded.
fn access_file() -> String {
    format!(
        "# Written by infra; changes made here are overwritten.\n\
         local  all          {ENGINE_ROLE}              peer map={USER_MAP}\n\
         local  all          {POOLER_ROLE}       peer map={USER_MAP}\n\
         local  replication  {REPLICATION_ROLE}  peer map={USER_MAP}\n\
         local  all          {REPLICATION_ROLE}  reject\n\
         host   all          {ENGINE_ROLE},{POOLER_ROLE},{REPLICATION_ROLE}  all  reject\n\
         local  all          all                scram-sha-256\n\
         host   all          all           all  scram-sha-256\n"
    )
}

fn identity_file(peer: &str) -> String {
    let mut text = String::from("# Written by infra; changes made here are overwritten.\n");
    for role in [ENGINE_ROLE, POOLER_ROLE, REPLICATION_ROLE] {
        let _ = writeln!(text, "{USER_MAP} \"{peer}\" {role}");
    }
    text
}

/// Copies a finished log segment so that it is there whole or not at all, also after a power cut.
///
/// The server runs an archive command again after any failure: the same content twice is success, another content under
/// the same name is an error, because it means that two servers write to one archive. A segment that was closed by
/// `archive_timeout` is mostly zeros, so compressing it turns megabytes per minute into a few kilobytes.
fn archive_script(configuration: &Configuration) -> String {
    format!(
        "#!/bin/sh\n\
         # Written by infra; changes made here are overwritten.\n\
         set -eu\n\
         archive={archive}\n\
         target=\"$archive/$2.gz\"\n\
         draft=\"$archive/.$2.gz.new\"\n\
         if [ -e \"$target\" ]; then\n\
         \x20   gzip -dc \"$target\" | cmp -s - \"$1\"\n\
         \x20   exit\n\
         fi\n\
         gzip -1 -c \"$1\" > \"$draft\"\n\
         sync \"$draft\"\n\
         mv \"$draft\" \"$target\"\n\
         sync \"$archive\"\n\
         find \"$archive\" -name '*.gz' -mtime +{days} -exec rm -f {{}} +\n",
        archive = shell_quoted(&configuration.files.archive.to_string_lossy()),
        days = configuration.archive_days,
    )
}

/// A replica archives nothing: one that was promoted behind our back would put a timeline into the cluster's archive that
/// every other replica would then try to follow.
fn archive_command(configuration: &Configuration) -> String {
    if configuration.upstream.is_some() {
        return String::new();
    }
    let script = shell_quoted(
        &configuration
            .files
            .configuration()
            .join("archive.sh")
            .to_string_lossy(),
    );
    format!("/bin/sh {} \"%p\" \"%f\"", script.replace('%', "%%"))
}

fn restore_command(archive: &Path) -> String {
    let archive = shell_quoted(&archive.to_string_lossy()).replace('%', "%%");
    format!("test -f {archive}/\"%f\".gz && gzip -dc {archive}/\"%f\".gz > \"%p\"")
}

fn upstream_connection(upstream: &Upstream) -> String {
    format!(
        "host={} port={} user={REPLICATION_ROLE} application_name={}",
        conninfo_quoted(&upstream.sockets.to_string_lossy()),
        upstream.port,
        conninfo_quoted(&upstream.slot),
    )
}

fn join_addresses(listen: &[IpAddr]) -> String {
    listen.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(",")
}

/// The parameter is itself a list of quoted names.
fn socket_directory(path: &Path) -> String {
    format!("\"{}\"", path.to_string_lossy().replace('"', "\"\""))
}

/// Quotes a value for `postgresql.conf`.
fn quoted(value: &str) -> String {
    let escaped = value
        .replace('\\', "\\\\")
        .replace('\'', "''")
        .replace('\n', "\\n");
    format!("'{escaped}'")
}

fn shell_quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', "'\\''"))
}

fn conninfo_quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests;
