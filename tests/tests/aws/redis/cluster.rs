//! Clusters: shards and replicas come and go.

use serde_json::json;

use super::{
    ID, LEFT, SEEN, SERVER, SETTLED, applied, apply, expect_drift, expect_no_changes, output, secret, server,
    with,
};

const CLUSTER: &str = r#"
stack {
  name = "caches"
}

network "main" {
  cidr  = "10.40.0.0/16"
  zones = 2

  segment "data" {}
}

redis "cache" {
  segment  = network.main.segment.data
  size     = "tiny"
  mode     = "cluster"
  replicas = 1
  tls      = true
}
"#;

#[test]
fn a_cluster_gains_and_loses_shards_and_replicas() {
    let Some((cloud, mut env)) = applied("a_cluster_gains_and_loses", CLUSTER) else {
        return;
    };
    let changes = json!({
        "shards": [1, 1, 1],
        "snapshots": 0,
        "parameters": {"cluster-enabled": "yes", "maxmemory-policy": "noeviction"},
        "encrypted": [true, true, "redis.cache of caches in staging"],
        "tags": {},
    });
    let made = with(server(), &changes);
    assert_eq!(cloud.boto(SEEN), made);
    expect_no_changes(&mut env);
    let token = secret(&cloud);
    let endpoint = "show(client('elasticache').describe_replication_groups()['ReplicationGroups'][0]['ConfigurationEndpoint']['Address'])";
    let endpoint = cloud.boto(endpoint);
    let host = endpoint.as_str().expect("a text");
    assert_eq!(
        output(&mut env, "redis.cache.url"),
        format!("rediss://default:{token}@{host}:6379/0")
    );
    assert_eq!(output(&mut env, "redis.cache.nodes").matches(":6379").count(), 6);

    env.edit("stack.hcl", "replicas = 1", "replicas = 2\n  shards   = 5");
    apply(&mut env);
    assert_eq!(
        cloud.boto(SEEN),
        with(made.clone(), &json!({"shards": [2, 2, 2, 2, 2]}))
    );
    assert_eq!(output(&mut env, "redis.cache.nodes").matches(":6379").count(), 15);
    expect_no_changes(&mut env);

    env.edit(
        "stack.hcl",
        "replicas = 2\n  shards   = 5",
        "replicas = 0\n  shards   = 3",
    );
    apply(&mut env);
    let alone = json!({"shards": [0, 0, 0], "failover": ["enabled", "disabled"]});
    assert_eq!(cloud.boto(SEEN), with(made, &alone));
    expect_no_changes(&mut env);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(LEFT), json!([[], [], [], [], []]));
}

#[test]
fn shards_that_differ_become_alike_again() {
    let Some((cloud, mut env)) = applied("shards_that_differ", CLUSTER) else {
        return;
    };
    let before = cloud.boto(SEEN);
    let _ = cloud.boto(&format!(
        "{SETTLED}
cache = client('elasticache')
def one(shard, count):
    return dict(ReplicationGroupId='{ID}', ReplicaConfiguration=[dict(NodeGroupId=shard, NewReplicaCount=count)], ApplyImmediately=True)
cache.increase_replica_count(**one('0002', 3))
settled()
cache.modify_replication_group(ReplicationGroupId='{ID}', MultiAZEnabled=False, ApplyImmediately=True)
settled()
cache.decrease_replica_count(**one('0003', 0))
settled()
"
    ));
    assert_eq!(cloud.boto(SEEN)["shards"], json!([1, 3, 0]));
    expect_drift(&mut env, &["replicas", "multi_az"]);
    apply(&mut env);
    assert_eq!(cloud.boto(SEEN), before);
    expect_no_changes(&mut env);
}

#[test]
fn a_cluster_in_place_of_a_server_is_another_group_and_protection_refuses_it() {
    let Some((cloud, mut env)) = applied("a_cluster_in_place_of_a_server", SERVER) else {
        return;
    };
    env.edit(
        "stack.hcl",
        "tls         = true",
        "tls         = true\n  protect     = true",
    );
    apply(&mut env);
    expect_no_changes(&mut env);
    env.edit(
        "stack.hcl",
        "size        =",
        "mode        = \"cluster\"\n  size        =",
    );
    let refused = env.run(&["apply", "staging", "--yes"]);
    assert_ne!(refused.code, 0, "{refused}");
    assert!(
        refused.stderr.contains("protect") || refused.stdout.contains("protect"),
        "{refused}"
    );
    let refused = env.run(&["destroy", "staging", "--yes"]);
    assert_ne!(refused.code, 0, "{refused}");
    assert_eq!(cloud.boto(SEEN), server());

    env.edit("stack.hcl", "mode        = \"cluster\"\n  ", "");
    env.edit("stack.hcl", "protect     = true", "protect     = false");
    apply(&mut env);
    env.edit(
        "stack.hcl",
        "size        =",
        "mode        = \"cluster\"\n  size        =",
    );
    apply(&mut env);
    let changes = json!({
        "shards": [1, 1, 1],
        "parameters": {"cluster-enabled": "yes", "maxmemory-policy": "allkeys-lru"},
    });
    assert_eq!(cloud.boto(SEEN), with(server(), &changes));
    expect_no_changes(&mut env);
}
