//! Redis on ElastiCache: servers and clusters through their whole life.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

mod before;
mod cluster;
mod engines;

/// A server with a replica. The vault's key encrypts it.
const SERVER: &str = r#"
stack {
  name = "caches"
}

network "main" {
  cidr  = "10.40.0.0/16"
  zones = 2

  segment "data" {}
}

key_vault "app" {}

redis "cache" {
  segment     = network.main.segment.data
  size        = "tiny"
  replicas    = 1
  eviction    = "allkeys-lru"
  persistence = "snapshot"
  tls         = true

  aws {
    tags = { team = "shop" }
  }
}
"#;

const ID: &str = "caches-staging-cache";
const GROUP: &str = "redis.cache/aws.elasticache.replication_group.main";
const PARAMETERS: &str = "redis.cache/aws.elasticache.parameter_group.main";
const SUBNETS: &str = "redis.cache/aws.elasticache.subnet_group.main";
const TOKEN: &str = "redis.cache/aws.secretsmanager.secret.password";
/// What ElastiCache keeps the password in.
const SECRET: &str = "caches/staging/redis.cache/password";

/// What a group is, with what only its nodes tell, and how it is set up.
const SEEN: &str = r#"
cache, ec2 = client('elasticache'), client('ec2')
group = cache.describe_replication_groups(ReplicationGroupId='caches-staging-cache')['ReplicationGroups'][0]
nodes = cache.describe_cache_clusters(ShowCacheNodeInfo=True)['CacheClusters']
node = nodes[0]
parameters = node['CacheParameterGroup']['CacheParameterGroupName']
subnets = cache.describe_cache_subnet_groups(CacheSubnetGroupName=node['CacheSubnetGroupName'])['CacheSubnetGroups'][0]
security = {one['GroupId']: one['GroupName'] for one in ec2.describe_security_groups()['SecurityGroups']}
def tags(arn):
    every = cache.list_tags_for_resource(ResourceName=arn)['TagList']
    return {tag['Key']: tag['Value'] for tag in every if not tag['Key'].startswith('infra:') and tag['Key'] != 'Name'}
key = client('kms').describe_key(KeyId=group['KmsKeyId'])['KeyMetadata'] if 'KmsKeyId' in group else None
def seen():
    return {
        'status': group['Status'],
        'description': group['Description'],
        'engine': [node['Engine'], node['EngineVersion']],
        'node_type': group['CacheNodeType'],
        'shards': [len(shard['NodeGroupMembers']) - 1 for shard in group['NodeGroups']],
        'failover': [group['AutomaticFailover'], group['MultiAZ']],
        'encrypted': [group['TransitEncryptionEnabled'], group['AtRestEncryptionEnabled'], key['Description']],
        'token': group['AuthTokenEnabled'],
        'snapshots': group['SnapshotRetentionLimit'],
        'family': cache.describe_cache_parameter_groups(CacheParameterGroupName=parameters)['CacheParameterGroups'][0]['CacheParameterGroupFamily'],
        'parameters': {one['ParameterName']: one['ParameterValue'] for one in cache.describe_cache_parameters(CacheParameterGroupName=parameters, Source='user')['Parameters']},
        'subnets': len(subnets['Subnets']),
        'security': len(node['SecurityGroups']),
        'tags': tags(group['ARN']),
    }
show(seen())
"#;

/// What there is left of ElastiCache.
const LEFT: &str = r"
cache = client('elasticache')
show([
    [one['ReplicationGroupId'] for one in cache.describe_replication_groups()['ReplicationGroups']],
    [one['CacheClusterId'] for one in cache.describe_cache_clusters()['CacheClusters']],
    [one['CacheSubnetGroupName'] for one in cache.describe_cache_subnet_groups()['CacheSubnetGroups']],
    [one['CacheParameterGroupName'] for one in cache.describe_cache_parameter_groups()['CacheParameterGroups'] if not one['CacheParameterGroupName'].startswith('default.')],
    [one['SnapshotName'].startswith('caches-staging-cache-final-') for one in cache.describe_snapshots()['Snapshots']],
])";

/// Waits for changes that were made from outside.
const SETTLED: &str = r"
import time
def settled():
    while client('elasticache').describe_replication_groups(ReplicationGroupId='caches-staging-cache')['ReplicationGroups'][0]['Status'] != 'available':
        time.sleep(0.02)
";

/// Returns an account and an environment with this stack applied; none when moto is not installed.
fn applied(test: &str, stack: &str) -> Option<(Cloud, TestEnv)> {
    let cloud = Cloud::start(test, STAGING)?;
    let mut env = cloud.known_to(staging(stack));
    apply(&mut env);
    Some((cloud, env))
}

