//! Of several who take the lease at once exactly one gets it: tasks and processes, on every service.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use infra_model::journal::Epoch;

use super::servers::{Server, variable};
use super::*;

/// How many contend for the lease.
const CONTENDERS: usize = 6;

/// How often they do.
const ROUNDS: u64 = 12;

/// Lets contenders take the lease at once, again and again, each time after the last holder's time was over, and lets
/// the winner and all former ones write.
async fn contend(request: &OpenRequest) {
    let mut stores = Vec::new();
    let mut epochs = [Epoch(0); CONTENDERS];
    for _ in 0..CONTENDERS {
        stores.push(open(request).await.unwrap());
    }
    for round in 0..ROUNDS {
        let mut contest = tokio::task::JoinSet::new();
        for (number, store) in stores.iter().enumerate() {
            let store = store.clone();
            let ask = sample::request(&format!("contender {number}"), sample::at(round * 100));
            contest.spawn(async move { (number, store.acquire(&ask).await) });
        }
        let mut winners = Vec::new();
        for (number, result) in contest.join_all().await {
            match result {
                Ok(lease) => winners.push((number, lease)),
                Err(StoreError::Held { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        let [(winner, lease)] = &winners[..] else {
            panic!("not one winner: {winners:?}");
        };
        assert_eq!(lease.epoch, Epoch(round + 1));
        if round == 0 {
            stores[*winner]
                .initialize(lease.epoch, &sample::header())
                .await
                .unwrap();
        }
        epochs[*winner] = lease.epoch;
        everybody_writes(&stores, &epochs, *winner).await;
    }
    let state = open(request).await.unwrap().load().await.unwrap().unwrap();
    assert_eq!((state.serial, state.records.len()), (Serial(ROUNDS), 1));
}

/// Lets everybody write under the lease that it had last.
async fn everybody_writes(stores: &[ObjectStore], epochs: &[Epoch], winner: usize) {
    let mut writers = tokio::task::JoinSet::new();
    for (number, store) in stores.iter().enumerate() {
        let (store, epoch) = (store.clone(), epochs[number]);
        writers.spawn(async move { (number, store.commit(epoch, &sample::put("main", 1)).await) });
    }
    for (number, result) in writers.join_all().await {
        assert_eq!(result.is_ok(), number == winner, "{number}: {result:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_tasks_wins_in_a_folder() {
    contend(&Folder::new().request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_tasks_wins_on_s3() {
    let Some(server) = Server::moto("one_of_many_tasks_wins_on_s3").await else {
        return;
    };
    contend(&server.place().0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_tasks_wins_on_azure_blob() {
    let Some(server) = Server::azurite("one_of_many_tasks_wins_on_azure_blob").await else {
        return;
    };
    contend(&server.place().0).await;
}

/// Set for the processes that a test starts: the place, as lines of address, path and options.
const PLACE: &str = "INFRA_STATE_TEST_PLACE";

/// A process that takes the lease when it is told to, and says what came of it.
struct Contender {
    child: Child,
    orders: ChildStdin,
    said: std::io::Lines<BufReader<ChildStdout>>,
}

impl Contender {
    fn start(test: &str, request: &OpenRequest) -> Self {
        let options = request.options.iter();
        let options = options.map(|(option, value)| format!("\n{option}={}", value.expose()));
        let place = format!("{}\n{}{}", request.url, request.path, options.collect::<String>());
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(PLACE, place)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Contender {
            orders: child.stdin.take().unwrap(),
            said: BufReader::new(child.stdout.take().unwrap()).lines(),
            child,
        }
    }

    fn order(&mut self, round: u64) {
        writeln!(self.orders, "{round}").unwrap();
    }

    /// Waits for what it says of the round. Test runners say things of their own.
    fn hear(&mut self, round: u64) -> bool {
        let opening = format!("round {round} ");
        loop {
            let line = self.said.next().expect("it says something").unwrap();
            if let Some((_, won)) = line.split_once(&opening) {
                return won == "won";
            }
        }
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a contender does: takes the lease in each round it is told of, and changes the state if it got it.
async fn obey(place: &str) {
    let mut lines = place.lines();
    let request = OpenRequest {
        url: lines.next().unwrap().to_owned(),
        path: lines.next().unwrap().to_owned(),
        options: lines
            .filter_map(|line| line.split_once('='))
            .map(|(option, value)| (option.to_owned(), Secret::new(value)))
            .collect(),
    };
    let store = open(&request).await.unwrap();
    for line in std::io::stdin().lines() {
        let round: u64 = line.unwrap().parse().unwrap();
        let asked = sample::request("contender", sample::at(round * 100));
        let won = match store.acquire(&asked).await {
            Ok(lease) => {
                let put = sample::put("main", 1);
                if round == 0 {
                    store.initialize(lease.epoch, &sample::header()).await.unwrap();
                }
                store.commit(lease.epoch, &put).await.unwrap();
                "won"
            }
            Err(StoreError::Held { .. }) => "lost",
            Err(other) => panic!("{other:?}"),
        };
        println!("round {round} {won}");
    }
}

async fn contend_as_processes(test: &str, request: &OpenRequest) {
    let test = format!("{}::{test}", module_path!().split_once("::").unwrap().1);
    let mut contenders: Vec<_> = (0..3).map(|_| Contender::start(&test, request)).collect();
    for round in 0..ROUNDS {
        contenders.iter_mut().for_each(|contender| contender.order(round));
        let winners = contenders
            .iter_mut()
            .filter_map(|contender| contender.hear(round).then_some(()));
        assert_eq!(winners.count(), 1, "in round {round}");
    }
    let state = open(request).await.unwrap().load().await.unwrap().unwrap();
    assert_eq!(state.serial, Serial(ROUNDS));
}

fn own_place() -> Option<String> {
    variable(PLACE).map(|place| place.into_string().unwrap())
}

#[tokio::test]
async fn one_of_many_processes_wins_in_a_folder() {
    if let Some(place) = own_place() {
        return obey(&place).await;
    }
    let folder = Folder::new();
    contend_as_processes("one_of_many_processes_wins_in_a_folder", &folder.request()).await;
}

#[tokio::test]
async fn one_of_many_processes_wins_on_s3() {
    let test = "one_of_many_processes_wins_on_s3";
    if let Some(place) = own_place() {
        return obey(&place).await;
    }
    if let Some(server) = Server::moto(test).await {
        contend_as_processes(test, &server.place().0).await;
    }
}
