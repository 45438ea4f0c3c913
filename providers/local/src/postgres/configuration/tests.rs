//! What the configuration files say, read as a server would.

use insta::assert_snapshot;

use super::*;

fn replica() -> Configuration {
    Configuration {
        name: "main-replica-1".to_owned(),
        files: ServerFiles {
            folder: "/srv/it's/main-replica-1".into(),
            sockets: "/run/shop/main-replica-1".into(),
            archive: "/srv/100%/archive".into(),
        },
        listen: vec!["198.18.0.3".parse().unwrap()],
        port: 5432,
        parameters: BTreeMap::from([("work_mem".to_owned(), "8MB".to_owned())]),
        tls: Some(CertificateFiles {
            certificate: "/srv/tls/server.crt".into(),
            key: "/srv/tls/server.key".into(),
        }),
        upstream: Some(Upstream {
            sockets: "/run/shop/main".into(),
            port: 5432,
            slot: "main_replica_1".to_owned(),
        }),
        peer: "nobody".to_owned(),
        archive_days: 7,
    }
}

fn lines_with(text: &str, words: &[&str]) -> String {
    text.lines()
        .filter(|line| words.iter().any(|word| line.starts_with(word)))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_replica_follows_its_primary_without_a_password() {
    let files = render(&replica());
    assert_snapshot!(lines_with(&files["postgresql.conf"], &["primary", "ssl", "listen", "port", "work_mem"]), @r"
    listen_addresses = '198.18.0.3'
    port = '5432'
    ssl = 'on'
    ssl_cert_file = '/srv/tls/server.crt'
    ssl_key_file = '/srv/tls/server.key'
    primary_conninfo = 'host=''/run/shop/main'' port=5432 user=infra_replication application_name=''main_replica_1'''
    primary_slot_name = 'main_replica_1'
    work_mem = '8MB'
    ");
}

#[test]
fn quotes_and_percent_signs_in_paths_are_kept() {
    let files = render(&Configuration {
        upstream: None,
        ..replica()
    });
    assert_snapshot!(lines_with(&files["postgresql.conf"], &["data_directory", "archive_command", "restore_command"]), @r#"
    data_directory = '/srv/it''s/main-replica-1/data'
    archive_command = '/bin/sh ''/srv/it''\\''''s/main-replica-1/configuration/archive.sh'' "%p" "%f"'
    restore_command = 'test -f ''/srv/100%%/archive''/"%f".gz && gzip -dc ''/srv/100%%/archive''/"%f".gz > "%p"'
    "#);
    assert!(files["archive.sh"].contains("archive='/srv/100%/archive'\n"));
}

#[test]
fn a_replica_archives_nothing() {
    let files = render(&replica());
    assert_snapshot!(lines_with(&files["postgresql.conf"], &["archive_mode", "archive_command"]), @r"
    archive_mode = 'on'
    archive_command = ''
    ");
}

#[test]
fn nobody_logs_in_as_a_system_role_over_the_network() {
    let files = render(&replica());
    assert_snapshot!(files["pg_hba.conf"], @r"
    # Written by infra; changes made here are overwritten.
    local  all          infra              peer map=infra
    local  all          infra_pooler       peer map=infra
    local  replication  infra_replication  peer map=infra
    local  all          infra_replication  reject
    host   all          infra,infra_pooler,infra_replication  all  reject
    local  all          all                scram-sha-256
    host   all          all           all  scram-sha-256
    ");
    assert_snapshot!(files["pg_ident.conf"], @r#"
    # Written by infra; changes made here are overwritten.
    infra "nobody" infra
    infra "nobody" infra_pooler
    infra "nobody" infra_replication
    "#);
}
