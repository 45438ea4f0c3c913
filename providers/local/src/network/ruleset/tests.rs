//! Rules become one ruleset, which is compared as it is read back.

use serde_json::json;

use super::*;

fn segments(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn rules_name_links_permit_replies_one_by_one_and_count_refusals() {
    let rules = from_list(vec![
        Permission {
            from: "app".into(),
            to: "data".into(),
            ports: vec![6379, 5432],
        },
        Permission {
            from: "203.0.113.0/24".into(),
            to: "app".into(),
            ports: vec![22],
        },
    ]);
    insta::assert_snapshot!(render(&rules, &segments(&["app", "data"])), @r#"
    table inet infra
    delete table inet infra
    table inet infra {
    chain input {
    type filter hook input priority 0; policy drop;
    }
    chain forward {
    type filter hook forward priority 0; policy drop;
    ct state invalid drop
    ct state related accept
    iifname "s-internet" oifname "s-app" ip saddr 203.0.113.0/24 tcp dport { 22 } counter accept
    iifname "s-app" oifname "s-internet" ip daddr 203.0.113.0/24 tcp sport { 22 } ct direction reply accept
    iifname "s-app" oifname "s-data" tcp dport { 5432, 6379 } counter accept
    iifname "s-data" oifname "s-app" tcp sport { 5432, 6379 } ct direction reply accept
    iifname "s-app" oifname "s-data" meta l4proto tcp counter reject with tcp reset
    iifname "s-data" oifname "s-app" meta l4proto tcp counter reject with tcp reset
    reject with icmpx type admin-prohibited
    }
    }
    "#);
}

#[test]
fn permissions_for_the_same_peers_are_one() {
    let one = |ports: &[u16]| Permission {
        from: "app".into(),
        to: "data".into(),
        ports: ports.to_vec(),
    };
    assert_eq!(
        to_list(&from_list(vec![one(&[6379]), one(&[5432, 6379])])),
        [one(&[5432, 6379])]
    );
}

#[test]
fn a_router_without_our_table_has_no_rules() {
    assert_eq!(read_back(&json!({ "nftables": [] }), &BTreeSet::new()), None);
    assert_eq!(read_back(&json!([]), &BTreeSet::new()), None);
}

fn listing(from: &str, packets: u64, handle: u64) -> Value {
    let compare =
        |left: Value, right: Value| json!({ "match": { "op": "==", "left": left, "right": right } });
    let expressions = json!([
        compare(json!({ "meta": { "key": "iifname" } }), json!(from)),
        compare(json!({ "meta": { "key": "oifname" } }), json!("s-data")),
        compare(json!({ "payload": { "protocol": "tcp", "field": "dport" } }), json!(5432)),
        { "counter": { "packets": packets, "bytes": 60 } },
        { "accept": null },
    ]);
    json!({ "nftables": [
        { "metainfo": { "version": "1" } },
        { "table": { "family": "inet", "name": "infra", "handle": handle } },
        { "rule": { "table": "infra", "chain": "forward", "handle": handle, "expr": expressions } },
    ] })
}

#[test]
fn numbers_that_count_up_are_no_difference() {
    let names = segments(&["app", "data"]);
    let first = read_back(&listing("s-app", 1, 4), &names).unwrap();
    let second = read_back(&listing("s-app", 2, 9), &names).unwrap();
    assert_eq!(first.normal, second.normal);
    assert_eq!(second.passed[&("app".to_owned(), "data".to_owned())], 2);
}

#[test]
fn a_permission_for_an_unknown_link_is_no_permission_of_ours() {
    let found = read_back(&listing("eth9", 0, 1), &segments(&["app", "data"])).unwrap();
    assert_eq!(found.allowed, Allowed::new());
    assert!(!found.denies_the_rest);
}
