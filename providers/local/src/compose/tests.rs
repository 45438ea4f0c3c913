//! Compose files of small stacks: what is in them, who shares a network with whom, and what is refused.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::component::blob_store::BlobStore;
use infra_model::component::network::{AllowRule, Network, Peer, Segment};
use infra_model::component::postgres::{Access, Backup, Database, PoolMode, Pooler, Postgres, Role};
use infra_model::component::redis::{Persistence, Redis, RedisMode};
use infra_model::component::{Component, ComponentSpec, Lifecycle, SegmentRef, Size};
use infra_model::diagnostic::Span;
use infra_model::digest::Digest;
use infra_model::environment::{DataPolicy, Environment, ProviderChoice};
use infra_model::store::StoreDeclaration;
use infra_model::value::{Attributes, Value};
use insta::assert_snapshot;

use super::*;

mod names;
mod networks;
mod ports;
mod postgres;

fn stack(components: impl IntoIterator<Item = (&'static str, ComponentSpec)>) -> Stack {
    let component = |(address, spec): (&str, ComponentSpec)| Component {
        address: address.parse().unwrap(),
        spec,
        provider_settings: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        span: Span::default(),
    };
    let components = components.into_iter().map(component);
    Stack {
        name: "shop".to_owned(),
        environment: Environment {
            name: "local".to_owned(),
            aliases: Vec::new(),
            wave: 0,
            data: DataPolicy::Mock,
            provider: ProviderChoice {
                name: "local".to_owned(),
                settings: Attributes::new(),
                span: Span::default(),
            },
            approval: None,
            span: Span::default(),
        },
        store: StoreDeclaration::default(),
        components: components.map(|one| (one.address.clone(), one)).collect(),
        settings: BTreeMap::new(),
        moved: Vec::new(),
        config_digest: Digest::default(),
    }
}

fn data() -> SegmentRef {
    SegmentRef {
        network: "network.main".parse().unwrap(),
        segment: "data".to_owned(),
    }
}

/// Two programs' segments, of which one reaches PostgreSQL alone.
fn network() -> ComponentSpec {
    let segment = |public| Segment { public };
    let allow = |from: &str, to: &str, ports: &[u16]| AllowRule {
        from: Peer::Segment(from.to_owned()),
        to: to.to_owned(),
        ports: ports.to_vec(),
    };
    ComponentSpec::Network(Network {
        cidr: "10.0.0.0/16".to_owned(),
        zones: 1,
        segments: [
            ("edge", segment(true)),
            ("app", segment(false)),
            ("reports", segment(false)),
            ("data", segment(false)),
        ]
        .map(|(name, segment)| (name.to_owned(), segment))
        .into(),
        allow: vec![
            AllowRule {
                from: Peer::Internet,
                to: "edge".to_owned(),
                ports: vec![443],
            },
            allow("edge", "app", &[8000]),
            allow("app", "data", &[5432, 6432, 6379]),
            allow("reports", "data", &[5432]),
        ],
    })
}

fn postgres() -> Postgres {
    Postgres {
        version: 16,
        segment: None,
        size: Size::Tiny,
        storage_gb: 1,
        replicas: 0,
        high_availability: false,
        extensions: Vec::new(),
        parameters: Attributes::new(),
        pooler: None,
        databases: BTreeMap::new(),
        roles: BTreeMap::new(),
        backup: Backup {
            retention_days: 7,
            point_in_time: false,
        },
    }
}

fn redis() -> Redis {
    Redis {
        tls: false,
        version: 7,
        segment: None,
        size: Size::Tiny,
        mode: RedisMode::Single,
        shards: 1,
        replicas: 0,
        memory_mb: Some(64),
        eviction: "allkeys-lru".to_owned(),
        persistence: Persistence::None,
    }
}

fn cluster() -> Redis {
    Redis {
        mode: RedisMode::Cluster,
        shards: 3,
        replicas: 1,
        ..redis()
    }
}

fn whole() -> Postgres {
    let database = Database {
        owner: "app".to_owned(),
        seeds: Vec::new(),
    };
    let role = Role { access: Access::Read };
    Postgres {
        segment: Some(data()),
        replicas: 1,
        extensions: vec!["vector".to_owned()],
        pooler: Some(Pooler {
            mode: PoolMode::Transaction,
            size: 20,
            clients_max: 100,
        }),
        databases: [("shop".to_owned(), database)].into(),
        roles: [("reader".to_owned(), role)].into(),
        ..postgres()
    }
}

fn text(components: impl IntoIterator<Item = (&'static str, ComponentSpec)>) -> String {
    export(&stack(components)).unwrap().text
}

/// Returns the lines of an entry and of what is below it.
fn entry<'a>(text: &'a str, key: &str) -> String {
    let mut lines = text.lines().skip_while(|line| *line != format!("  {key}:"));
    let first: &'a str = lines.next().unwrap_or_else(|| panic!("no {key} in\n{text}"));
    let below = lines.take_while(|line| line.starts_with("   ") || line.is_empty());
    let all: Vec<&str> = std::iter::once(first).chain(below).collect();
    all.join("\n").trim_end().to_owned()
}

/// Returns the networks that a service joins.
fn joined(text: &str, service: &str) -> Vec<String> {
    let entry = entry(text, service);
    let lines = entry.lines().skip_while(|line| *line != "    networks:").skip(1);
    let names = lines.map_while(|line| line.strip_prefix("    - "));
    names.map(str::to_owned).collect()
}

#[test]
fn the_head_says_how_to_start_and_what_differs() {
    let text = text([("redis.cache", ComponentSpec::Redis(redis()))]);
    let (head, _) = text.split_once("services:").unwrap();
    assert_snapshot!(head, @r#"
    # Written by `infra export compose`; the next one overwrites changes made here.
    #
    # `shop` in its environment `local`, for Docker Compose 2.23.1 or newer:
    #   infra export compose local --out compose.yaml --secrets-file .env
    #   docker compose up --wait
    # After a change run both again; where a secret was changed by hand, add `--force-recreate`.
    #
    # How programs connect: in one of these networks; and from this machine, where variables such as
    # POSTGRES_MAIN_PORT choose another port:
    #   redis://default:PASSWORD@redis-cache:6379/0
    #       in redis-cache; 127.0.0.1:6379
    #
    # What compose cannot say, or says otherwise than `infra apply`:
    #   - Ports of rules decide which servers of this file join a path. Between other containers that share a network every
    #     port is open, and either side may begin.
    #   - Servers in no segment reach each other. Each has a network of its own, named as it is, for the programs that need it.
    #   - Rules from the internet or from address ranges are left out: ports are published on 127.0.0.1 alone.
    #   - Servers offer no TLS, and keep no archive and no backups: data is in volumes, and `down --volumes` removes it.
    #   - Protection, key vaults, seeds and settings are not here: programs are yours to add, with `infra env` as a start.
    #   - An init script runs once, for an empty volume: databases, owners, roles, access and extensions that the stack gains or
    #     changes later need a new volume. Parameters, replicas and poolers do not.

    name: "shop-local"
    "#);
}

#[test]
fn a_small_stack_from_its_services_to_its_networks() {
    let text = text([("redis.cache", ComponentSpec::Redis(redis()))]);
    let (head, _) = text.split_once("services:").unwrap();
    let (services, _) = text[head.len()..].split_once("\nnetworks:\n  machine").unwrap();
    assert_snapshot!(services, @r#"
    services:
      redis-cache:
        image: redis:7.2.11
        labels:
          infra.files: 7b2e4779ff97
        command:
        - sh
        - /etc/infra/start.sh
        - redis-cache
        configs:
        - source: redis-cache.redis.conf
          target: /etc/infra/redis.conf
          mode: 292
        - source: redis-cache.start.sh
          target: /etc/infra/start.sh
          mode: 292
        secrets:
        - source: redis_cache_password
          mode: 292
        networks:
        - redis-cache
        - machine
        ports:
        - 127.0.0.1:${REDIS_CACHE_PORT:-6379}:6379
        healthcheck:
          test:
          - CMD-SHELL
          - >-
            REDISCLI_AUTH="$$(cat /run/secrets/redis_cache_password)" redis-cli -p 6379
            ping | grep -q PONG
          interval: 2s
          timeout: 3s
          retries: 30

      # Secrets come from the environment or from the file `.env`; without one of them nothing starts. This service
      # never does: it is where Compose looks for them first.
      secrets:
        image: scratch
        profiles: [never]
        network_mode: none
        environment:
          REDIS_CACHE_PASSWORD: "${REDIS_CACHE_PASSWORD:?password of the clients of redis.cache}"
    "#);
}

#[test]
fn a_small_stack_from_its_networks_on() {
    let text = text([("redis.cache", ComponentSpec::Redis(redis()))]);
    let (head, _) = text.split_once("networks:\n  machine").unwrap();
    assert_snapshot!(&text[head.len()..], @r#"
    networks:
      machine:
        driver_opts:
          com.docker.network.bridge.enable_ip_masquerade: "false"
      redis-cache:
        internal: true

    configs:
      redis-cache.redis.conf:
        content: |
          port 6379
          protected-mode no
          dir /data
          aclfile /run/users.acl
          maxmemory 67108864
          maxmemory-policy allkeys-lru
          save ""
          appendonly no
          appendfsync everysec
      redis-cache.start.sh:
        content: |
          set -eu
          umask 077
          {
          echo "user default on #$$(printf %s "$$(cat /run/secrets/redis_cache_password)" | sha256sum | cut -c 1-64) ~* &* +@all -@admin"
          } > /run/users.acl
          {
          cat /etc/infra/redis.conf
          } > /run/redis.conf
          chown redis:redis /run/users.acl /run/redis.conf
          exec docker-entrypoint.sh redis-server /run/redis.conf

    secrets:
      redis_cache_password:
        environment: REDIS_CACHE_PASSWORD
    "#);
}

#[test]
fn a_cluster_is_nodes_and_a_program_that_joins_them() {
    let text = text([("redis.broker", ComponentSpec::Redis(cluster()))]);
    let nodes = text
        .lines()
        .filter(|line| line.starts_with("  redis-broker-") && !line.contains('.'));
    let nodes: BTreeSet<&str> = nodes
        .map(|line| line.trim().trim_end_matches(": {}").trim_end_matches(':'))
        .collect();
    assert_eq!(nodes.len(), 7, "{nodes:?}");
    assert_snapshot!(entry(&text, "redis-broker-6"), @r#"
    redis-broker-6:
      image: redis:7.2.11
      labels:
        infra.files: 7efabcd8cc55
      command:
      - sh
      - /etc/infra/start.sh
      - redis-broker-6
      configs:
      - source: redis-broker.redis.conf
        target: /etc/infra/redis.conf
        mode: 292
      - source: redis-broker.start.sh
        target: /etc/infra/start.sh
        mode: 292
      secrets:
      - source: redis_broker_password
        mode: 292
      - source: redis_broker_nodes_password
        mode: 292
      volumes:
      - redis-broker-6:/data
      networks:
      - redis-broker
      - machine
      ports:
      - 127.0.0.1:${REDIS_BROKER_6_PORT:-6384}:6379
      healthcheck:
        test:
        - CMD-SHELL
        - >-
          REDISCLI_AUTH="$$(cat /run/secrets/redis_broker_password)" redis-cli -p 6379
          ping | grep -q PONG
        interval: 2s
        timeout: 3s
        retries: 30
    "#);
    assert_snapshot!(entry(&text, "redis-broker.redis.conf"), @r#"
    redis-broker.redis.conf:
      content: |
        port 6379
        protected-mode no
        dir /data
        aclfile /run/users.acl
        maxmemory 67108864
        maxmemory-policy allkeys-lru
        save ""
        appendonly no
        appendfsync everysec
        cluster-enabled yes
        cluster-preferred-endpoint-type hostname
        cluster-node-timeout 2000
        cluster-require-full-coverage no
        cluster-allow-replica-migration no
    "#);
}

#[test]
fn nodes_of_a_cluster_log_in_to_each_other_as_a_user_of_their_own() {
    let text = text([("redis.broker", ComponentSpec::Redis(cluster()))]);
    assert_snapshot!(entry(&text, "redis-broker.start.sh"), @r#"
    redis-broker.start.sh:
      content: |
        set -eu
        umask 077
        {
        echo "user default on #$$(printf %s "$$(cat /run/secrets/redis_broker_password)" | sha256sum | cut -c 1-64) ~* &* +@all -@admin"
        echo "user infra on #$$(printf %s "$$(cat /run/secrets/redis_broker_nodes_password)" | sha256sum | cut -c 1-64) ~* &* +@all"
        } > /run/users.acl
        {
        cat /etc/infra/redis.conf
        echo "masteruser infra"
        echo "masterauth $$(cat /run/secrets/redis_broker_nodes_password)"
        echo "cluster-announce-hostname $$1"
        } > /run/redis.conf
        chown redis:redis /run/users.acl /run/redis.conf
        exec docker-entrypoint.sh redis-server /run/redis.conf
    "#);
    assert_snapshot!(entry(&text, "redis-broker-init.join.sh"), @r#"
    redis-broker-init.join.sh:
      content: |
        set -eu
        export REDISCLI_AUTH="$$(cat /run/secrets/redis_broker_nodes_password)"
        nodes=''
        for name in redis-broker-1 redis-broker-2 redis-broker-3 redis-broker-4 redis-broker-5 redis-broker-6; do
          address="$$(getent ahostsv4 "$$name" | head -n 1 | cut -d ' ' -f 1)"
          nodes="$$nodes $$address:6379"
        done
        if redis-cli --user infra --no-auth-warning -h redis-broker-1 cluster info | grep -q cluster_slots_assigned:16384; then
          for node in $$nodes; do redis-cli --user infra --no-auth-warning -h redis-broker-1 cluster meet "$${node%:*}" 6379; done
        else
          redis-cli --user infra --no-auth-warning --cluster create $$nodes --cluster-replicas 1 --cluster-yes
        fi
    "#);
}

#[test]
fn a_store_of_blobs_has_a_bucket_and_a_key_for_it_alone() {
    let store = BlobStore {
        segment: None,
        versioning: true,
        expire_days: None,
        expire_noncurrent_days: Some(30),
    };
    let text = text([("blob_store.assets", ComponentSpec::BlobStore(store))]);
    assert_snapshot!(entry(&text, "blob-store-assets"), @r#"
    blob-store-assets:
      image: quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z
      command:
      - server
      - /data
      environment:
        MINIO_BROWSER: "off"
        MINIO_ROOT_PASSWORD_FILE: /run/secrets/blob_store_assets_root_password
        MINIO_ROOT_USER: infra
      secrets:
      - source: blob_store_assets_root_password
        mode: 292
      volumes:
      - blob-store-assets:/data
      networks:
      - blob-store-assets
      - machine
      ports:
      - 127.0.0.1:${BLOB_STORE_ASSETS_PORT:-9000}:9000
      healthcheck:
        test:
        - CMD-SHELL
        - mc ready local
        interval: 2s
        timeout: 3s
        retries: 30
    "#);
    assert_snapshot!(entry(&text, "blob-store-assets-init.bucket.sh"), @r#"
    blob-store-assets-init.bucket.sh:
      content: |
        set -eu
        export MC_HOST_store="http://infra:$$(cat /run/secrets/blob_store_assets_root_password)@blob-store-assets:9000"
        mc mb --ignore-existing store/assets
        mc version enable store/assets
        mc ilm rule rm --all --force store/assets || true
        mc ilm rule add --noncurrent-expire-days 30 store/assets
        printf '%s\n%s\n' "$$(cat /run/secrets/blob_store_assets_access_key)" "$$(cat /run/secrets/blob_store_assets_secret_key)" | mc admin user add store
        mc admin policy create store assets /etc/infra/policy.json
        attached="$$(mc admin policy entities store --user "$$(cat /run/secrets/blob_store_assets_access_key)")"
        case "$$attached" in
        *assets*) ;;
        *) mc admin policy attach store assets --user "$$(cat /run/secrets/blob_store_assets_access_key)" ;;
        esac
    "#);
    assert!(entry(&text, "blob-store-assets-init.policy.json").contains("arn:aws:s3:::assets/*"));
}

#[test]
fn a_service_changes_when_a_file_that_it_mounts_does() {
    let larger = Redis {
        memory_mb: Some(128),
        ..redis()
    };
    let of = |wanted| {
        let text = text([
            ("redis.cache", ComponentSpec::Redis(wanted)),
            ("redis.other", ComponentSpec::Redis(redis())),
        ]);
        (entry(&text, "redis-cache"), entry(&text, "redis-other"))
    };
    let (before, after) = (of(redis()), of(larger));
    assert_ne!(before.0, after.0, "`up` would not make it anew");
    assert_eq!(before.1, after.1);
    assert_eq!(of(redis()), before);
}

#[test]
fn what_no_image_is_known_for_and_what_the_provider_refuses_is_refused() {
    let old = Postgres {
        version: 13,
        ..postgres()
    };
    let replicated = Redis {
        replicas: 1,
        ..redis()
    };
    let private = Redis { tls: true, ..redis() };
    let refused = export(&stack([
        ("postgres.old", ComponentSpec::Postgres(old)),
        ("redis.cache", ComponentSpec::Redis(replicated)),
        ("redis.queue", ComponentSpec::Redis(private)),
    ]))
    .unwrap_err();
    let said: Vec<&str> = refused.iter().map(|one| one.summary.as_str()).collect();
    assert_eq!(
        said,
        [
            "No image for this version",
            "Replicas of Redis are not exported",
            "TLS of Redis is not exported"
        ]
    );
}

#[test]
fn images_are_those_that_can_still_be_had_and_have_no_known_way_in_for_clients() {
    let store = BlobStore {
        segment: None,
        versioning: false,
        expire_days: None,
        expire_noncurrent_days: None,
    };
    let newest = Redis {
        version: 8,
        ..redis()
    };
    let text = text([
        ("blob_store.assets", ComponentSpec::BlobStore(store)),
        ("redis.cache", ComponentSpec::Redis(newest)),
    ]);
    let images: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("    image: "))
        .collect();
    assert!(
        images
            .iter()
            .filter(|image| image.contains("minio/"))
            .all(|image| image.starts_with("quay.io/")),
        "Docker Hub has none: {images:?}"
    );
    let (_, version) = images
        .iter()
        .find_map(|image| image.split_once("redis:8.2."))
        .unwrap();
    assert!(version.parse::<u32>().unwrap() >= 2, "CVE-2025-49844: {images:?}");
}

#[test]
fn something_waits_for_each_program_that_runs_once() {
    let store = BlobStore {
        segment: None,
        versioning: false,
        expire_days: None,
        expire_noncurrent_days: None,
    };
    let components = [
        ("blob_store.assets", ComponentSpec::BlobStore(store)),
        ("redis.broker", ComponentSpec::Redis(cluster())),
    ];
    let file = text(components);
    assert_snapshot!(entry(&file, "ready"), @r#"
    ready:
      image: quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z
      entrypoint:
      - sleep
      - infinity
      network_mode: none
      init: true
      depends_on:
        blob-store-assets-init:
          condition: service_completed_successfully
        redis-broker-init:
          condition: service_completed_successfully
    "#);
    let alone = text([("redis.cache", ComponentSpec::Redis(redis()))]);
    assert!(!alone.contains("ready:"), "{alone}");
}
