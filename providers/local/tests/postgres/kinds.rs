//! The resource kinds, from what lowering makes of a component to servers that answer, and back to nothing.

use std::collections::BTreeMap;

use infra_model::component::postgres::{Access, Backup, Database, PoolMode, Pooler, Postgres, Role};
use infra_model::component::{Component, ComponentSpec, Size};
use infra_model::resource::Desired;
use infra_model::snapshot::{Condition, Observation};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::Lowered;
use rustix::process::{Pid, Signal, kill_process};

use crate::environment::{Environment, component, elapsed_ms, environment, now};

fn postgres() -> Postgres {
    Postgres {
        version: 16,
        segment: None,
        size: Size::Tiny,
        storage_gb: 1,
        replicas: 2,
        high_availability: false,
        extensions: vec!["vector".to_owned(), "uuid-ossp".to_owned()],
        parameters: Attributes::new(),
        pooler: Some(Pooler {
            mode: PoolMode::Transaction,
            size: 5,
            clients_max: 50,
        }),
        databases: BTreeMap::from([(
            "app".to_owned(),
            Database {
                owner: "app".to_owned(),
                seeds: Vec::new(),
            },
        )]),
        roles: BTreeMap::from([("readonly".to_owned(), Role { access: Access::Read })]),
        backup: Backup {
            retention_days: 7,
            point_in_time: true,
        },
    }
}

fn main_component(postgres: Postgres) -> Component {
    component("postgres", ComponentSpec::Postgres(postgres))
}

fn lowered(environment: &Environment, postgres: Postgres) -> Lowered {
    environment.lower(&[main_component(postgres)])
}

fn resource<'a>(lowered: &'a Lowered, name: &str) -> &'a Desired {
    lowered
        .resources
        .iter()
        .find(|one| one.address.as_str().ends_with(name))
        .unwrap()
}

pub(crate) async fn query(url: &str, statement: &str) -> Result<String, String> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .map_err(|error| {
            error
                .as_db_error()
                .map_or_else(|| error.to_string(), |answer| answer.message().to_owned())
        })?;
    tokio::spawn(connection);
    let messages = client
        .simple_query(statement)
        .await
        .map_err(|error| match error.as_db_error() {
            Some(answer) => answer.message().to_owned(),
            None => error.to_string(),
        })?;
    let row = messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    Ok(row.unwrap_or_default())
}

async fn until(url: &str, statement: &str, wanted: &str) {
    let wait = async {
        let mut pace = tokio::time::interval(std::time::Duration::from_millis(10));
        while query(url, statement).await.as_deref() != Ok(wanted) {
            pace.tick().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait)
        .await
        .expect(statement);
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
    while provider_local::host::process::identify(pid).unwrap().is_some() {
        std::thread::yield_now();
    }
}

fn secrets(environment: &Environment) -> Vec<String> {
    let passwords = environment
        .made
        .values()
        .filter_map(|made| match made.inputs.get("password") {
            Some(Value::Secret(secret)) => Some(secret.expose().to_owned()),
            _ => None,
        });
    passwords.collect()
}

#[tokio::test]
async fn a_cluster_comes_up_is_seen_as_it_was_made_and_goes_without_a_trace() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = lowered(&environment, postgres());
    let start = now();
    environment.create(&lowered).await;
    println!("created in {} ms", elapsed_ms(start));
    let start = now();
    assert_eq!(environment.drift().await, [] as [&str; 0]);
    println!("observed in {} ms", elapsed_ms(start));

    let url = environment.export(&lowered, "url");
    query(
        &url,
        "create table t as select 42 as n; create extension if not exists vector",
    )
    .await
    .unwrap();
    let tcp_url = environment.export(&lowered, "tcp_url");
    assert_eq!(query(&tcp_url, "select n from t").await.unwrap(), "42");
    assert!(
        offers_tls(&environment.export(&lowered, "port")),
        "TLS on the port of the server"
    );
    assert_eq!(
        query(&environment.export(&lowered, "pooler_url"), "select n from t")
            .await
            .unwrap(),
        "42"
    );
    for replica in ["replica_urls.0", "replica_urls.1"] {
        until(&environment.export(&lowered, replica), "select n from t", "42").await;
    }
    let readonly = environment.export(&lowered, "role.readonly.url");
    assert_eq!(query(&readonly, "select n from t").await.unwrap(), "42");
    assert_eq!(
        query(&readonly, "drop table t").await.unwrap_err(),
        "must be owner of table t"
    );
    assert_eq!(
        query(
            &environment.export(&lowered, "database.app.url"),
            "select current_user"
        )
        .await
        .unwrap(),
        "app"
    );

    assert_eq!(secrets(&environment).len(), 2);
    for secret in secrets(&environment) {
        let grep = std::process::Command::new("grep")
            .args(["-rlF", &secret])
            .arg(&environment.folder)
            .output();
        assert_eq!(String::from_utf8(grep.unwrap().stdout).unwrap(), "");
    }

    let start = now();
    environment.destroy(&lowered).await;
    println!("destroyed in {} ms", elapsed_ms(start));
    assert_eq!(environment.processes(), [] as [u32; 0]);
    let left: Vec<_> = walk(&environment.folder);
    assert!(left.is_empty(), "{left:?}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            if path.is_dir() { walk(&path) } else { vec![path] }
        })
        .collect()
}

