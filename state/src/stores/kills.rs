//! Processes that are killed while they write to a store: what they said was acknowledged, against what the store has
//! afterwards.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use infra_model::clock::Timestamp;
use infra_model::journal::{HistoryEntry, IntentId};
use infra_model::record::Serial;

use crate::conformance::{SharedStore, sample};
use crate::contract::State;
use crate::history::verify_chain;

/// Set for the processes that a test starts: what they write to.
const PLACE: &str = "INFRA_STATE_TEST_PLACE";

/// Returns what this process is to write to, if a test started it to be killed.
#[expect(
    clippy::disallowed_methods,
    reason = "how a test binary learns that it was started by itself"
)]
pub(crate) fn place() -> Option<OsString> {
    std::env::var_os(PLACE)
}

/// What a process said before it was killed.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The intents, by the identity that the store answered.
    pub(crate) intents: BTreeMap<IntentId, String>,
    /// The commits, by the serial that the store answered.
    pub(crate) commits: BTreeMap<Serial, String>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["appended", id, name] => self
                .intents
                .insert(IntentId(id.parse().unwrap()), name.to_owned()),
            ["committed", serial, name] => self
                .commits
                .insert(Serial(serial.parse().unwrap()), name.to_owned()),
            _ => None,
        };
    }

    /// Checks that a state and its history have all that was acknowledged.
    pub(crate) fn is_kept(&self, state: &State, history: &[HistoryEntry]) {
        for (serial, name) in &self.commits {
            let entry = &history[serial.0 as usize - 1];
            assert_eq!(
                (entry.serial, &entry.changes[0].key),
                (*serial, &sample::key(name))
            );
            assert_eq!(state.records[&sample::key(name)].serial, *serial);
        }
        let open: BTreeMap<IntentId, _> = state.open_intents.iter().map(|open| (open.id, open)).collect();
        for (id, name) in &self.intents {
            match open.get(id) {
                Some(open) => assert_eq!(open.intent.key, sample::key(name)),
                None => assert!(state.records.contains_key(&sample::key(name)), "{id:?} {name}"),
            }
        }
    }

    fn len(&self) -> usize {
        self.intents.len() + self.commits.len()
    }
}

/// Takes the lease, then appends and commits with four writers until it is killed, and says what was acknowledged.
pub(crate) async fn write_until_killed(store: SharedStore, now: Timestamp) {
    let lease = store.acquire(&sample::request("child", now)).await.unwrap();
    if store.load().await.unwrap().is_none() {
        store.initialize(lease.epoch, &sample::header()).await.unwrap();
    }
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..4 {
        let (store, epoch) = (store.clone(), lease.epoch);
        writers.spawn(async move {
            for number in 0.. {
                let name = format!("e{}w{writer}n{number}", epoch.0);
                let id = store
                    .append(epoch, &sample::intent(&name, sample::at(1)))
                    .await
                    .unwrap();
                say(&format!("appended {} {name}", id.0));
                let serial = store.commit(epoch, &sample::done(id, &name)).await.unwrap();
                say(&format!("committed {} {name}", serial.0));
            }
        });
    }
    writers.join_all().await;
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Starts a test as a child, kills it after it said `lines` things, and adds what it said. The test is named by its
/// module's path and its own name.
pub(crate) fn start_and_kill(
    (module, test): (&str, &str),
    place: impl Into<OsString>,
    lines: usize,
    said: &mut Said,
) {
    let (_crate, module) = module.split_once("::").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([&format!("{module}::{test}"), "--exact", "--nocapture"])
        .env(PLACE, place.into())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let enough = said.len() + lines;
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines();
    while said.len() < enough {
        said.hear(&out.next().expect("the child writes until it is killed").unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it had said and we had not heard yet was acknowledged too. The last line may be cut.
    for line in out.map_while(Result::ok) {
        said.hear(&line);
    }
}

/// Checks that a store has all that was acknowledged, once.
pub(crate) async fn check(store: SharedStore, said: &Said) {
    let state = store.load().await.unwrap().unwrap();
    let history = store.history(Serial(1)).await.unwrap();
    verify_chain(&history).unwrap();
    assert_eq!(history.len() as u64, state.serial.0);
    said.is_kept(&state, &history);
    assert_eq!(history.len(), state.records.len());
}
