//! A pooler between the stores and the server, which gives every transaction to another connection.

use std::fs;
use std::process::Stdio;

use infra_model::sealing::Secret;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::*;
use crate::processes::Offspring;
use crate::server::{PASSWORD, as_nobody, free_port, servers_folder, skip};

/// Starts PgBouncer before the server of a place, and returns its port.
async fn start(place: &Place) -> Option<(Offspring, u16)> {
    let program = servers_folder().join("pgbouncer/bin/pgbouncer");
    if !program.is_file() {
        let thread = std::thread::current();
        skip(
            thread.name().unwrap_or("pooler"),
            "no PgBouncer is installed; run: scripts/install-servers",
        );
        return None;
    }
    let port = free_port();
    let file = place.server.path("pgbouncer.ini");
    let server = place.server.port;
    let text = format!(
        "[databases]\npostgres = host=127.0.0.1 port={server} user=infra password={PASSWORD}\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
         pool_mode = transaction\ndefault_pool_size = 3\nserver_round_robin = 1\n"
    );
    fs::write(&file, text).unwrap();
    let child = as_nobody(&program)
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let pooler = Offspring(child.unwrap());
    let connect = async || TcpStream::connect(("127.0.0.1", port)).await;
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    while connect().await.is_err() {
        pace.tick().await;
    }
    Some((pooler, port))
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_work_through_a_pooler_that_pools_transactions() {
    let place = place!(Place::start());
    let (_pooler, port) = place!(start(&place).await);
    let direct = format!(":{}/", place.server.port);
    let url = place
        .server
        .url("sslmode=disable")
        .expose()
        .replace(&direct, &format!(":{port}/"));
    let request = OpenRequest {
        url: Secret::new(url),
        ..place.request()
    };
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(Arc::new(open_with(&request, LeaseClock::Server).await.unwrap()));
    }
    let lease = begin(&stores[0]).await;
    let mut writers = JoinSet::new();
    for number in 0..40 {
        let (store, epoch) = (stores[number % 4].clone(), lease.epoch);
        writers.spawn(async move {
            let name = format!("r{number}");
            let id = store
                .append(epoch, &sample::intent(&name, sample::at(1)))
                .await
                .unwrap();
            (store.commit(epoch, &sample::done(id, &name)).await.unwrap(), name)
        });
    }
    let acknowledged: BTreeMap<Serial, String> = writers.join_all().await.into_iter().collect();
    check(&stores[1], &acknowledged).await;
    assert!(stores[2].load().await.unwrap().unwrap().open_intents.is_empty());
}