/// Asks for TLS as every client does before its first message; the server answers with one letter.
fn offers_tls(port: &str) -> bool {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
    let mut answer = [0];
    stream.read_exact(&mut answer).unwrap();
    answer == *b"S"
}

#[tokio::test]
async fn each_killed_server_alone_is_drift_and_an_update_repairs_it() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = lowered(&environment, postgres());
    environment.create(&lowered).await;
    let url = environment.export(&lowered, "url");
    query(&url, "create table t as select 1 as n").await.unwrap();
    let parts = [
        ("main", "server.primary", "primary: status is \"stopped\""),
        (
            "main-replica-1",
            "replica.replica-1",
            "replica-1: status is \"stopped\"",
        ),
        ("main-pooler", "pooler.pooler", "pooler: status is \"stopped\""),
    ];
    for (server, name, drift) in parts {
        let (_, pid) = environment
            .servers()
            .into_iter()
            .find(|(found, _)| found == server)
            .unwrap();
        kill(pid);
        assert_eq!(environment.drift().await, [drift]);
        environment
            .update(resource(&lowered, name), &["status"])
            .await
            .unwrap();
        assert_eq!(environment.drift().await, [] as [&str; 0]);
    }
    query(&url, "insert into t values (2)").await.unwrap();
    until(
        &environment.export(&lowered, "replica_urls.0"),
        "select count(*) from t",
        "2",
    )
    .await;
}

#[tokio::test]
async fn parameters_need_a_reload_or_a_restart() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let small = Postgres {
        replicas: 1,
        pooler: None,
        ..postgres()
    };
    let before = lowered(&environment, small.clone());
    environment.create(&before).await;
    let url = environment.export(&before, "url");

    let mut wanted = small;
    wanted
        .parameters
        .insert("work_mem".to_owned(), Value::from("9MB"));
    let after = lowered(&environment, wanted.clone());
    let (_, pid) = environment.servers()[0].clone();
    environment
        .update(resource(&after, "server.primary"), &["parameters"])
        .await
        .unwrap();
    assert_eq!(query(&url, "show work_mem").await.unwrap(), "9MB");
    assert_eq!(environment.servers()[0].1, pid);

    wanted
        .parameters
        .insert("max_connections".to_owned(), Value::from(77_i64));
    let after = lowered(&environment, wanted.clone());
    for part in ["server.primary", "replica.replica-1"] {
        environment
            .update(resource(&after, part), &["parameters", "static_parameters"])
            .await
            .unwrap();
    }
    assert_eq!(query(&url, "show max_connections").await.unwrap(), "77");
    assert_ne!(environment.servers()[0].1, pid);
    assert_eq!(environment.drift().await, [] as [&str; 0]);

    // Less than before: a replica starts with it only after it heard of it.
    wanted
        .parameters
        .insert("max_connections".to_owned(), Value::from(60_i64));
    let after = lowered(&environment, wanted);
    for part in ["server.primary", "replica.replica-1"] {
        environment
            .update(resource(&after, part), &["static_parameters"])
            .await
            .unwrap();
    }
    assert_eq!(
        query(
            &environment.export(&after, "replica_urls.0"),
            "show max_connections"
        )
        .await
        .unwrap(),
        "60"
    );
}

