//! Several processes on one environment: they make the tables together, fight for the lease, and are killed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use infra_state::contract::StoreError;

use super::*;
use crate::server::variable;

/// Set for a child that a test starts: the URL of the server. The password in it is a test's.
const URL: &str = "INFRA_STATE_TEST_URL";

/// Set for a child that a test starts: its name.
const NAME: &str = "INFRA_STATE_TEST_NAME";

/// Returns the store and the name of a child, if this process is one.
pub(crate) async fn child() -> Option<(PostgresStore, String)> {
    let request = OpenRequest {
        url: infra_model::sealing::Secret::new(variable(URL)?.to_str()?),
        stack: "shop".to_owned(),
        environment: "local".to_owned(),
    };
    let store = open_with(&request, LeaseClock::Server).await.unwrap();
    Some((store, variable(NAME)?.to_str()?.to_owned()))
}

/// A child that does not outlive its test.
pub(crate) struct Offspring(pub(crate) Child);

impl Drop for Offspring {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the running test as a child on the server of a place.
pub(crate) fn start_child(place: &Place, name: &str) -> Offspring {
    let thread = std::thread::current();
    let child = Command::new(std::env::current_exe().unwrap())
        .args([thread.name().unwrap(), "--exact", "--nocapture"])
        .env(URL, place.server.url("").expose())
        .env(NAME, name)
        .stdout(Stdio::piped())
        .spawn();
    Offspring(child.unwrap())
}

/// Says something to the parent.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Takes the lease again and again, for a moment each time, and commits until it is fenced, without end.
async fn fight(store: PostgresStore, name: &str) {
    for round in 0.. {
        let request = LeaseRequest {
            duration: Duration::from_millis(20),
            ..asked(name, 0)
        };
        let lease = match store.acquire(&request).await {
            Err(StoreError::Held { .. }) => continue,
            lease => lease.unwrap(),
        };
        if store.load().await.unwrap().is_none() {
            match store.initialize(lease.epoch, &sample::header()).await {
                Ok(()) => {}
                Err(StoreError::Fenced { .. }) => continue,
                Err(error) => panic!("{error:?}"),
            }
        }
        for number in 0.. {
            let record = format!("{name}r{round}n{number}");
            match store.commit(lease.epoch, &sample::put(&record, 1)).await {
                Ok(serial) => say(&format!("committed {} {record}", serial.0)),
                Err(StoreError::Fenced { .. }) => break,
                Err(error) => panic!("{error:?}"),
            }
        }
        say("fenced");
    }
}

/// How many commits of each process are heard before it is killed.
const COMMITS_EACH: usize = 70;

/// How often the first one lost the lease before it is killed.
const FENCED_MIN: usize = 6;

/// What children said.
#[derive(Default)]
struct Said {
    commits: BTreeMap<Serial, String>,
    fenced: usize,
}

impl Said {
    fn hear(&mut self, line: &str) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["committed", serial, name] => {
                let serial = Serial(serial.parse().unwrap());
                let before = self.commits.insert(serial, name.to_owned());
                assert_eq!(before, None, "serial {serial} was given twice");
            }
            ["fenced"] => self.fenced += 1,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_fight_for_the_lease_and_are_killed_write_one_history() {
    if let Some((store, name)) = child().await {
        return fight(store, &name).await;
    }
    let place = place!(Place::start());
    let mut children: Vec<Offspring> = ["a", "b", "c"].map(|name| start_child(&place, name)).into();
    let mut outputs: Vec<_> = children
        .iter_mut()
        .map(|child| BufReader::new(child.0.stdout.take().unwrap()).lines())
        .collect();
    let mut said = Said::default();
    // Each is killed in the middle of the fight of the others; the last one fights alone for a while. How often they
    // took the lease from each other until then depends on the machine, so that is waited for.
    for (number, (child, output)) in children.iter_mut().zip(&mut outputs).enumerate() {
        let commits = said.commits.len() + COMMITS_EACH;
        while said.commits.len() < commits || (number == 0 && said.fenced < FENCED_MIN) {
            said.hear(&output.next().expect("it fights until it is killed").unwrap());
        }
        child.0.kill().unwrap();
        child.0.wait().unwrap();
    }
    // What they had said and we had not heard yet was acknowledged too. A last line may be cut.
    for output in outputs {
        let lines: Vec<String> = output.map_while(Result::ok).collect();
        lines.iter().for_each(|line| said.hear(line));
    }

    // Of three commits at most nobody heard: those that the children were killed in.
    let store = place.store().await;
    let history = store.history(Serial(1)).await.unwrap();
    let mut all = said.commits.clone();
    for entry in &history {
        all.entry(entry.serial)
            .or_insert_with(|| name_of(&entry.changes[0].key));
    }
    assert!(
        all.len() <= said.commits.len() + 3,
        "{} {}",
        all.len(),
        said.commits.len()
    );
    check(&store, &all).await;
    assert!(
        history.is_sorted_by_key(|entry| entry.epoch),
        "an old epoch wrote after a new one"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_meet_an_empty_database_make_one_set_of_tables() {
    if let Some((store, name)) = child().await {
        // The tables are made by whoever asks for the lease first; all ask at once.
        let answer = store.acquire(&asked(&name, 3600)).await;
        return match answer {
            Ok(lease) => say(&format!("got epoch {}", lease.epoch.0)),
            Err(StoreError::Held { .. }) => say("refused"),
            Err(error) => say(&format!("failed {error:?}")),
        };
    }
    let place = place!(Place::start());
    let children = ["a", "b", "c", "d"].map(|name| start_child(&place, name));
    let said = children.map(|mut child| {
        let output = std::io::read_to_string(child.0.stdout.take().unwrap()).unwrap();
        let said = output
            .lines()
            .find(|line| ["got", "ref", "fai"].iter().any(|word| line.starts_with(word)));
        said.unwrap_or_default().to_owned()
    });
    let mut said = said.to_vec();
    said.sort();
    assert_eq!(said, ["got epoch 1", "refused", "refused", "refused"]);
}
