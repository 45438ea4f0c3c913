//! What is written to the primary arrives everywhere, and only the segments that may connect can.

use infra_tests::machine::{self, wait_until};
use infra_tests::servers::{execute, namespace, psql, reaches, refusal, rows};

use crate::support::replicated;

#[test]
fn a_row_written_to_the_primary_is_read_from_replicas_and_through_the_pooler() {
    let Some(mut env) = replicated("a_row_written_to_the_primary") else {
        return;
    };
    execute(
        &env.output("postgres.main.url"),
        "create table t as select 42 as n",
    );
    let replicas: Vec<String> =
        serde_json::from_str(&env.output("postgres.main.replica_urls")).expect("a list of URLs");
    assert_eq!(replicas.len(), 2);
    for url in &replicas {
        wait_until("the replica has the row", || {
            psql(url, "table t").as_deref() == Ok("42")
        });
        let refused = refusal(url, "insert into t values (1)");
        assert!(refused.contains("read-only transaction"), "{refused}");
    }
    assert_eq!(rows(&env.output("postgres.main.pooler_url"), "table t"), "42");
}

#[test]
fn a_segment_reaches_the_servers_only_if_a_rule_allows_it() {
    let test = "a_segment_reaches_the_servers";
    if !machine::has_namespaces(test) {
        return;
    }
    let Some(mut env) = replicated(test) else { return };
    let host = env.output("postgres.main.host");
    let (app, edge) = (namespace(&env, "app"), namespace(&env, "edge"));
    assert!(
        reaches(&app, &host, 5432),
        "the app segment may connect to {host}"
    );
    assert!(
        !reaches(&edge, &host, 5432),
        "the edge segment may not connect to {host}"
    );
    // The pooler has its own address in the segment; all of it is closed to the edge.
    let data = namespace(&env, "data");
    assert!(reaches(&data, &host, 5432));
    assert!(!reaches(&app, &host, 22), "only the ports of the rule are open");
}
