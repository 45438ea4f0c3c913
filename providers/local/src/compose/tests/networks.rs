//! Who shares a network with whom.

use super::*;

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