fn apply(env: &mut TestEnv) {
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
}

fn expect_no_changes(env: &mut TestEnv) {
    let run = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(run.code, 0, "{run}");
}

fn expect_drift(env: &mut TestEnv, names: &[&str]) {
    let run = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(run.code, 2, "{run}");
    for name in names {
        assert!(run.stdout.contains(name), "{name}\n{run}");
    }
}

fn output(env: &mut TestEnv, name: &str) -> String {
    let run = env
        .command(&["output", "staging", name])
        .output()
        .expect("it runs");
    String::from_utf8(run.stdout).expect("text").trim_end().to_owned()
}

fn secret(cloud: &Cloud) -> String {
    let value = cloud.boto(&format!(
        "show(client('secretsmanager').get_secret_value(SecretId='{SECRET}')['SecretString'])"
    ));
    value.as_str().expect("a text").to_owned()
}

/// What the server is that [`SERVER`] declares.
fn server() -> Value {
    json!({
        "status": "available",
        "description": "redis.cache of caches in staging",
        "engine": ["redis", "7.1.0"],
        "node_type": "cache.t4g.micro",
        "shards": [1],
        "failover": ["enabled", "enabled"],
        "encrypted": [true, true, "key_vault.app of caches in staging"],
        "token": true,
        "snapshots": 7,
        "family": "redis7",
        "parameters": {"maxmemory-policy": "allkeys-lru"},
        "subnets": 2,
        "security": 1,
        "tags": {"team": "shop"},
    })
}

/// Returns a value with other fields.
fn with(mut value: Value, changes: &Value) -> Value {
    let fields = changes.as_object().expect("an object").clone();
    value.as_object_mut().expect("an object").extend(fields);
    value
}

/// Tells whether a token opens: SET is taken of one that does, and of no other.
fn opens(cloud: &Cloud, token: &str) -> Value {
    cloud.boto(&format!(
        "{SETTLED}
try:
    client('elasticache').modify_replication_group(ReplicationGroupId='{ID}', AuthToken='{token}', AuthTokenUpdateStrategy='SET', ApplyImmediately=True)
    settled()
    show(True)
except client('elasticache').exceptions.InvalidParameterCombinationException:
    show(False)"
    ))
}

#[test]
fn a_server_is_made_as_declared_reached_by_its_urls_and_leaves_a_snapshot() {
    let Some((cloud, mut env)) = applied("a_server_is_made", SERVER) else {
        return;
    };
    assert_eq!(cloud.boto(SEEN), server());
    expect_no_changes(&mut env);

    let token = secret(&cloud);
    assert_eq!(opens(&cloud, &token), json!(true));
    let [host, reader, nodes] = ["PrimaryEndpoint", "ReaderEndpoint", ""].map(|name| {
        let what = match name {
            "" => "','.join(f\"{one['ReadEndpoint']['Address']}:{one['ReadEndpoint']['Port']}\" for one in shard['NodeGroupMembers'])".to_owned(),
            name => format!("shard['{name}']['Address']"),
        };
        let seen = cloud.boto(&format!(
            "shard = client('elasticache').describe_replication_groups()['ReplicationGroups'][0]['NodeGroups'][0]\nshow({what})"
        ));
        seen.as_str().expect("a text").to_owned()
    });
    assert_eq!(
        output(&mut env, "redis.cache.url"),
        format!("rediss://default:{token}@{host}:6379/0")
    );
    let readers = output(&mut env, "redis.cache.replica_urls");
    assert!(
        readers.contains(&format!("rediss://default:{token}@{reader}:6379/0")),
        "{readers}"
    );
    let listed = output(&mut env, "redis.cache.nodes");
    assert!(nodes.split(',').all(|node| listed.contains(node)), "{listed}");
    assert!(!env.transcript().contains(&token));

    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(LEFT), json!([[], [], [], [], [true]]));
    env.abandon();
}

