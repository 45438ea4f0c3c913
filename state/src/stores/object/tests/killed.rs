//! A process that is killed while it writes to a folder loses nothing that was acknowledged.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use infra_model::journal::IntentId;

use super::servers::variable;
use super::*;
use crate::history::verify_chain;

/// Set for the processes that the test starts: which round it is, and the folder.
const ROUND: &str = "INFRA_STATE_TEST_ROUND";

/// What a process said before it was killed.
#[derive(Debug, Default)]
struct Said {
    intents: BTreeMap<IntentId, String>,
    commits: BTreeMap<Serial, String>,
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

    fn len(&self) -> usize {
        self.intents.len() + self.commits.len()
    }
}

fn request(folder: &str) -> OpenRequest {
    OpenRequest {
        url: format!("file://{folder}"),
        options: BTreeMap::new(),
        path: "shop/local".to_owned(),
    }
}

async fn open_small(folder: &str) -> ObjectStore {
    let bucket = connect::connect(&request(folder)).await.unwrap();
    ObjectStore::over(bucket, SMALL).unwrap()
}

/// Appends and commits with four writers until it is killed, and says what was acknowledged.
async fn write_until_killed(round: u64, folder: &str) {
    let store = open_small(folder).await;
    let asked = sample::request("child", sample::at(round * 100));
    let lease = store.acquire(&asked).await.unwrap();
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

/// Starts this test as a child, kills it after it said `lines` things, and adds what it said.
fn start_and_kill(test: &str, round: u64, folder: &str, lines: usize, said: &mut Said) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(ROUND, format!("{round} {folder}"))
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

async fn check(folder: &str, said: &Said) {
    let store = open_small(folder).await;
    let state = store.load().await.unwrap().unwrap();
    let history = store.history(Serial(1)).await.unwrap();
    verify_chain(&history).unwrap();
    assert_eq!(history.len() as u64, state.serial.0);
    for (serial, name) in &said.commits {
        let entry = &history[serial.0 as usize - 1];
        assert_eq!(
            (entry.serial, &entry.changes[0].key),
            (*serial, &sample::key(name))
        );
        assert_eq!(state.records[&sample::key(name)].serial, *serial);
    }
    let open: BTreeMap<IntentId, _> = state.open_intents.iter().map(|open| (open.id, open)).collect();
    for (id, name) in &said.intents {
        match open.get(id) {
            Some(open) => assert_eq!(open.intent.key, sample::key(name)),
            None => assert!(state.records.contains_key(&sample::key(name)), "{id:?} {name}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_lose_nothing_that_was_acknowledged() {
    if let Some(place) = variable(ROUND) {
        let place = place.into_string().unwrap();
        let (round, folder) = place.split_once(' ').unwrap();
        return write_until_killed(round.parse().unwrap(), folder).await;
    }
    let module = module_path!().split_once("::").unwrap().1;
    let test = format!("{module}::ten_kills_lose_nothing_that_was_acknowledged");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let mut said = Said::default();
    for round in 0..10 {
        start_and_kill(&test, round, folder, 30 + round as usize * 11, &mut said);
        check(folder, &said).await;
    }
    assert!(said.commits.len() > 200, "{}", said.commits.len());
}