#[tokio::test]
async fn a_parameter_that_somebody_overrides_is_drift_and_is_taken_back() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let mut wanted = Postgres {
        replicas: 0,
        pooler: None,
        ..postgres()
    };
    wanted
        .parameters
        .insert("work_mem".to_owned(), Value::from("9MB"));
    let after = lowered(&environment, wanted);
    environment.create(&after).await;
    let url = environment.export(&after, "url");
    let socket = environment.folder.join("run/main");
    let engine = format!(
        "host={} port={} user=infra dbname=postgres",
        socket.display(),
        environment.export(&after, "port")
    );
    query(&engine, "alter system set work_mem = '3MB'").await.unwrap();
    query(&engine, "select pg_reload_conf()").await.unwrap();
    until(&engine, "show work_mem", "3MB").await;
    let drift = environment.drift().await;
    assert_eq!(drift.len(), 1, "{drift:?}");
    assert!(drift[0].contains(r#""work_mem": "3MB""#), "{drift:?}");
    environment
        .update(resource(&after, "server.primary"), &["parameters"])
        .await
        .unwrap();
    assert_eq!(environment.drift().await, [] as [&str; 0]);
    assert_eq!(query(&url, "show work_mem").await.unwrap(), "9MB");
}

#[tokio::test]
async fn a_parameter_that_the_server_refuses_changes_nothing() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let small = Postgres {
        replicas: 0,
        pooler: None,
        ..postgres()
    };
    environment.create(&lowered(&environment, small.clone())).await;
    let mut wanted = small;
    wanted
        .parameters
        .insert("log_statement".to_owned(), Value::from("many"));
    let after = lowered(&environment, wanted);
    let error = environment
        .update(resource(&after, "server.primary"), &["parameters"])
        .await
        .unwrap_err();
    assert_eq!(error.effect, infra_provider::error::Effect::None);
    assert!(
        error
            .message
            .contains(r#"invalid value for parameter "log_statement": "many""#),
        "{error}"
    );
    assert_eq!(environment.drift().await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_rotated_password_reaches_the_role_and_passes_the_pooler() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = lowered(
        &environment,
        Postgres {
            replicas: 0,
            ..postgres()
        },
    );
    environment.create(&lowered).await;
    let old = environment.export(&lowered, "pooler_url");
    assert_eq!(query(&old, "select 1").await.unwrap(), "1");
    let mut secret = resource(&lowered, "secret.app").clone();
    secret.inputs.insert("rotation".to_owned(), Value::from(1_i64));
    environment.update(&secret, &["rotation"]).await.unwrap();
    environment
        .update(resource(&lowered, "role.app"), &["password"])
        .await
        .unwrap();
    let new = environment.export(&lowered, "pooler_url");
    assert_ne!(old, new);
    assert_eq!(query(&new, "select 1").await.unwrap(), "1");
    assert!(query(&old, "select 1").await.is_err());
    assert_eq!(environment.drift().await, [] as [&str; 0]);
}

#[tokio::test]
async fn replicas_come_and_go_with_their_slots() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let two = lowered(
        &environment,
        Postgres {
            pooler: None,
            ..postgres()
        },
    );
    environment.create(&two).await;
    let slots = "select count(*) from pg_replication_slots";
    let url = environment.export(&two, "url");
    assert_eq!(query(&url, slots).await.unwrap(), "2");
    environment
        .delete(&resource(&two, "replica-2").address.clone())
        .await
        .unwrap();
    assert_eq!(query(&url, slots).await.unwrap(), "1");

    // A replica that goes while its primary is down leaves a slot, which the next start removes.
    kill(environment.servers()[0].1);
    environment
        .delete(&resource(&two, "replica-1").address.clone())
        .await
        .unwrap();
    environment
        .update(resource(&two, "server.primary"), &["status"])
        .await
        .unwrap();
    assert_eq!(query(&url, slots).await.unwrap(), "0");
    let one = lowered(
        &environment,
        Postgres {
            replicas: 1,
            pooler: None,
            ..postgres()
        },
    );
    let request = environment.create_request(resource(&one, "replica-1"));
    environment
        .kind(&request.tag.address)
        .create(&request)
        .await
        .unwrap();
    assert_eq!(query(&url, slots).await.unwrap(), "1");
}

#[tokio::test]
async fn a_replica_comes_up_after_its_primary_was_given_less() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let mut wanted = Postgres {
        replicas: 1,
        pooler: None,
        ..postgres()
    };
    wanted
        .parameters
        .insert("max_connections".to_owned(), Value::from(150_i64));
    let more = lowered(&environment, wanted.clone());
    let primary = resource(&more, "server.primary").clone();
    let request = environment.create_request(&primary);
    let applied = environment.kind(&primary.address).create(&request).await.unwrap();
    let made = crate::environment::Made {
        applied,
        inputs: request.inputs,
    };
    environment.made.insert(primary.address, made);
    wanted
        .parameters
        .insert("max_connections".to_owned(), Value::from(60_i64));
    let less = lowered(&environment, wanted);
    environment
        .update(resource(&less, "server.primary"), &["static_parameters"])
        .await
        .unwrap();
    let request = environment.create_request(resource(&less, "replica-1"));
    let applied = environment
        .kind(&request.tag.address)
        .create(&request)
        .await
        .unwrap();
    let made = crate::environment::Made {
        applied,
        inputs: request.inputs,
    };
    environment.made.insert(request.tag.address, made);
    assert_eq!(environment.drift().await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_replica_that_was_promoted_or_paused_is_drift_and_follows_again() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = lowered(
        &environment,
        Postgres {
            replicas: 1,
            pooler: None,
            ..postgres()
        },
    );
    environment.create(&lowered).await;
    let replica = resource(&lowered, "replica.replica-1").clone();
    let outputs = environment.made[&replica.address].applied.outputs.clone();
    let socket = environment.folder.join("run/main-replica-1");
    let port = outputs["port"].as_int().unwrap();
    let engine = format!("host={} port={port} user=infra dbname=postgres", socket.display());
    for (statement, status) in [
        ("select pg_wal_replay_pause()", "paused"),
        ("select pg_promote()", "promoted"),
    ] {
        query(&engine, statement).await.unwrap();
        assert_eq!(
            environment.drift().await,
            [format!("replica-1: status is {status:?}")]
        );
        environment.update(&replica, &["status"]).await.unwrap();
        assert_eq!(environment.drift().await, [] as [&str; 0]);
    }
    let mark = environment
        .folder
        .join("postgres/main-replica-1/data/infra.cluster");
    kill(environment.servers()[1].1);
    std::fs::write(&mark, "another").unwrap();
    let error = environment.update(&replica, &["status"]).await.unwrap_err();
    assert_eq!(error.kind, infra_provider::error::ErrorKind::Foreign);
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "another");
}

