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
fn a_small_stack_from_its_services_on() {
    let text = text([("redis.cache", ComponentSpec::Redis(redis()))]);
    let (head, _) = text.split_once("services:").unwrap();
    assert_snapshot!(&text[head.len()..], @r#"
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
fn who_shares_a_network_may_reach_each_other_at_an_allowed_port() {
    let redis = Redis {
        segment: Some(data()),
        ..redis()
    };
    let text = text([
        ("network.main", network()),
        ("postgres.main", ComponentSpec::Postgres(whole())),
        ("redis.cache", ComponentSpec::Redis(redis)),
    ]);
    for server in ["postgres-main", "postgres-main-replica-1"] {
        assert_eq!(
            joined(&text, server),
            [
                "main.data",
                "main.app.to.data",
                "main.reports.to.data",
                "main.data.host"
            ]
        );
    }
    for server in ["postgres-main-pooler", "redis-cache"] {
        assert_eq!(
            joined(&text, server),
            ["main.data", "main.app.to.data", "main.data.host"],
            "reports may not reach its port"
        );
    }
    assert_snapshot!(text.split_once("# Segments").unwrap().1.split_once("volumes:").unwrap().0, @r#"
    , and paths between them. A program joins the network of its segment, and for each path
    # that begins there the path's:
    #   main: the internet -> edge, ports 443: not here
    #   main: edge -> app, ports 8000: main.edge.to.app
    #   main: app -> data, ports 5432, 6432, 6379: main.app.to.data
    #   main: reports -> data, ports 5432: main.reports.to.data
    networks:
      main.app:
        internal: true
      main.app.to.data:
        internal: true
      main.data:
        internal: true
      main.data.host:
        driver_opts:
          com.docker.network.bridge.enable_ip_masquerade: "false"
      main.edge: {}
      main.edge.to.app:
        internal: true
      main.reports:
        internal: true
      main.reports.to.data:
        internal: true
    "#);
}

#[test]
fn who_joins_a_server_in_no_segment_meets_no_other() {
    let pooled = Postgres {
        segment: None,
        ..whole()
    };
    let text = text([
        ("postgres.main", ComponentSpec::Postgres(pooled)),
        ("redis.cache", ComponentSpec::Redis(redis())),
        ("redis.broker", ComponentSpec::Redis(cluster())),
    ]);
    for (service, own) in [
        ("postgres-main", "postgres-main"),
        ("postgres-main-replica-1", "postgres-main"),
        ("postgres-main-pooler", "postgres-main"),
        ("redis-cache", "redis-cache"),
        ("redis-broker-6", "redis-broker"),
    ] {
        assert_eq!(joined(&text, service), [own, "machine"]);
    }
    assert_eq!(joined(&text, "redis-broker-init"), ["redis-broker"]);
    let (_, networks) = text.split_once("\nnetworks:\n").unwrap();
    for own in ["postgres-main", "redis-cache", "redis-broker"] {
        assert!(
            networks.contains(&format!("  {own}:\n    internal: true\n")),
            "{networks}"
        );
        assert!(text.contains(&format!("#       in {own}; ")), "{text}");
    }
}

#[test]
fn a_primary_makes_its_roles_and_databases_from_files_of_secrets() {
    let text = text([
        ("network.main", network()),
        ("postgres.main", ComponentSpec::Postgres(whole())),
    ]);
    let init = entry(&text, "postgres-main.infra.sql");
    // What the pooler's function and the grants say is tested where they are made.
    let short: Vec<&str> = init.lines().map(|line| line.get(..120).unwrap_or(line)).collect();
    assert_snapshot!(short.join("\n"), @r#"
    postgres-main.infra.sql:
      content: |
        set password_encryption = 'scram-sha-256';
        \set password `cat /run/secrets/postgres_main_app_password`
        create role "app" login nosuperuser nocreatedb nocreaterole noreplication password :'password';
        \set password `cat /run/secrets/postgres_main_reader_password`
        create role "reader" login nosuperuser nocreatedb nocreaterole noreplication password :'password';
        \set password `cat /run/secrets/postgres_main_infra_replication_password`
        create role "infra_replication" login nosuperuser nocreatedb nocreaterole replication password :'password';
        \set password `cat /run/secrets/postgres_main_infra_pooler_password`
        create role "infra_pooler" login nosuperuser nocreatedb nocreaterole noreplication password :'password';
        begin; create schema if not exists "infra_pooler"; create or replace function "infra_pooler".user_lookup(wanted te
        create database "shop";
        \connect "shop"
        alter database "shop" owner to "app";
        revoke all on database "shop" from public;
        grant connect on database "shop" to infra_pooler;
        create extension if not exists "vector";
        grant connect, temporary on database "shop" to "reader"; do $$schemas$$ declare schema_name text; begin if not exi
        comment on role "infra" is 'complete';
    "#);
    assert_snapshot!(entry(&text, "postgres-main-replica-1.replica.sh"), @r#"
    postgres-main-replica-1.replica.sh:
      content: |
        set -eu
        umask 077
        passfile=/var/lib/postgresql/passfile
        printf '*:*:*:infra_replication:%s\n' "$$(cat /run/secrets/postgres_main_infra_replication_password)" > "$$passfile"
        chown postgres:postgres "$$passfile" /var/lib/postgresql/data
        export PGPASSFILE="$$passfile"
        if [ ! -d "$$PGDATA" ]; then
          rm -rf /var/lib/postgresql/data/copy
          primary='--host=postgres-main --username=infra_replication --no-password --slot=replica_1'
          gosu postgres pg_receivewal $$primary --drop-slot 2> /dev/null || true
          gosu postgres pg_receivewal $$primary --create-slot --if-not-exists
          gosu postgres pg_basebackup $$primary --checkpoint=fast --wal-method=stream --write-recovery-conf \
            --pgdata=/var/lib/postgresql/data/copy
          mv /var/lib/postgresql/data/copy "$$PGDATA"
        fi
        exec gosu postgres postgres "$$@"
    "#);
    assert_snapshot!(entry(&text, "postgres-main-pooler.pgbouncer.ini"), @r#"
    postgres-main-pooler.pgbouncer.ini:
      content: |
        [databases]
        * = host=postgres-main port=5432

        [pgbouncer]
        listen_addr = *
        listen_port = 6432
        auth_type = scram-sha-256
        auth_user = infra_pooler
        auth_file = /tmp/users.txt
        auth_query = SELECT username, verifier FROM infra_pooler.user_lookup($$1)
        auth_dbname = postgres
        pool_mode = transaction
        default_pool_size = 20
        max_client_conn = 100
        max_prepared_statements = 200
        ignore_startup_parameters = extra_float_digits
        log_connections = 0
        log_disconnections = 0
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
fn a_replica_and_a_pooler_may_come_when_the_volume_is_there() {
    let alone = Postgres {
        replicas: 0,
        pooler: None,
        ..whole()
    };
    let network = ("network.main", network());
    let before = export(&stack([
        network.clone(),
        ("postgres.main", ComponentSpec::Postgres(alone)),
    ]))
    .unwrap();
    let after = export(&stack([
        network,
        ("postgres.main", ComponentSpec::Postgres(whole())),
    ]))
    .unwrap();
    let init = |file: &ComposeFile| entry(&file.text, "postgres-main.infra.sql");
    assert_eq!(init(&before), init(&after), "it does not run again");
    assert_eq!(before.secrets, after.secrets, "the role has its password already");
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

/// Returns a stack whose components fix ports.
fn fixed<const N: usize>(components: [(&'static str, ComponentSpec, &[(&str, i64)]); N]) -> Stack {
    let settings: Vec<(&str, Attributes)> = components
        .iter()
        .map(|(address, _, ports)| {
            let one = |(name, port): &(&str, i64)| ((*name).to_owned(), Value::from(*port));
            (*address, ports.iter().map(one).collect())
        })
        .collect();
    let mut stack = stack(components.map(|(address, spec, _)| (address, spec)));
    for (address, settings) in settings {
        let component = stack
            .components
            .get_mut(&address.parse::<infra_model::address::ComponentAddress>().unwrap())
            .unwrap();
        component.provider_settings.insert("local".to_owned(), settings);
    }
    stack
}

#[test]
fn a_port_that_the_stack_fixes_is_kept_whatever_comes_before() {
    let stack = fixed([
        ("redis.a", ComponentSpec::Redis(redis()), &[]),
        ("redis.b", ComponentSpec::Redis(redis()), &[("port", 6379)]),
    ]);
    let text = export(&stack).unwrap().text;
    for expected in ["${REDIS_B_PORT:-6379}", "${REDIS_A_PORT:-6380}"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn a_port_that_the_stack_fixes_twice_is_refused_where_servers_share_an_address() {
    let one = || ComponentSpec::Redis(redis());
    let refused = export(&fixed([
        ("redis.a", one(), &[("port", 7000)]),
        ("redis.b", one(), &[("port", 7000)]),
    ]));
    assert_eq!(
        refused.unwrap_err()[0].detail,
        "`port` of `redis.b` is 7000, which another server of this machine has"
    );
    let inside = || {
        ComponentSpec::Redis(Redis {
            segment: Some(data()),
            ..redis()
        })
    };
    let text = export(&fixed([
        ("network.main", network(), &[]),
        ("redis.a", inside(), &[("port", 7000)]),
        ("redis.b", inside(), &[("port", 7000)]),
    ]));
    let text = text.unwrap().text;
    assert!(text.contains("${REDIS_A_PORT:-7000}"), "{text}");
    assert!(text.contains("${REDIS_B_PORT:-6379}"), "{text}");
}

#[test]
fn rules_know_a_server_by_the_port_that_the_stack_fixes() {
    let inside = Postgres {
        segment: Some(data()),
        ..postgres()
    };
    let stack = fixed([
        ("network.main", network(), &[]),
        (
            "postgres.main",
            ComponentSpec::Postgres(inside),
            &[("port", 6432)],
        ),
    ]);
    assert_eq!(
        joined(&export(&stack).unwrap().text, "postgres-main"),
        ["main.data", "main.app.to.data", "main.data.host"],
        "reports may reach 5432 only"
    );
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
    let refused = export(&stack([
        ("postgres.old", ComponentSpec::Postgres(old)),
        ("redis.cache", ComponentSpec::Redis(replicated)),
    ]))
    .unwrap_err();
    let said: Vec<&str> = refused.iter().map(|one| one.summary.as_str()).collect();
    assert_eq!(
        said,
        ["No image for this version", "Shape of Redis not built yet"]
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
fn an_extension_that_the_image_lacks_is_refused() {
    let with = |version, extensions: &[&str]| {
        let postgres = Postgres {
            version,
            extensions: extensions.iter().map(|name| (*name).to_owned()).collect(),
            ..postgres()
        };
        export(&stack([("postgres.main", ComponentSpec::Postgres(postgres))]))
    };
    let refused = with(16, &["vector", "postgis", "pg_cron"]).unwrap_err();
    assert_eq!(
        refused[0].detail,
        "`postgres.main` needs `postgis`, `pg_cron`, which the image of PostgreSQL 16 lacks"
    );
    assert!(
        with(
            16,
            &["vector", "pg_trgm", "uuid-ossp", "adminpack", "pg_walinspect"]
        )
        .is_ok()
    );
    assert!(with(17, &["adminpack"]).is_err());
}

#[test]
fn a_server_is_healthy_when_its_init_script_has_come_to_its_end() {
    let text = text([("postgres.main", ComponentSpec::Postgres(postgres()))]);
    let server = entry(&text, "postgres-main").replace('\n', " ");
    let words: Vec<&str> = server.split_whitespace().collect();
    let asked = "--command=\"select shobj_description('infra'::regrole, 'pg_authid')\" | grep -qx complete";
    assert!(words.join(" ").contains(asked), "{server}");
    let init = entry(&text, "postgres-main.infra.sql");
    assert!(
        init.ends_with("comment on role \"infra\" is 'complete';"),
        "{init}"
    );
}

#[test]
fn servers_have_the_parameters_that_apply_gives_them_but_for_the_archive() {
    let postgres = Postgres {
        replicas: 1,
        parameters: [("wal_keep_size".to_owned(), Value::string("64MB"))].into(),
        ..postgres()
    };
    let text = text([("postgres.main", ComponentSpec::Postgres(postgres))]);
    for service in ["postgres-main", "postgres-main-replica-1"] {
        let entry = entry(&text, service);
        for expected in [
            "max_slot_wal_keep_size=1GB",
            "wal_keep_size=64MB",
            "password_encryption=scram-sha-256",
            "shared_buffers=32MB",
            "timezone=UTC",
        ] {
            assert!(entry.contains(expected), "{expected} in\n{entry}");
        }
        assert!(!entry.contains("wal_keep_size=128MB"), "the stack wins: {entry}");
        assert!(!entry.contains("archive_"), "{entry}");
    }
    assert!(
        entry(&text, "postgres-main").contains("POSTGRES_INITDB_ARGS: --data-checksums "),
        "{text}"
    );
}

#[test]
fn indexes_that_are_built_in_parallel_have_room() {
    let of = |memory: Option<&str>| {
        let memory = memory.map(|memory| ("maintenance_work_mem".to_owned(), Value::string(memory)));
        let postgres = Postgres {
            parameters: memory.into_iter().collect(),
            ..postgres()
        };
        let text = text([("postgres.main", ComponentSpec::Postgres(postgres))]);
        let entry = entry(&text, "postgres-main");
        let size = entry
            .lines()
            .find_map(|line| line.trim().strip_prefix("shm_size: "));
        size.map(str::to_owned).unwrap_or_default()
    };
    assert_eq!(of(None), "1024mb");
    assert_eq!(of(Some("2GB")), "2304mb");
}

#[test]
fn the_pooler_is_a_user_who_can_read_its_files() {
    let text = text([
        ("network.main", network()),
        ("postgres.main", ComponentSpec::Postgres(whole())),
    ]);
    let pooler = entry(&text, "postgres-main-pooler");
    assert!(
        pooler.contains("    user: \"70:70\"\n") || pooler.contains("    user: 70:70\n"),
        "{pooler}"
    );
    // Two files and a secret, 0444 each.
    assert_eq!(pooler.matches("      mode: 292").count(), 3, "{pooler}");
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

#[test]
fn what_a_stack_says_with_a_dollar_is_not_replaced() {
    let postgres = Postgres {
        parameters: [("application.note".to_owned(), Value::string("$HOME"))].into(),
        ..postgres()
    };
    let text = text([("postgres.main", ComponentSpec::Postgres(postgres))]);
    assert!(text.contains("application.note=$$HOME"), "{text}");
}
