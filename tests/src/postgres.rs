//! A real PostgreSQL that stands in for the one behind an instance of RDS: TLS with an authority of its own, and a master user who is
//! no superuser.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::machine;
use crate::servers;

/// The master user, as at RDS: he makes roles and databases, and is no superuser.
pub const MASTER: &str = "postgres";
/// His password: rare enough to be looked for.
pub const PASSWORD: &str = "master-of-rds-4f1c77";
/// The superuser, whom RDS gives to nobody.
const SUPERUSER: &str = "rdsadmin";

/// A server of this test.
#[derive(Debug)]
pub struct Postgres {
    child: Child,
    folder: TempDir,
    port: u16,
}

impl Postgres {
    /// Starts an empty server; none when it is not installed, and then the test is noted as skipped.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(test: &str) -> Option<Self> {
        let initdb = machine::postgres_program(test, "initdb")?;
        let program = machine::postgres_program(test, "postgres")?;
        let folder = tempfile::tempdir_in(machine::scratch()).expect("a folder");
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        fs::write(&password, PASSWORD).expect("a file");
        finished(as_nobody(&initdb).args([
            "--username=rdsadmin",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--pwfile",
            path(&password),
            "--pgdata",
            path(&data),
        ]));
        certify(folder.path());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
        let port = port.expect("a free port").port();
        let child = as_nobody(&program)
            .args(["-D", path(&data), "-p", &port.to_string()])
            .args(settings(folder.path()))
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).expect("a log"))
            .spawn()
            .expect("PostgreSQL starts");
        let server = Postgres { child, folder, port };
        server.prepare();
        Some(server)
    }

    /// Makes the master user.
    fn prepare(&self) {
        let admin = self.url(SUPERUSER, PASSWORD, "postgres");
        machine::wait_until("PostgreSQL answers", || servers::psql(&admin, "select 1").is_ok());
        servers::execute(
            &admin,
            &format!(
                "create role {MASTER} login createdb createrole password '{PASSWORD}'; \
                 alter database postgres owner to {MASTER}"
            ),
        );
    }

    /// Returns the port at which it listens on this machine.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the file with the authority that signed its certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Returns a URL that believes nobody else.
    #[must_use]
    pub fn url(&self, user: &str, password: &str, database: &str) -> String {
        format!(
            "postgresql://{user}:{password}@127.0.0.1:{}/{database}?sslmode=verify-full&sslrootcert={}",
            self.port,
            self.authority().display()
        )
    }

    /// Runs SQL as the superuser and returns the rows.
    ///
    /// # Panics
    /// When it is refused.
    #[must_use]
    pub fn rows(&self, database: &str, sql: &str) -> String {
        servers::rows(&self.url(SUPERUSER, PASSWORD, database), sql)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(folder: &Path) -> Vec<String> {
    let file = |name: &str| folder.join(name).display().to_string();
    let settings = [
        "listen_addresses=127.0.0.1".to_owned(),
        "unix_socket_directories=".to_owned(),
        "shared_buffers=16MB".to_owned(),
        "fsync=off".to_owned(),
        "ssl=on".to_owned(),
        format!("ssl_cert_file={}", file("server.pem")),
        format!("ssl_key_file={}", file("server.key")),
    ];
    settings
        .into_iter()
        .flat_map(|setting| ["-c".to_owned(), setting])
        .collect()
}

/// Makes an authority, and a certificate for this machine that it signs.
fn certify(folder: &Path) {
    let openssl = |arguments: &str| {
        let words = arguments.split(' ');
        finished(Command::new("openssl").args(words).current_dir(folder));
    };
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    openssl(&format!(
        "{new} -keyout ca.key -out ca.pem -subj /CN=authority -addext basicConstraints=critical,CA:TRUE"
    ));
    openssl(&format!(
        "{new} -CA ca.pem -CAkey ca.key -keyout server.key -out server.pem -subj /CN=server \
         -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=IP:127.0.0.1"
    ));
}

/// Returns the command of a program that refuses root, and that ends when this process does.
fn as_nobody(program: &Path) -> Command {
    let not_root: &[&str] = if machine::is_root() {
        &["unshare", "--user", "--map-user=65534", "--map-group=65534"]
    } else {
        &[]
    };
    let words: Vec<&str> = not_root
        .iter()
        .chain(&["setpriv", "--pdeathsig", "KILL"])
        .copied()
        .collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(program);
    command
}

fn finished(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a readable path")
}
