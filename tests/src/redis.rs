//! What a client of Redis sees, through the client that comes with the server.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::machine;

/// Returns the client, or notes that the test is skipped.
#[must_use]
pub fn client(test: &str) -> Option<PathBuf> {
    let program = machine::servers().join("redis/bin/redis-cli");
    if program.is_file() {
        return Some(program);
    }
    machine::skip(test, "no Redis is installed; run: scripts/install-servers");
    None
}

/// Who asks a server, and where.
#[derive(Debug, Clone)]
pub struct Client {
    /// Where: the client's own options.
    place: Vec<String>,
    /// How: the client's own options for TLS.
    tls: Vec<String>,
    user: String,
    password: String,
}

impl Client {
    /// Returns the client that a URL is for: `redis://…`, `rediss://…` or `unix://…`.
    ///
    /// # Panics
    /// When it is neither.
    #[must_use]
    pub fn of(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let (login, place) = rest.split_once('@').expect("a login");
        let (user, password) = login.split_once(':').expect("a password");
        let place = match scheme {
            "unix" => vec![
                "-s".to_owned(),
                place.split('?').next().expect("a path").to_owned(),
            ],
            _ => {
                let address = place.split('/').next().expect("an address");
                let (host, port) = address.split_once(':').expect("a port");
                ["-h", host, "-p", port].map(str::to_owned).to_vec()
            }
        };
        let tls = if scheme == "rediss" {
            vec!["--tls".to_owned()]
        } else {
            Vec::new()
        };
        Client {
            place,
            tls,
            user: user.to_owned(),
            password: password.to_owned(),
        }
    }

    /// Returns the same client, which verifies servers by an authority.
    #[must_use]
    pub fn trusting(&self, authority: &str) -> Self {
        Client {
            tls: ["--tls", "--cacert", authority].map(str::to_owned).to_vec(),
            ..self.clone()
        }
    }

    /// Returns the same client without TLS.
    #[must_use]
    pub fn in_clear(&self) -> Self {
        Client {
            tls: Vec::new(),
            ..self.clone()
        }
    }

    /// Returns the same client with another password.
    #[must_use]
    pub fn with_password(&self, password: &str) -> Self {
        Client {
            password: password.to_owned(),
            ..self.clone()
        }
    }

    /// Returns a client at the same place that says nothing of itself.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        self.with_password("")
    }

    /// Asks and returns what the server answers, or what the client or the server said instead.
    ///
    /// # Errors
    /// What was said when it failed.
    ///
    /// # Panics
    /// When the client cannot be run.
    pub fn ask(&self, words: &[&str]) -> Result<String, String> {
        let mut command = self.command();
        command.arg("-e");
        let output = command.args(words).output().expect("redis-cli runs");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        match output.status.success() {
            true => Ok(said(&output.stdout)),
            false => Err(format!("{}{}", said(&output.stdout), said(&output.stderr))),
        }
    }

    /// Returns the same client at another address, such as that of another node of a cluster.
    ///
    /// # Panics
    /// When the address has no port.
    #[must_use]
    pub fn at(&self, address: &str) -> Self {
        let (host, port) = address.split_once(':').expect("a port");
        Client {
            place: ["-h", host, "-p", port].map(str::to_owned).to_vec(),
            ..self.clone()
        }
    }

    /// Has a cluster run many commands, one on each line, following from node to node, and returns the lines that were
    /// answered.
    ///
    /// # Panics
    /// When the client cannot be run.
    #[must_use]
    pub fn answers(&self, commands: &str) -> Vec<String> {
        let mut command = self.command();
        let mut client = command
            .arg("-c")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("redis-cli runs");
        let mut input = client.stdin.take().expect("its input");
        let text = commands.to_owned();
        let feeding = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = client.wait_with_output().expect("its output");
        feeding.join().expect("a thread").expect("it reads all");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let lines = text.lines().filter(|line| !line.starts_with("-> Redirected"));
        lines.map(str::to_owned).collect()
    }

    fn command(&self) -> Command {
        let servers = machine::servers();
        let mut command = Command::new(servers.join("redis/bin/redis-cli"));
        command
            .env("LD_LIBRARY_PATH", servers.join("redis/lib"))
            .args(&self.place)
            .args(&self.tls)
            .args(["--no-auth-warning"])
            .current_dir("/")
            .stdin(Stdio::null());
        if !self.password.is_empty() {
            command
                .env("REDISCLI_AUTH", &self.password)
                .args(["--user", &self.user]);
        }
        command
    }

    /// Asks and returns the answer.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn answer(&self, words: &[&str]) -> String {
        self.ask(words)
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }
}
