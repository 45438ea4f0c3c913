//! What a component `redis` becomes on AWS, and what is said of one that ElastiCache cannot have.

use infra_model::component::exports::of_component;
use infra_model::component::network::{Network, Segment};
use infra_model::component::{Component, ComponentSpec, Size};
use infra_model::stack::Stack;

use super::*;
use crate::lower::testing::{component, stack};

fn small() -> Redis {
    Redis {
        version: 7,
        segment: Some(SegmentRef {
            network: "network.main".parse().unwrap(),
            segment: "data".to_owned(),
        }),
        size: Size::Small,
        mode: RedisMode::Single,
        shards: 1,
        replicas: 0,
        memory_mb: None,
        eviction: "allkeys-lru".to_owned(),
        persistence: Persistence::Snapshot,
        tls: true,
    }
}

fn network(zones: u32) -> Component {
    let network = Network {
        cidr: "10.0.0.0/16".to_owned(),
        zones,
        segments: [("data".to_owned(), Segment::default())].into(),
        allow: Vec::new(),
    };
    component("network.main", ComponentSpec::Network(network), [])
}

fn stack_of<const N: usize>(redis: &Redis, zones: u32, settings: [(&str, Value); N]) -> Stack {
    let cache = component("redis.cache", ComponentSpec::Redis(redis.clone()), settings);
    stack([network(zones), cache])
}

fn lowered_in(stack: &Stack) -> Lowered {
    let component = &stack.components["redis.cache"];
    let ComponentSpec::Redis(redis) = &component.spec else {
        panic!("not a cache");
    };
    lower(&Scene { component, stack }, redis)
}

fn lowered<const N: usize>(redis: &Redis, settings: [(&str, Value); N]) -> Lowered {
    lowered_in(&stack_of(redis, 2, settings))
}

fn group(lowered: &Lowered) -> &Desired {
    lowered.resources.last().expect("a group")
}

fn input<'a>(lowered: &'a Lowered, name: &str) -> &'a Value {
    &group(lowered).inputs[name]
}

fn said(lowered: &Lowered) -> Vec<(&str, bool)> {
    let said = lowered.diagnostics.iter();
    said.map(|one| (one.summary.as_str(), one.is_error())).collect()
}

#[test]
fn a_server_stands_in_its_segment_with_a_key_a_token_and_parameters() {
    let lowered = lowered(&small(), []);
    assert!(lowered.diagnostics.is_empty());
    let addresses = lowered.resources.iter().map(|one| one.address.to_string());
    assert_eq!(
        addresses.collect::<Vec<_>>(),
        [
            "redis.cache/aws.kms.key.main",
            "redis.cache/aws.kms.alias.main",
            "redis.cache/aws.secretsmanager.secret.password",
            "redis.cache/aws.elasticache.subnet_group.main",
            "redis.cache/aws.elasticache.parameter_group.main",
            "redis.cache/aws.elasticache.replication_group.main",
        ]
    );
    let expected = [
        ("name", Value::from("shop-staging-cache")),
        ("engine", Value::from("redis")),
        ("engine_version", Value::from("7.1")),
        ("node_type", Value::from("cache.t4g.small")),
        ("cluster", Value::from(false)),
        ("shards", Value::from(1_i64)),
        ("replicas", Value::from(0_i64)),
        ("automatic_failover", Value::from(false)),
        ("multi_az", Value::from(false)),
        ("transit_encryption", Value::from(true)),
        ("auth", Value::from(true)),
        ("at_rest_encryption", Value::from(true)),
        ("snapshot_retention_days", Value::from(7_i64)),
        ("final_snapshot", Value::from(true)),
    ];
    for (name, value) in expected {
        assert_eq!(input(&lowered, name), &value, "{name}");
    }
    assert!(input(&lowered, "auth_token").is_secret());
    assert!(!group(&lowered).inputs.contains_key("maintenance_window"));
}

