//! Every name of a file is there once.

use super::*;

#[test]
fn labels_that_look_alike_as_hosts_and_ports_stay_apart() {
    let components = [
        ("redis.my_cache", ComponentSpec::Redis(redis())),
        ("redis.my-cache", ComponentSpec::Redis(redis())),
    ];
    let exported = export(&stack(components)).unwrap();
    for expected in [
        "  redis-my-cache:",
        "  redis-my-cache-2:",
        "${REDIS_MY_CACHE_PORT:-6379}",
        "${REDIS_MY_CACHE_2_PORT:-6380}",
    ] {
        assert!(
            exported.text.contains(expected),
            "{expected} in\n{}",
            exported.text
        );
    }
    let names: BTreeSet<&str> = exported.secrets.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names.len(), 2);
}

#[test]
fn what_belongs_to_a_component_gives_way_to_another_component() {
    let pooled = Postgres {
        replicas: 1,
        ..whole()
    };
    let store = || BlobStore {
        segment: None,
        versioning: false,
        expire_days: None,
        expire_noncurrent_days: None,
    };
    let text = text([
        ("network.main", network()),
        ("postgres.main", ComponentSpec::Postgres(pooled)),
        ("postgres.main-pooler", ComponentSpec::Postgres(postgres())),
        ("postgres.main-replica-1", ComponentSpec::Postgres(postgres())),
        ("redis.q", ComponentSpec::Redis(cluster())),
        ("redis.q-1", ComponentSpec::Redis(redis())),
        ("blob_store.a", ComponentSpec::BlobStore(store())),
        ("blob_store.a-init", ComponentSpec::BlobStore(store())),
    ]);
    for (service, image) in [
        ("postgres-main-pooler", "pgvector/pgvector"),
        ("postgres-main-pooler-2", "edoburu/pgbouncer"),
        ("postgres-main-replica-1", "pgvector/pgvector"),
        ("postgres-main-replica-1-2", "pgvector/pgvector"),
        ("redis-q-1", "redis"),
        ("redis-q-1-2", "redis"),
        ("blob-store-a-init", "quay.io/minio/minio"),
        ("blob-store-a-init-2", "quay.io/minio/mc"),
    ] {
        let entry = entry(&text, service);
        assert!(entry.contains(&format!("    image: {image}:")), "{entry}");
    }
    assert!(entry(&text, "redis-q-init.join.sh").contains("for name in redis-q-1-2 redis-q-2 "));
}

#[test]
fn segments_of_networks_whose_names_run_into_each_other_stay_apart() {
    let network = |segment: &str| {
        ComponentSpec::Network(Network {
            cidr: "10.0.0.0/16".to_owned(),
            zones: 1,
            segments: [(segment.to_owned(), Segment { public: false })].into(),
            allow: Vec::new(),
        })
    };
    let place = |network: &str, segment: &str| Redis {
        segment: Some(SegmentRef {
            network: network.parse().unwrap(),
            segment: segment.to_owned(),
        }),
        ..redis()
    };
    let text = text([
        ("network.a", network("b-c")),
        ("network.a-b", network("c")),
        ("network.a_b", network("c")),
        ("redis.first", ComponentSpec::Redis(place("network.a", "b-c"))),
        ("redis.second", ComponentSpec::Redis(place("network.a-b", "c"))),
        ("redis.third", ComponentSpec::Redis(place("network.a_b", "c"))),
    ]);
    let of = |service| joined(&text, service)[0].clone();
    assert_eq!(
        [of("redis-first"), of("redis-second"), of("redis-third")],
        ["a.b-c", "a-b.c", "a-b-2.c"]
    );
}

#[test]
fn two_segments_of_one_name_as_hosts_are_refused() {
    let ComponentSpec::Network(mut declared) = network() else {
        unreachable!()
    };
    for segment in ["my_app", "my-app"] {
        declared
            .segments
            .insert(segment.to_owned(), Segment { public: false });
    }
    let refused = export(&stack([("network.main", ComponentSpec::Network(declared))])).unwrap_err();
    assert_eq!(
        refused[0].detail,
        "Two things of the compose file would be called `main.my-app`"
    );
}
