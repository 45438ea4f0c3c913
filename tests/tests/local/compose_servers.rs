//! The scripts of a compose file, started on this machine instead of in containers: a primary that makes its databases, a
//! replica that copies and follows it, and a pooler through which programs log in.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use infra_tests::compose::judge;
use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::servers::{refusal, rows};

use crate::compose::Exported;

const STACK: &str = r#"
stack {
  name = "shop"
}

postgres "main" {
  version  = 16
  replicas = 1

  database "shop" { owner = "app" }
  role "reader" { access = "read" }
  pooler { mode = "transaction" }
}
"#;

/// What a container has and this machine has not: another user to become, and a folder that belongs to it.
const STUBS: [(&str, &str); 2] = [("gosu", "shift\nexec \"$@\"\n"), ("chown", "exit 0\n")];

/// The servers, ended with the test.
struct Servers {
    folder: tempfile::TempDir,
    path: String,
    /// The processes, and the signal by which each ends at once and in order.
    running: Vec<(Child, &'static str)>,
}

impl Servers {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in STUBS {
            let stub = folder.path().join(name);
            std::fs::write(&stub, format!("#!/bin/sh\n{text}")).expect("a stub");
            std::fs::set_permissions(&stub, std::fs::Permissions::from_mode(0o755)).expect("its mode");
        }
        let servers = machine::servers();
        let path = [
            folder.path().to_owned(),
            servers.join("postgresql-16/bin"),
            servers.join("pgbouncer/bin"),
        ];
        let path: Vec<String> = path.iter().map(|path| path.display().to_string()).collect();
        let others = machine::variable("PATH").unwrap_or_default();
        let path = format!("{}:{}", path.join(":"), others.display());
        Servers {
            folder,
            path,
            running: Vec::new(),
        }
    }

    /// Returns a command. Servers refuse root, which becomes nobody.
    fn command(&self, words: &[&str]) -> Command {
        let nobody = ["unshare", "--user", "--map-user=65534", "--map-group=65534"];
        let prefix = if machine::is_root() { &nobody[..] } else { &[] };
        let words = [prefix, words].concat();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env("PATH", &self.path)
            .env("PGDATA", self.place("volume/cluster"))
            .current_dir(self.folder.path());
        command
    }

