//! A PostgreSQL server for one test: its own process, data directory and port, gone when the test ends.
//!
//! The data directory is copied from a template, which takes a tenth of `initdb`. A test that dies takes its server along:
//! the kernel tells the server that its parent has gone.

use std::fs;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use infra_model::sealing::Secret;
use rustix::process::{Pid, Signal, geteuid, kill_process};

/// The password of the one role. It must turn up nowhere.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// How long a server may take to start or to end.
const WITHIN: Duration = Duration::from_secs(30);

/// A server of a test.
#[derive(Debug)]
pub(crate) struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    settings: Vec<String>,
    pub(crate) port: u16,
    process: Option<Child>,
}

impl Server {
    /// Starts a server with some settings, as `name=value`, or notes that the test is skipped because none is installed.
    pub(crate) fn start_with(test: &str, settings: &[&str]) -> Option<Self> {
        let programs = servers_folder().join("postgresql-16/bin");
        if !programs.join("postgres").is_file() {
            skip(
                test,
                "no PostgreSQL 16 is installed; run: scripts/install-servers",
            );
            return None;
        }
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let copied = Command::new("cp")
            .args(["-r", "--"])
            .args([template(&programs), folder.path().join("data")])
            .status();
        assert!(copied.unwrap().success(), "the template can be copied");
        let mut server = Server {
            folder,
            programs,
            settings: settings.iter().map(ToString::to_string).collect(),
            port: 0,
            process: None,
        };
        // Another test may take the port between our look and the server's.
        while server.port == 0 || !server.launch() {
            server.port = free_port();
        }
        Some(server)
    }

    /// Returns the URL of its database, with more parameters.
    pub(crate) fn url(&self, parameters: &str) -> Secret {
        Secret::new(format!(
            "postgres://infra:{PASSWORD}@127.0.0.1:{}/postgres?{parameters}",
            self.port
        ))
    }

    /// Kills the server as a power cut does, as far as that can be had: nothing is flushed, nobody is told.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Stops the server in an orderly way, with whoever is connected.
    pub(crate) fn stop(&mut self) {
        self.end(Signal::INT);
    }

    /// Starts the server again after it was killed or stopped, on its old port. Children of one that was killed still
    /// have its memory for a moment, and keep the next one out.
    pub(crate) fn start_again(&mut self) {
        let began = Instant::now();
        while !self.launch() {
            assert!(began.elapsed() < WITHIN, "{}", self.log());
        }
    }

    /// Returns everything that the server has on the disk: tables, indexes and log of changes.
    pub(crate) fn files(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        collect(&self.folder.path().join("data"), &mut bytes);
        bytes
    }

    /// Returns a path in its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a client program and returns what it printed.
    pub(crate) fn client(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(self.programs.join(program))
            .args(arguments)
            .arg(self.url("").expose())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Launches the server and waits until it accepts connections; says no when it ended instead.
    fn launch(&mut self) -> bool {
        let data = self.folder.path().join("data");
        let log = fs::File::options()
            .append(true)
            .create(true)
            .open(self.path("log"))
            .unwrap();
        let mut command = as_nobody(&self.programs.join("postgres"));
        command.arg("-D").arg(&data);
        let port = format!("port={}", self.port);
        for setting in SETTINGS
            .iter()
            .chain([&port.as_str()])
            .copied()
            .chain(self.settings.iter().map(String::as_str))
        {
            command.args(["-c", setting]);
        }
        let command = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        self.process = Some(command.spawn().unwrap());
        self.wait_until_ready(&data.join("postmaster.pid"))
    }

    fn wait_until_ready(&mut self, status: &Path) -> bool {
        let process = self.process.as_mut().expect("it was launched");
        let (pid, began) = (process.id().to_string(), Instant::now());
        loop {
            let text = fs::read_to_string(status).unwrap_or_default();
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            if lines.first() == Some(&&*pid) && lines.get(7) == Some(&"ready") {
                return true;
            }
            if process.try_wait().unwrap().is_some() {
                self.process = None;
                return false;
            }
            assert!(began.elapsed() < WITHIN, "{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(&mut self, signal: Signal) {
        if let Some(mut process) = self.process.take() {
            let pid = Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
            kill_process(pid, signal).unwrap();
            process.wait().unwrap();
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end(Signal::QUIT);
    }
}

/// Returns the command of a program that refuses root, and that ends when this process does.
pub(crate) fn as_nobody(program: &Path) -> Command {
    let not_root: &[&str] = if geteuid().is_root() { NOT_ROOT } else { &[] };
    let words: Vec<&str> = not_root.iter().chain(WITH_PARENT).copied().collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).arg(program);
    command
}

/// In a user namespace a program does not see that it is root.
const NOT_ROOT: &[&str] = &["unshare", "--user", "--map-user=65534", "--map-group=65534"];

const WITH_PARENT: &[&str] = &["setpriv", "--pdeathsig", "QUIT"];

/// A process that is killed loses nothing of what it wrote to files, so syncing them would only cost time. That the
/// server would answer before it has written is the case that the store must not follow.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=16MB",
    "fsync=off",
    "synchronous_commit=off",
    "log_error_verbosity=verbose",
];

/// Returns a fresh data directory to be copied, made first if there is none. Tests that make it at the same time do not
/// disturb each other: each makes its own, and the first to finish wins.
fn template(programs: &Path) -> PathBuf {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let version = fs::canonicalize(programs).unwrap();
    let name = blake3::hash(format!("2 {}", version.display()).as_bytes()).to_hex();
    let template = cache.join(format!("postgres-{}", &name[..16]));
    if template.is_dir() {
        return template;
    }
    let draft = tempfile::Builder::new()
        .prefix("draft")
        .tempdir_in(&cache)
        .unwrap();
    let password = draft.path().join("password");
    fs::write(&password, PASSWORD).unwrap();
    let mut command = as_nobody(&programs.join("initdb"));
    command
        .args(INITDB)
        .arg("--pwfile")
        .arg(&password)
        .arg("--pgdata")
        .arg(draft.path().join("data"));
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Whoever was faster made as good a one.
    let _ = fs::rename(draft.path().join("data"), &template);
    template
}

const INITDB: &[&str] = &[
    "--username=infra",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--data-checksums",
    "--wal-segsize=4",
    "--no-sync",
    "--no-instructions",
];

/// The folder into which `scripts/install-servers` installs.
pub(crate) fn servers_folder() -> PathBuf {
    variable("INFRA_SERVERS").unwrap_or_else(|| {
        let home = || variable("HOME").unwrap_or_default().join(".local/share");
        variable("XDG_DATA_HOME")
            .unwrap_or_else(home)
            .join("infra/servers")
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line to be told by"
)]
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Notes that a test is skipped and why, where `make test` collects it.
pub(crate) fn skip(test: &str, reason: &str) {
    let line = format!("{test}: {reason}\n");
    let noted = variable("INFRA_TEST_SKIPS").and_then(|path| {
        let mut file = fs::File::options().append(true).create(true).open(path).ok()?;
        file.write_all(line.as_bytes()).ok()
    });
    if noted.is_none() {
        let _ = io::stderr().write_all(format!("skipped {line}").as_bytes());
    }
}

fn collect(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), bytes);
        } else {
            bytes.extend(fs::read(entry.path()).unwrap_or_default());
        }
    }
}
