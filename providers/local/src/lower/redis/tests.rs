//! What a component `redis` becomes, and what is said of one that this machine cannot have.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use infra_model::component::exports::of_component;
use infra_model::component::redis::RedisMode;
use infra_model::component::{ComponentSpec, SegmentRef};
use infra_model::schema::SchemaSet;
use insta::assert_snapshot;

use super::*;

fn facts() -> RedisFacts {
    RedisFacts {
        installed: Some((7, "7.0.15".to_owned())),
        tls: true,
        fault: None,
    }
}

fn small() -> Redis {
    Redis {
        version: 7,
        segment: None,
        size: Size::Small,
        mode: RedisMode::Single,
        shards: 1,
        replicas: 0,
        memory_mb: None,
        eviction: "noeviction".to_owned(),
        persistence: Persistence::None,
        tls: false,
    }
}

fn component(redis: &Redis) -> Component {
    Component {
        address: "redis.cache".parse().unwrap(),
        spec: ComponentSpec::Redis(redis.clone()),
        provider_settings: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        span: infra_model::diagnostic::Span::default(),
    }
}

fn lowered(redis: &Redis) -> Lowered {
    lower(&component(redis), redis, &facts())
}

fn said(lowered: &Lowered) -> String {
    let mut text = String::new();
    for diagnostic in &lowered.diagnostics {
        let hint = diagnostic.hint.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{}: {} ({hint})", diagnostic.summary, diagnostic.detail);
    }
    text
}

fn inputs(lowered: &Lowered) -> String {
    let server = lowered.resources.last().expect("a server");
    let mut text = format!("{}\n", server.address);
    for (name, value) in &server.inputs {
        let known = value.is_known();
        let shown = if known {
            format!("{value:?}")
        } else {
            "known after apply".to_owned()
        };
        let _ = writeln!(text, "{name} = {shown}");
    }
    text
}