/// The part of the next test that is killed: this test does nothing unless the other one starts it.
#[tokio::test]
async fn a_create_in_a_process_of_its_own() {
    let Some(folder) = crate::environment::folder_to_work_in() else {
        return;
    };
    let mut environment = crate::environment::in_folder(&folder).await;
    let lowered = lowered(
        &environment,
        Postgres {
            replicas: 1,
            ..postgres()
        },
    );
    environment.create(&lowered).await;
}

#[tokio::test]
async fn a_create_that_is_killed_at_any_moment_is_repeated_and_makes_each_server_once() {
    let Some(mut environment) = environment().await else {
        return;
    };
    // Spread over the second that a whole cluster takes on an idle machine.
    for moment_ms in [30, 90, 150, 220, 300, 380, 460, 550, 650, 800, 1000] {
        let mut child = crate::environment::create_elsewhere(&environment.root);
        let moment = std::time::Duration::from_millis(moment_ms);
        if tokio::time::timeout(moment, child.wait()).await.is_err() {
            child.kill().await.unwrap();
        }
    }
    let lowered = lowered(
        &environment,
        Postgres {
            replicas: 1,
            ..postgres()
        },
    );
    environment.create(&lowered).await;
    assert_eq!(environment.drift().await, [] as [&str; 0]);
    let mut known: Vec<u32> = environment.servers().into_iter().map(|(_, pid)| pid).collect();
    known.sort_unstable();
    assert_eq!(environment.outermost_processes(), known);
    assert_eq!(known.len(), 3);
    let url = environment.export(&lowered, "pooler_url");
    assert_eq!(query(&url, "select 1").await.unwrap(), "1");
    environment.destroy(&lowered).await;
    assert_eq!(environment.processes(), [] as [u32; 0]);
}

