//! PgBouncer before a real server.

use infra_provider::ownership::OwnershipTag;
use infra_provider::sql::database::Database;
use provider_local::host::launch::Place;
use provider_local::host::programs::Programs;
use provider_local::postgres::database;
use provider_local::postgres::pooler::configuration::{Mode, PoolerConfiguration};
use provider_local::postgres::pooler::process::{Pooler, PoolerError, is_healthy, reload, start, stop};
use provider_local::postgres::pooler::{locate, lookup};
use provider_local::postgres::primary;
use provider_local::postgres::role::{self, Role};
use provider_local::postgres::server::Server;

use crate::harness::{LogIn, Scratch, free_port, log_in, scratch, servers_folder, session, templates};

fn tag() -> OwnershipTag {
    "l1 t1 postgres.main/local.postgres.pooler.main".parse().unwrap()
}

async fn set_password(main: &Server, password: &str) {
    role::ensure(
        &session(main).await,
        &Role {
            name: "app",
            password,
            tag: &tag(),
        },
    )
    .await
    .unwrap();
}

async fn make(scratch: &Scratch) -> Option<(Server, Pooler)> {
    let installation = match locate(&servers_folder(), &Programs::default()).await {
        Ok(installation) => installation,
        Err(error) => {
            println!("skipped: {error}");
            return None;
        }
    };
    let main = scratch.primary("main");
    primary::create(&main, &templates(), &scratch.tools)
        .await
        .unwrap();
    set_password(&main, "first").await;
    let app = Database {
        name: "app".to_owned(),
        owner: "app".to_owned(),
        extensions: Vec::new(),
        access: [].into(),
    };
    database::create(&main.endpoint(), &app, &tag()).await.unwrap();
    lookup::ensure(&main.endpoint(), &installation).await.unwrap();
    let root = scratch.root.path();
    let configuration = PoolerConfiguration {
        folder: root.join("pooler"),
        sockets: root.join("run/pooler"),
        listen: vec!["127.0.0.1".parse().unwrap()],
        port: free_port(),
        upstream: main.endpoint(),
        mode: Mode::Transaction,
        size: 5,
        clients_max: 50,
        tls: None,
    };
    let owner = format!("{} {}", tag(), root.display());
    Some((
        main,
        Pooler {
            configuration,
            installation,
            owner,
            place: Place::Host,
        },
    ))
}

async fn select(pooler: &Pooler, password: &str) -> Result<i32, String> {
    let endpoint = pooler.configuration.endpoint();
    let session = log_in(&LogIn {
        endpoint: &endpoint,
        database: "app",
        role: "app",
        password,
    })
    .await?;
    // Prepared, so that transaction mode must keep prepared statements apart.
    let statement = session
        .prepare("select $1::int + 1")
        .await
        .map_err(|error| error.to_string())?;
    session
        .query_one(&statement, &[&41])
        .await
        .map(|row| row.get(0))
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_rotated_password_goes_through_without_a_change() {
    let Some(scratch) = scratch().await else { return };
    let Some((main, pooler)) = make(&scratch).await else {
        return;
    };
    let programs = Programs::default();
    start(&pooler, &programs).await.unwrap();
    assert_eq!(select(&pooler, "first").await, Ok(42));
    set_password(&main, "second").await;
    assert!(select(&pooler, "first").await.is_err());
    assert_eq!(select(&pooler, "second").await, Ok(42));
    stop_it(&pooler).await;
    assert!(
        !is_healthy(
            &pooler.configuration.endpoint(),
            std::time::Duration::from_secs(1)
        )
        .await
    );
    assert!(std::net::TcpListener::bind(("127.0.0.1", pooler.configuration.port)).is_ok());
}

async fn stop_it(pooler: &Pooler) {
    let endpoint = pooler.configuration.endpoint();
    stop(&endpoint, &pooler.configuration.folder, &pooler.owner)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_transaction_comes_to_its_end_before_its_pooler_does() {
    let Some(scratch) = scratch().await else { return };
    let Some((_main, pooler)) = make(&scratch).await else {
        return;
    };
    start(&pooler, &Programs::default()).await.unwrap();
    let client = log_in(&LogIn {
        endpoint: &pooler.configuration.endpoint(),
        database: "app",
        role: "app",
        password: "first",
    })
    .await
    .unwrap();
    client
        .batch_execute("begin; create table kept (number int)")
        .await
        .unwrap();
    let log = pooler.configuration.log();
    let committed = async {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(5));
        while !std::fs::read_to_string(&log)
            .unwrap()
            .contains("PAUSE command issued")
        {
            pace.tick().await;
        }
        client.batch_execute("commit").await
    };
    let ((), committed) = tokio::join!(stop_it(&pooler), committed);
    committed.unwrap();
}

#[tokio::test]
async fn nobody_gets_through_as_a_system_role() {
    let Some(scratch) = scratch().await else { return };
    let Some((_main, pooler)) = make(&scratch).await else {
        return;
    };
    start(&pooler, &Programs::default()).await.unwrap();
    let endpoint = pooler.configuration.endpoint();
    for role in ["infra", "infra_pooler", "infra_replication"] {
        let refused = log_in(&LogIn {
            endpoint: &endpoint,
            database: "app",
            role,
            password: "",
        })
        .await;
        assert!(refused.is_err(), "{role}");
    }
}

#[tokio::test]
async fn a_killed_pooler_starts_again_and_an_orphan_is_found() {
    let Some(scratch) = scratch().await else { return };
    let Some((_main, mut pooler)) = make(&scratch).await else {
        return;
    };
    let programs = Programs::default();
    let first = start(&pooler, &programs).await.unwrap();
    std::fs::remove_file(pooler.configuration.folder.join("process.json")).unwrap();
    assert_eq!(start(&pooler, &programs).await.unwrap(), first);
    pooler.configuration.mode = Mode::Session;
    reload(&pooler).await.unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(first.pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    while provider_local::host::process::is_alive(&first).unwrap() {
        tokio::task::yield_now().await;
    }
    assert_ne!(start(&pooler, &programs).await.unwrap(), first);
    assert_eq!(select(&pooler, "first").await, Ok(42));
}

#[tokio::test]
async fn a_busy_port_names_its_holder() {
    let Some(scratch) = scratch().await else { return };
    let Some((_main, pooler)) = make(&scratch).await else {
        return;
    };
    let _taken = std::net::TcpListener::bind(("127.0.0.1", pooler.configuration.port)).unwrap();
    let error = start(&pooler, &Programs::default()).await.unwrap_err();
    assert!(
        matches!(&error, PoolerError::BusyPort { holder: Some(_), .. }),
        "{error}"
    );
}