    fn run(&self, words: &[&str]) {
        let output = self.command(words).output().expect("it starts");
        assert!(
            output.status.success(),
            "{words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Starts a server, and waits until it answers.
    fn start(&mut self, words: &[&str], signal: &'static str, port: u16) {
        let mut command = self.command(words);
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.running.push((child.spawn().expect("it starts"), signal));
        let port = port.to_string();
        machine::wait_until("a server answers", || {
            let mut ready = self.command(&["pg_isready", "--quiet", "--host=127.0.0.1", "--port", &port]);
            ready.status().is_ok_and(|status| status.success())
        });
    }

    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the compose file, with places and names of containers as they are here.
    fn put(&self, name: &str, text: &str, here: &[(&str, &str)]) -> String {
        let text = here.iter().fold(text.to_owned(), |text, (there, here)| {
            assert!(text.contains(there), "{there} in\n{text}");
            text.replace(there, here)
        });
        let path = self.place(name);
        std::fs::write(&path, text).expect("a file");
        shown(&path)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for (mut child, signal) in self.running.drain(..).rev() {
            let _ = Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status();
            let _ = child.wait();
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Returns ports that nobody listens on.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

/// Returns the arguments by which a server of PostgreSQL listens on this machine.
fn listening(servers: &Servers, exported: &Exported, port: u16) -> Vec<String> {
    let access = servers.put("pg_hba.conf", &exported.content("postgres-main.pg_hba.conf"), &[]);
    let sockets = shown(servers.folder.path());
    let settings = [
        format!("hba_file={access}"),
        format!("unix_socket_directories={sockets}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("port={port}"),
    ];
    settings
        .into_iter()
        .flat_map(|setting| ["-c".to_owned(), setting])
        .collect()
}

/// Starts a primary as the image does, and runs its statements.
fn start_primary(servers: &mut Servers, exported: &Exported, port: u16) {
    let data = shown(&servers.place("data"));
    servers.run(&[
        "initdb",
        "--pgdata",
        &data,
        "--username=infra",
        "--auth=trust",
        "--no-sync",
    ]);
    let listening = listening(servers, exported, port);
    let listening = listening.iter().map(String::as_str);
    let words: Vec<&str> = ["postgres", "-D", &data].into_iter().chain(listening).collect();
    servers.start(&words, "-INT", port);
    let init = servers.put("infra.sql", &exported.content("postgres-main.infra.sql"), &[]);
    let folder = shown(servers.folder.path());
    let url = format!("postgresql://infra@/postgres?host={folder}&port={port}");
    servers.run(&[
        "psql",
        "-v",
        "ON_ERROR_STOP=1",
        "--no-psqlrc",
        &url,
        "--file",
        &init,
    ]);
}

fn start_replica(servers: &mut Servers, exported: &Exported, primary: u16, port: u16) {
    std::fs::create_dir(servers.place("volume")).expect("a folder");
    let (volume, folder) = (shown(&servers.place("volume")), shown(servers.folder.path()));
    let host = format!("--host=127.0.0.1 --port={primary}");
    let here = [
        ("/var/lib/postgresql/data", volume.as_str()),
        ("/var/lib/postgresql", &folder),
        ("--host=postgres-main", &host),
    ];
    let script = servers.put(
        "replica.sh",
        &exported.content("postgres-main-replica-1.replica.sh"),
        &here,
    );
    let listening = listening(servers, exported, port);
    let listening = listening.iter().map(String::as_str);
    let words: Vec<&str> = ["sh", &script].into_iter().chain(listening).collect();
    servers.start(&words, "-INT", port);
}

fn start_pooler(servers: &mut Servers, exported: &Exported, primary: u16, port: u16) {
    let users = shown(&servers.place("users.txt"));
    let upstream = format!("host=127.0.0.1 port={primary}");
    let listens = format!("listen_port = {port}");
    let here = [
        ("host=postgres-main port=5432", upstream.as_str()),
        ("listen_addr = *", "listen_addr = 127.0.0.1"),
        ("listen_port = 6432", &listens),
        ("/tmp/users.txt", &users),
    ];
    let file = servers.put(
        "pgbouncer.ini",
        &exported.content("postgres-main-pooler.pgbouncer.ini"),
        &here,
    );
    let here = [
        ("/etc/infra/pgbouncer.ini", file.as_str()),
        ("/tmp/users.txt", &users),
    ];
    let script = servers.put(
        "pooler.sh",
        &exported.content("postgres-main-pooler.pooler.sh"),
        &here,
    );
    servers.start(&["sh", &script], "-TERM", port);
}

#[test]
fn the_scripts_of_a_compose_file_start_a_primary_a_replica_and_a_pooler() {
    const TEST: &str = "the_scripts_of_a_compose_file_start_a_primary_a_replica_and_a_pooler";
    let Some(judge) = judge(TEST).filter(|_| machine::has_servers(TEST)) else {
        return;
    };
    let mut env = TestEnv::stack(STACK);
    let exported = Exported::of(&mut env, &judge);
    let [primary, replica, pooler] = free_ports();
    let mut servers = Servers::new();
    start_primary(&mut servers, &exported, primary);
    start_replica(&mut servers, &exported, primary, replica);
    start_pooler(&mut servers, &exported, primary, pooler);
    let url = |role: &str, port: u16| {
        let password = exported.secret(&format!("postgres_main_{role}_password"));
        format!("postgresql://{role}:{password}@127.0.0.1:{port}/shop")
    };
    let _ = rows(&url("app", primary), "create table orders as select 7 as number");
    assert_eq!(rows(&url("reader", primary), "select number from orders"), "7");
    assert!(refusal(&url("reader", primary), "delete from orders").contains("permission denied"));
    machine::wait_until("the replica has what the primary has", || {
        rows(
            &url("reader", replica),
            "select count(*) from pg_class where relname = 'orders'",
        ) == "1"
    });
    assert_eq!(
        rows(
            &url("app", replica),
            "select pg_is_in_recovery(), number from orders"
        ),
        "t|7"
    );
    assert_eq!(
        rows(&url("app", pooler), "select current_user, number from orders"),
        "app|7"
    );
    let superuser = format!("postgresql://infra@127.0.0.1:{primary}/shop");
    assert!(refusal(&superuser, "select 1").contains("rejects connection"));
    let guessed = format!("postgresql://app:guessed@127.0.0.1:{pooler}/shop");
    assert!(refusal(&guessed, "select 1").contains("authentication failed"));
}