#[tokio::test]
async fn what_is_half_made_is_seen_as_such_and_what_is_foreign_is_left_alone() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = lowered(
        &environment,
        Postgres {
            replicas: 0,
            pooler: None,
            ..postgres()
        },
    );
    let desired = resource(&lowered, "server.primary").clone();
    let request = environment.create_request(&desired);
    let folder = environment.folder.join("postgres/main");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("PG_VERSION"), "16").unwrap();
    let error = environment
        .kind(&desired.address)
        .create(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, infra_provider::error::ErrorKind::Foreign);
    assert_eq!(std::fs::read_to_string(folder.join("PG_VERSION")).unwrap(), "16");
    std::fs::remove_dir_all(&folder).unwrap();

    environment.create(&lowered).await;
    let marker = folder.join("infra.json");
    let text = std::fs::read_to_string(&marker).unwrap();
    std::fs::write(&marker, text.replace("\"made\"", "\"making\"")).unwrap();
    let Observation::Present(seen) = &environment.observe().await[&desired.address] else {
        panic!()
    };
    assert_eq!(seen.condition, Condition::HalfMade);
}

#[tokio::test]
async fn a_killed_cluster_is_destroyed_all_the_same() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = lowered(
        &environment,
        Postgres {
            replicas: 1,
            ..postgres()
        },
    );
    environment.create(&lowered).await;
    for (_, pid) in environment.servers() {
        kill(pid);
    }
    environment.destroy(&lowered).await;
    assert_eq!(environment.processes(), [] as [u32; 0]);
    assert!(walk(&environment.folder).is_empty());
}

#[tokio::test]
async fn what_lives_in_a_server_that_does_not_answer_is_not_judged() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = lowered(
        &environment,
        Postgres {
            replicas: 0,
            pooler: None,
            ..postgres()
        },
    );
    environment.create(&lowered).await;
    kill(environment.servers()[0].1);
    let seen = environment.observe().await;
    assert!(!seen.contains_key(&resource(&lowered, "role.app").address));
    assert!(!seen.contains_key(&resource(&lowered, "database.app").address));
}

#[tokio::test]
async fn a_busy_port_of_the_stack_is_named() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut component = main_component(Postgres {
        replicas: 0,
        pooler: None,
        ..postgres()
    });
    let settings = [("port".to_owned(), Value::from(i64::from(port)))];
    component
        .provider_settings
        .insert("local".to_owned(), settings.into());
    let lowered = environment.lower(&[component]);
    let desired = resource(&lowered, "server.primary").clone();
    let request = environment.create_request(&desired);
    let error = environment
        .kind(&desired.address)
        .create(&request)
        .await
        .unwrap_err();
    assert!(
        error
            .message
            .starts_with(&format!("Port {port} on 127.0.0.1 is already in use by ")),
        "{error}"
    );
    assert_eq!(
        error.hint.as_deref(),
        Some("Stop that process, or give the stack another port")
    );
    drop(taken);
    environment.create(&lowered).await;
    assert_eq!(environment.export(&lowered, "port"), port.to_string());
}

