//! A network of a test, with servers that only listen, and its removal whatever happens.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::host::capability::{Enforcement, probe};
use crate::host::launch::Launch;
use crate::host::process::find::owned_under;
use crate::host::programs::Programs;
use crate::host::spawn::{REACHED_WITHIN, SpawnRequest, spawn};
use crate::network::address::{Attachment, attach};
use crate::network::probe::{Reach, connect};
use crate::network::realm::Separation;
use crate::network::router::{self, RouterRequest};
use crate::network::rules::{self, RulesRequest};
use crate::network::ruleset::{Allowed, Source};
use crate::network::segment::{self, SegmentRequest};
use crate::network::site::Site;
use crate::network::subnet::in_namespaces;
use crate::network::{names, segment as segments};

/// How long to wait for an answer where none may come.
const WAIT: Duration = Duration::from_secs(1);
/// Tells the test binary that it was started to listen, and where.
const LISTEN: &str = "INFRA_TEST_LISTEN";
/// The test that listens instead.
const LISTENER: &str = "network::tests::world::listens_when_it_is_asked_to";

pub(in crate::network) struct World {
    pub(in crate::network) site: Arc<Site>,
    pub(in crate::network) router: String,
    pub(in crate::network) separation: Separation,
    pub(in crate::network) folder: TempDir,
}

impl World {
    /// Returns the worlds that this machine permits; says so where there is none.
    pub(in crate::network) async fn permitted() -> Vec<Self> {
        let separations = match probe(&Programs::default()).await.enforcement {
            Enforcement::Namespaces => vec![Separation::Namespaces, Separation::Rootless],
            Enforcement::Rootless => vec![Separation::Rootless],
            Enforcement::Advisory { reason } => {
                eprintln!("skipped: segments cannot be enforced here: {reason}");
                Vec::new()
            }
        };
        separations.into_iter().map(Self::new).collect()
    }