#[test]
fn a_cluster_has_shards_failover_and_zones() {
    let redis = Redis {
        mode: RedisMode::Cluster,
        shards: 3,
        replicas: 1,
        eviction: "volatile-lru".to_owned(),
        ..small()
    };
    let settings = [("parameters", Value::map([("timeout", Value::from(60_i64))]))];
    let lowered = lowered(&redis, settings);
    let expected = [
        ("cluster", Value::from(true)),
        ("shards", Value::from(3_i64)),
        ("replicas", Value::from(1_i64)),
        ("automatic_failover", Value::from(true)),
        ("multi_az", Value::from(true)),
    ];
    for (name, value) in expected {
        assert_eq!(input(&lowered, name), &value, "{name}");
    }
    let parameters = &lowered.resources[lowered.resources.len() - 2];
    let set = [
        ("cluster-enabled", Value::from("yes")),
        ("timeout", Value::from("60")),
    ];
    assert_eq!(parameters.inputs["parameters"], Value::map(set));
    assert_eq!(lowered.exports["replica_urls"], Value::list([]));
}

#[test]
fn every_export_is_there_and_none_else() {
    for (mode, shards, replicas) in [
        (RedisMode::Single, 1, 0),
        (RedisMode::Single, 1, 2),
        (RedisMode::Cluster, 3, 1),
    ] {
        let redis = Redis {
            mode,
            shards,
            replicas,
            ..small()
        };
        let lowered = lowered(&redis, []);
        let mut wanted: Vec<String> = of_component(&ComponentSpec::Redis(redis))
            .into_iter()
            .map(|(path, _)| path.join("."))
            .collect();
        wanted.sort();
        assert_eq!(lowered.exports.keys().cloned().collect::<Vec<_>>(), wanted);
        let readers = lowered.exports["replica_urls"]
            .as_list()
            .map_or(0, <[Value]>::len);
        assert_eq!(readers, usize::from(mode == RedisMode::Single && replicas > 0));
        assert!(lowered.exports["url"].is_secret());
    }
}

#[test]
fn memory_chooses_a_larger_class_and_none_is_too_large() {
    let classes = [
        (Size::Tiny, None, "cache.t4g.micro"),
        (Size::Tiny, Some(384), "cache.t4g.micro"),
        (Size::Tiny, Some(400), "cache.t4g.small"),
        (Size::Large, Some(400), "cache.r7g.large"),
        (Size::Xlarge, None, "cache.r7g.xlarge"),
        (Size::Small, Some(300_000), "cache.r7g.16xlarge"),
    ];
    for (size, memory_mb, class) in classes {
        let redis = Redis {
            size,
            memory_mb,
            ..small()
        };
        assert_eq!(
            input(&lowered(&redis, []), "node_type"),
            &Value::from(class),
            "{memory_mb:?}"
        );
    }
    let huge = Redis {
        memory_mb: Some(1_000_000),
        ..small()
    };
    assert_eq!(said(&lowered(&huge, [])), [("Memory does not fit", true)]);
    let tight = Redis {
        memory_mb: Some(2_000),
        ..small()
    };
    let named = [("node_type", Value::from("cache.t4g.micro"))];
    assert_eq!(said(&lowered(&tight, named)), [("Memory does not fit", true)]);
    assert_eq!(
        said(&lowered(&tight, [])),
        [("A larger class than the size", false)]
    );
}

#[test]
fn redis_ends_at_seven_and_valkey_goes_on() {
    let eight = Redis {
        version: 8,
        ..small()
    };
    let refused = lowered(&eight, []);
    assert_eq!(said(&refused), [("Engine is not offered", true)]);
    assert!(refused.resources.is_empty());
    assert!(
        refused.diagnostics[0]
            .hint
            .as_ref()
            .is_some_and(|hint| hint.contains("valkey"))
    );
    let valkey = lowered(&eight, [("engine", Value::from("valkey"))]);
    assert_eq!(input(&valkey, "engine"), &Value::from("valkey"));
    assert_eq!(input(&valkey, "engine_version"), &Value::from("8.1"));
    let six = Redis {
        version: 6,
        ..small()
    };
    assert_eq!(input(&lowered(&six, []), "engine_version"), &Value::from("6.2"));
    let older = lowered(&small(), [("engine_version", Value::from("7.0"))]);
    assert_eq!(input(&older, "engine_version"), &Value::from("7.0"));
    let other = lowered(&small(), [("engine_version", Value::from("6.2"))]);
    assert_eq!(said(&other), [("Engine is not offered", true)]);
}