fn network() -> Component {
    use infra_model::component::network::{AllowRule, Network, Peer, Segment};
    let segments = ["edge", "app", "data"].map(|name| (name.to_owned(), Segment::default()));
    let rule = AllowRule {
        from: Peer::Segment("app".to_owned()),
        to: "data".to_owned(),
        ports: vec![5432, 6432],
    };
    let network = Network {
        cidr: "10.40.0.0/16".to_owned(),
        zones: 1,
        segments: segments.into(),
        allow: vec![rule],
    };
    component("network", ComponentSpec::Network(network))
}

fn in_segment(postgres: Postgres) -> Component {
    let segment = infra_model::component::SegmentRef {
        network: "network.main".parse().unwrap(),
        segment: "data".to_owned(),
    };
    main_component(Postgres {
        segment: Some(segment),
        ..postgres
    })
}

/// Connects from inside a segment, as a program there would.
async fn connect_from(environment: &Environment, segment: &str, url: &str) -> bool {
    let address = format!("network.main/local.network.segment.{segment}");
    let enter = environment.made[address.as_str()].applied.outputs["enter"]
        .as_str()
        .unwrap()
        .to_owned();
    let psql = crate::harness::servers_folder().join("postgresql-16/bin/psql");
    let script = format!("{enter} {} \"$1\" -c 'select 1'", psql.display());
    let mut command = tokio::process::Command::new("sh");
    command
        .args(["-c", &script, "sh", url])
        .env("PGCONNECT_TIMEOUT", "2");
    command.output().await.unwrap().status.success()
}

#[tokio::test]
async fn a_server_in_a_segment_is_reached_as_the_rules_say_and_survives_the_loss_of_its_namespace() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let lowered = environment.lower(&[
        network(),
        in_segment(Postgres {
            replicas: 1,
            ..postgres()
        }),
    ]);
    environment.create(&lowered).await;
    assert_eq!(environment.drift().await, [] as [&str; 0]);
    assert_eq!(environment.export(&lowered, "port"), "5432");
    let url = environment.export(&lowered, "tcp_url");
    assert!(connect_from(&environment, "app", &url).await);
    let data = resource(&lowered, "segment.data").clone();
    let namespace = environment.made[&data.address].applied.id.0.clone();
    let deleted = tokio::process::Command::new("ip")
        .args(["netns", "delete", &namespace])
        .status()
        .await;
    // Without root there is no such namespace, and without either nothing is enforced.
    if !deleted.is_ok_and(|status| status.success()) {
        println!("skipped: no namespaces of the host");
        environment.destroy(&lowered).await;
        return;
    }
    assert!(!connect_from(&environment, "edge", &url).await);
    let drift = environment.drift().await;
    let cut_off = "status is \"cut off from its segment\"";
    for part in ["primary", "replica-1", "pooler"] {
        assert!(drift.contains(&format!("{part}: {cut_off}")), "{drift:?}");
    }
    let request = environment.create_request(&data);
    environment.kind(&data.address).create(&request).await.unwrap();
    for part in ["server.primary", "replica.replica-1", "pooler.pooler"] {
        environment
            .update(resource(&lowered, part), &["status"])
            .await
            .unwrap();
    }
    let rules = resource(&lowered, "rules.main").clone();
    environment.update(&rules, &["status"]).await.unwrap();
    assert_eq!(environment.drift().await, [] as [&str; 0]);
    assert!(connect_from(&environment, "app", &url).await);
    environment.destroy(&lowered).await;
    assert_eq!(environment.processes(), [] as [u32; 0]);
}
