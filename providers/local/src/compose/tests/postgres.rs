//! PostgreSQL in a file: its init script, its replicas, its pooler and its settings.

use super::*;

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
        create extension if not exists "vector" cascade;
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
fn what_a_stack_says_with_a_dollar_is_not_replaced() {
    let postgres = Postgres {
        parameters: [("application.note".to_owned(), Value::string("$HOME"))].into(),
        ..postgres()
    };
    let text = text([("postgres.main", ComponentSpec::Postgres(postgres))]);
    assert!(text.contains("application.note=$$HOME"), "{text}");
}