#[test]
fn what_survives_follows_from_the_persistence() {
    let cases = [
        (Persistence::None, 0_i64, false),
        (Persistence::Snapshot, 7, true),
        (Persistence::AppendOnly, 7, true),
    ];
    for (persistence, days, last) in cases {
        let redis = Redis {
            persistence,
            ..small()
        };
        let lowered = lowered(&redis, []);
        assert_eq!(input(&lowered, "snapshot_retention_days"), &Value::from(days));
        assert_eq!(input(&lowered, "final_snapshot"), &Value::from(last));
    }
    let settings = [
        ("skip_final_snapshot", Value::from(true)),
        ("snapshot_retention_days", Value::from(30_i64)),
        ("maintenance_window", Value::from("Sun:05:00-Sun:06:00")),
    ];
    let lowered = lowered(&small(), settings);
    assert_eq!(input(&lowered, "final_snapshot"), &Value::from(false));
    assert_eq!(input(&lowered, "snapshot_retention_days"), &Value::from(30_i64));
    let window = Value::from("sun:05:00-sun:06:00");
    assert_eq!(input(&lowered, "maintenance_window"), &window);
}

#[test]
fn what_is_otherwise_is_said() {
    let redis = Redis {
        tls: false,
        persistence: Persistence::AppendOnly,
        replicas: 1,
        ..small()
    };
    let lowered = lowered_in(&stack_of(&redis, 1, []));
    let notices = ["TLS is always on", "No append-only file", "Replicas in one zone"];
    assert_eq!(said(&lowered), notices.map(|summary| (summary, false)));
    assert_eq!(input(&lowered, "multi_az"), &Value::from(false));
    assert_eq!(input(&lowered, "transit_encryption"), &Value::from(true));
}

#[test]
fn what_cannot_be_is_refused_with_all_reasons() {
    let nowhere = Redis {
        segment: None,
        ..small()
    };
    assert_eq!(said(&lowered(&nowhere, [])), [("No segment", true)]);
    let settings = [
        ("multi_az", Value::from(true)),
        ("node_typ", Value::from("x")),
        (
            "parameters",
            Value::map([
                ("maxmemory-policy", Value::from("noeviction")),
                ("timeout", Value::list([])),
            ]),
        ),
        ("snapshot_retention_days", Value::from(36_i64)),
        ("snapshot_window", Value::from(3_i64)),
    ];
    let errors = [
        "Unknown setting",
        "Wrong setting",
        "Wrong setting",
        "One zone is not several",
        "Parameter of the component",
        "Wrong setting",
    ];
    assert_eq!(
        said(&lowered(&small(), settings)),
        errors.map(|summary| (summary, true))
    );
    let huge = Redis {
        mode: RedisMode::Cluster,
        shards: 90,
        replicas: 5,
        ..small()
    };
    assert_eq!(said(&lowered(&huge, [])), [("Too many nodes", true)]);
}

#[test]
fn a_family_has_a_parameter_group_of_its_own_name() {
    let name = |version| {
        let redis = Redis { version, ..small() };
        let lowered = lowered(&redis, []);
        let group = &lowered.resources[lowered.resources.len() - 2];
        group.inputs["name"].as_str().map(str::to_owned)
    };
    assert_eq!(name(7).as_deref(), Some("shop-staging-cache-redis7"));
    assert_eq!(name(6).as_deref(), Some("shop-staging-cache-redis6-x"));
}