#[test]
fn a_server_has_what_its_size_says() {
    assert_snapshot!(inputs(&lowered(&small())), @r#"
    redis.cache/local.redis.server.server
    eviction = "noeviction"
    login = "password"
    memory_mb = 64
    name = "cache"
    password = known after apply
    persistence = "none"
    status = "running"
    "#);
}

#[test]
fn a_server_has_what_the_stack_says_over_its_size() {
    let redis = Redis {
        segment: Some(SegmentRef {
            network: "network.main".parse().unwrap(),
            segment: "data".to_owned(),
        }),
        memory_mb: Some(10),
        eviction: "allkeys-lru".to_owned(),
        persistence: Persistence::AppendOnly,
        ..small()
    };
    let mut component = component(&redis);
    let settings = Attributes::from([("port".to_owned(), Value::from(6400_i64))]);
    component.provider_settings.insert("local".to_owned(), settings);
    assert_snapshot!(inputs(&lower(&component, &redis, &facts())), @r#"
    redis.cache/local.redis.server.server
    eviction = "allkeys-lru"
    login = "password"
    memory_mb = 10
    name = "cache"
    password = known after apply
    persistence = "append_only"
    port = 6400
    segment = known after apply
    status = "running"
    "#);
}

#[test]
fn replicas_follow_the_server_and_leave_it_the_port() {
    let redis = Redis {
        replicas: 2,
        persistence: Persistence::Snapshot,
        ..small()
    };
    let mut component = component(&redis);
    let settings = Attributes::from([("port".to_owned(), Value::from(6400_i64))]);
    component.provider_settings.insert("local".to_owned(), settings);
    let lowered = lower(&component, &redis, &facts());
    let addresses: Vec<String> = lowered
        .resources
        .iter()
        .map(|made| made.address.to_string())
        .collect();
    assert_eq!(
        addresses,
        [
            "redis.cache/local.vault.secret.password",
            "redis.cache/local.redis.server.server",
            "redis.cache/local.redis.replica.replica-1",
            "redis.cache/local.redis.replica.replica-2",
        ]
    );
    assert_snapshot!(inputs(&lowered), @r#"
    redis.cache/local.redis.replica.replica-2
    eviction = "noeviction"
    login = "password"
    memory_mb = 64
    name = "cache-replica-2"
    password = known after apply
    persistence = "snapshot"
    primary = known after apply
    primary_port = 6400
    status = "running"
    "#);
    assert_eq!(count(&lowered.exports["replica_urls"]), 2);
    assert_eq!(count(&lowered.exports["nodes"]), 3);
}

fn count(value: &Value) -> usize {
    match value {
        Value::List(all) => all.len(),
        other => panic!("{other:?} is no list"),
    }
}

fn cluster() -> Redis {
    Redis {
        mode: RedisMode::Cluster,
        shards: 3,
        replicas: 1,
        ..small()
    }
}

#[test]
fn a_cluster_is_one_resource_and_has_no_port_to_fix() {
    let mut component = component(&cluster());
    let lowered = lower(&component, &cluster(), &facts());
    assert_snapshot!(inputs(&lowered), @r#"
    redis.cache/local.redis.cluster.cluster
    eviction = "noeviction"
    login = "password"
    memory_mb = 64
    name = "cache"
    password = known after apply
    persistence = "none"
    replicas = 1
    shards = 3
    status = "running"
    "#);
    let settings = Attributes::from([("port".to_owned(), Value::from(6400_i64))]);
    component.provider_settings.insert("local".to_owned(), settings);
    assert_snapshot!(said(&lower(&component, &cluster(), &facts())), @"Port of a cluster: `redis.cache` is a cluster, whose nodes have a port each (Leave it out: they get free ports and keep them)");
}

#[test]
fn it_exports_what_the_table_says_and_its_inputs_are_those_of_the_type() {
    let schemas = SchemaSet::new([
        crate::redis::kind::schema::server(),
        crate::redis::kind::schema::replica(),
        crate::redis::kind::schema::cluster(),
    ]);
    let replicas = Redis {
        replicas: 2,
        ..small()
    };
    let encrypted = Redis {
        tls: true,
        ..replicas.clone()
    };
    for redis in [small(), replicas, encrypted, cluster()] {
        let lowered = lowered(&redis);
        let table = of_component(&ComponentSpec::Redis(redis));
        let exported: Vec<&String> = lowered.exports.keys().collect();
        let mut wanted: Vec<&String> = table.iter().map(|(path, _)| &path[0]).collect();
        wanted.sort();
        assert_eq!(exported, wanted);
        for (path, export) in &table {
            let value = &lowered.exports[&path[0]];
            let is_empty = matches!(value, Value::List(all) if all.is_empty());
            assert!(is_empty || value.is_secret() == export.secret, "{path:?}");
        }
        let made = lowered.resources.last().unwrap();
        let schema = schemas.get(made.address.resource_type().as_str()).unwrap();
        assert!(
            made.inputs
                .keys()
                .all(|name| schema.attributes.contains_key(name))
        );
    }
}

#[test]
fn what_is_not_installed_is_told() {
    let newer = Redis {
        version: 8,
        ..small()
    };
    assert_snapshot!(said(&lowered(&newer)), @r#"
    Redis version is not installed: `redis.cache` needs Redis 8, and this machine has 7.0.15 (Set `version = 7` in the overlay of this environment, or install a newer one)
    "#);
    let none = lower(&component(&small()), &small(), &RedisFacts::default());
    assert_snapshot!(said(&none), @r#"
    Redis is not installed: `redis.cache` needs Redis 7: this machine has neither Redis nor Valkey (Install it with `scripts/install-servers`, or on Debian with: apt-get install redis-server)
    "#);
    assert!(none.resources.is_empty());
    let encrypted = Redis { tls: true, ..small() };
    let without = RedisFacts {
        tls: false,
        ..facts()
    };
    let refused = lower(&component(&encrypted), &encrypted, &without);
    assert_snapshot!(said(&refused), @r#"Redis without TLS: `redis.cache` has `tls = true`, and the Redis 7.0.15 of this machine was built without TLS (Install one that has it with `scripts/install-servers`, or set `tls = false` in the overlay of this environment)"#);
    assert_eq!(said(&lowered(&encrypted)), "");
    let older = Redis {
        version: 6,
        ..small()
    };
    assert_eq!(said(&lowered(&older)), "");
}

#[test]
fn settings_that_are_no_settings_are_told() {
    let mut component = component(&small());
    let settings = [("prt", Value::from(1_i64)), ("port", Value::from(70_000_i64))];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    component
        .provider_settings
        .insert("local".to_owned(), settings.into());
    assert_snapshot!(said(&lower(&component, &small(), &facts())), @r#"
    Not a port: `port` of `redis.cache` is not the number of a port (Write a number from 1 to 65535)
    Unknown setting: `local` of `redis.cache` has no setting `prt` (Did you mean `port`?)
    "#);
}