    pub(in crate::network) fn new(separation: Separation) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = folder.path().canonicalize().unwrap();
        let site = Arc::new(Site::new(environment.join("network"), Programs::default()));
        Self {
            router: names::router(&environment, "network.main"),
            site,
            separation,
            folder,
        }
    }

    pub(in crate::network) fn router_request(&self) -> RouterRequest {
        let owner = format!("{} token router", self.lineage());
        RouterRequest {
            router: self.router.clone(),
            owner,
            name: "network.main".to_owned(),
            separation: self.separation,
        }
    }

    pub(in crate::network) fn segment_request(&self, name: &str) -> SegmentRequest {
        SegmentRequest {
            router: self.router.clone(),
            name: name.to_owned(),
            subnet: in_namespaces([name])[name],
            owner: format!("{} token {name}", self.lineage()),
        }
    }

    pub(in crate::network) async fn segment(&self, name: &str) -> String {
        segment::create(&self.site, &self.segment_request(name))
            .await
            .unwrap()
    }

    /// Makes a router and segments, without rules.
    pub(in crate::network) async fn build(&self, names: &[&str]) {
        router::create(&self.site, &self.router_request()).await.unwrap();
        for name in names {
            self.segment(name).await;
        }
    }

    pub(in crate::network) fn rules_request(&self, names: &[&str], allowed: Allowed) -> RulesRequest {
        let segments: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
        RulesRequest {
            router: self.router.clone(),
            segments,
            allowed,
        }
    }

    pub(in crate::network) async fn apply(&self, names: &[&str], allowed: Allowed) {
        rules::apply(&self.site, &self.rules_request(names, allowed))
            .await
            .unwrap();
    }

    pub(in crate::network) fn id(&self, name: &str) -> String {
        names::segment(&self.router, name)
    }

    /// Starts a server of a segment that listens on ports, and waits until it does.
    pub(in crate::network) async fn listen(&self, name: &str, server: &str, ports: &[u16]) -> Attachment {
        let attached = attach(&self.site, &self.id(name), server).await.unwrap();
        let sockets: Vec<String> = ports
            .iter()
            .map(|port| format!("{}:{port}", attached.address))
            .collect();
        let launch = Launch {
            arguments: ["--exact", LISTENER, "--nocapture"].map(OsString::from).to_vec(),
            variables: BTreeMap::from([(LISTEN.to_owned(), sockets.join(" ").into())]),
            place: attached.place.clone(),
            owner: Some(format!("{} token {server}", self.lineage())),
            ..Launch::new(std::env::current_exe().unwrap())
        };
        let log = self.folder.path().join(format!("{server}.log"));
        let request = SpawnRequest {
            launch,
            log,
            reached_within: REACHED_WITHIN,
        };
        spawn(&request, &self.site.programs).await.unwrap();
        for port in ports {
            let target = [SocketAddrV4::new(attached.address, *port)];
            while connect(&self.site, &attached.place, &target, WAIT).await.unwrap() != [Reach::Open] {}
        }
        attached
    }

    pub(in crate::network) async fn reach(&self, from: &str, to: Ipv4Addr, port: u16) -> Reach {
        let place = segments::place(&self.site, &self.id(from)).unwrap();
        connect(&self.site, &place, &[SocketAddrV4::new(to, port)], WAIT)
            .await
            .unwrap()[0]
    }

    /// Runs a command of the test in the router's namespace.
    pub(in crate::network) fn meddle(&self, command: &str) {
        let realm = crate::network::realm::require(&self.site, &self.router).unwrap();
        self.meddle_in(&realm.router_place(&self.router), command);
    }

    pub(in crate::network) fn meddle_in(&self, place: &crate::host::launch::Place, command: &str) {
        let mut words = crate::host::launch::entry(place, &self.site.programs).unwrap();
        words.extend(["sh", "-c", command].map(OsString::from));
        let output = Command::new(&words[0]).args(&words[1..]).output().unwrap();
        assert!(
            output.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Everything of this world that the machine still has.
    pub(in crate::network) fn traces(&self) -> Vec<String> {
        let mut traces: Vec<String> = names_under(&self.prefix());
        traces.extend(
            owned_under(&self.lineage())
                .unwrap()
                .into_iter()
                .map(|it| it.owner),
        );
        if self.site.folder.exists() {
            traces.push(self.site.folder.display().to_string());
        }
        traces
    }

    /// Stops the servers that tests started.
    pub(in crate::network) fn kill_servers(&self) {
        self.kill(|owner| !owner.ends_with("router"));
    }

    pub(in crate::network) fn kill_holder(&self) {
        self.kill(|owner| owner.ends_with("router"));
    }

    fn kill(&self, which: impl Fn(&str) -> bool) {
        for found in owned_under(&self.lineage()).unwrap_or_default() {
            if which(&found.owner) {
                let pid = rustix::process::Pid::from_raw(found.identity.pid as i32).unwrap();
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                while crate::host::process::is_alive(&found.identity).unwrap_or(false) {
                    std::thread::yield_now();
                }
            }
        }
    }

    pub(in crate::network) fn lineage(&self) -> String {
        format!("test-{}", self.prefix())
    }

    fn prefix(&self) -> String {
        names::environment_prefix(&self.folder.path().canonicalize().unwrap())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.kill(|_| true);
        for name in names_under(&self.prefix()) {
            let _ = Command::new("ip").args(["netns", "delete", &name]).status();
        }
    }
}

fn names_under(prefix: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(Path::new("/run/netns")) else {
        return Vec::new();
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.starts_with(prefix)).collect()
}

pub(in crate::network) fn allow(rules: &[(&str, &str, &[u16])]) -> Allowed {
    let one = |(from, to, ports): &(&str, &str, &[u16])| {
        (
            (Source::from(*from), (*to).to_owned()),
            ports.iter().copied().collect(),
        )
    };
    rules.iter().map(one).collect()
}

/// Not a test of its own: the test binary starts itself as the server inside a namespace, because it is the
/// only program that is surely there.
#[test]
fn listens_when_it_is_asked_to() {
    let Some((_, sockets)) = std::env::vars().find(|(name, _)| name == LISTEN) else {
        return;
    };
    let listeners: Vec<TcpListener> = sockets
        .split(' ')
        .map(|socket| TcpListener::bind(socket).unwrap())
        .collect();
    std::thread::scope(|scope| {
        for listener in &listeners {
            scope.spawn(|| listener.incoming().for_each(drop));
        }
    });
}