#[test]
fn a_server_changes_in_place() {
    let Some((cloud, mut env)) = applied("a_server_changes_in_place", SERVER) else {
        return;
    };
    env.edit("stack.hcl", "replicas    = 1", "replicas    = 3");
    env.edit("stack.hcl", "\"tiny\"", "\"small\"");
    env.edit("stack.hcl", "\"allkeys-lru\"", "\"noeviction\"");
    env.edit(
        "stack.hcl",
        "{ team = \"shop\" }",
        "{ cost = \"1\" }\n    parameters = { timeout = 60 }\n    snapshot_retention_days = 3",
    );
    apply(&mut env);
    let changes = json!({
        "shards": [3],
        "node_type": "cache.t4g.small",
        "parameters": {"maxmemory-policy": "noeviction", "timeout": "60"},
        "snapshots": 3,
        "tags": {"cost": "1"},
    });
    let changed = with(server(), &changes);
    assert_eq!(cloud.boto(SEEN), changed);
    expect_no_changes(&mut env);

    // A parameter that is not set any more is the family's again, and no replica means no failover.
    env.edit("stack.hcl", "\n    parameters = { timeout = 60 }", "");
    env.edit("stack.hcl", "replicas    = 3", "replicas    = 0");
    apply(&mut env);
    let changes = json!({
        "shards": [0],
        "failover": ["disabled", "disabled"],
        "parameters": {"maxmemory-policy": "noeviction"},
    });
    assert_eq!(cloud.boto(SEEN), with(changed, &changes));
    expect_no_changes(&mut env);
}

#[test]
fn snapshots_begin_where_there_were_none() {
    let none = SERVER.replace("\"snapshot\"", "\"none\"");
    let Some((cloud, mut env)) = applied("snapshots_begin", &none) else {
        return;
    };
    assert_eq!(cloud.boto(SEEN), with(server(), &json!({"snapshots": 0})));
    env.edit("stack.hcl", "\"none\"", "\"snapshot\"");
    apply(&mut env);
    assert_eq!(cloud.boto(SEEN), server());
    env.edit("stack.hcl", "\"snapshot\"", "\"none\"");
    apply(&mut env);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(LEFT), json!([[], [], [], [], []]));
}

#[test]
fn a_rotated_token_alone_opens() {
    let Some((cloud, mut env)) = applied("a_rotated_token", SERVER) else {
        return;
    };
    let old = secret(&cloud);
    let _ = env.run(&["rotate", "staging", TOKEN, "--yes"]).expect(0);
    let new = secret(&cloud);
    assert_ne!(new, old);
    assert_eq!(opens(&cloud, &old), json!(false));
    assert_eq!(opens(&cloud, &new), json!(true));
    assert_eq!(cloud.boto(SEEN), server());
    assert!(output(&mut env, "redis.cache.url").contains(&new));
    expect_no_changes(&mut env);
}

#[test]
fn what_was_changed_from_outside_is_shown_and_repaired() {
    let Some((cloud, mut env)) = applied("what_was_changed_from_outside", SERVER) else {
        return;
    };
    let _ = cloud.boto(&format!(
        "{SETTLED}
cache = client('elasticache')
group = cache.describe_replication_groups()['ReplicationGroups'][0]
def change(**what):
    cache.modify_replication_group(ReplicationGroupId='{ID}', ApplyImmediately=True, **what)
    settled()
change(MultiAZEnabled=False)
change(AutomaticFailoverEnabled=False, SnapshotRetentionLimit=1)
cache.decrease_replica_count(ReplicationGroupId='{ID}', NewReplicaCount=0, ApplyImmediately=True)
settled()
change(CacheNodeType='cache.t4g.medium')
change(TransitEncryptionMode='preferred')
name = cache.describe_cache_clusters()['CacheClusters'][0]['CacheParameterGroup']['CacheParameterGroupName']
cache.modify_cache_parameter_group(CacheParameterGroupName=name, ParameterNameValues=[
    dict(ParameterName='maxmemory-policy', ParameterValue='volatile-ttl'),
    dict(ParameterName='timeout', ParameterValue='300'),
])
subnets = cache.describe_cache_subnet_groups()['CacheSubnetGroups'][0]
first = subnets['Subnets'][0]['SubnetIdentifier']
cache.modify_cache_subnet_group(CacheSubnetGroupName=subnets['CacheSubnetGroupName'], SubnetIds=[first])
cache.remove_tags_from_resource(ResourceName=group['ARN'], TagKeys=['team'])
"
    ));
    assert_ne!(cloud.boto(SEEN), server());
    let names = [
        "multi_az",
        "node_type",
        "replicas",
        "snapshot_retention_days",
        "transit_encryption",
        "maxmemory-policy",
        "subnets",
        "team",
    ];
    expect_drift(&mut env, &names);
    apply(&mut env);
    assert_eq!(cloud.boto(SEEN), server());
    let mode = "show(client('elasticache').describe_replication_groups()['ReplicationGroups'][0]['TransitEncryptionMode'])";
    assert_eq!(cloud.boto(mode), json!("required"));
    expect_no_changes(&mut env);
}
