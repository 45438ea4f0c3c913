//! A process that is killed loses nothing that was acknowledged, and holds nothing any more.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use infra_model::journal::IntentId;

use super::*;

/// Set for the child that a test starts: the folder of the store that it writes to.
const FOLDER: &str = "INFRA_STATE_TEST_FOLDER";

#[expect(
    clippy::disallowed_methods,
    reason = "how a test binary learns that it was started by itself"
)]
fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// What a child said before it was killed.
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

/// Appends and commits with four writers until it is killed, and says what was acknowledged.
async fn write_until_killed(path: &Path) {
    let store = Arc::new(open(&request(path)).unwrap());
    let lease = store
        .acquire(&sample::request("child", sample::at(0)))
        .await
        .unwrap();
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
fn start_and_kill(test: &str, path: &Path, lines: usize, said: &mut Said) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env(FOLDER, path)
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

async fn check(place: &Place, said: &Said) {
    let store = place.open();
    let state = store.load().await.unwrap().unwrap();
    let history = store.history(Serial(1)).await.unwrap();
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
    assert_eq!(history.len(), state.records.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_lose_nothing_that_was_acknowledged() {
    if let Some(path) = folder() {
        return write_until_killed(&path).await;
    }
    let test = format!("{}::ten_kills_lose_nothing_that_was_acknowledged", module());
    let place = Place::new();
    let mut said = Said::default();
    for round in 0..10 {
        start_and_kill(&test, &place.path(), 40 + round * 17, &mut said);
        check(&place, &said).await;
    }
    assert!(said.commits.len() > 300, "{}", said.commits.len());
}

/// The path of this module as test binaries name it.
fn module() -> &'static str {
    module_path!().split_once("::").unwrap().1
}
