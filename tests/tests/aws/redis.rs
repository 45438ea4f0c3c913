//! Redis on ElastiCache: servers and clusters through their whole life.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

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
fn a_newer_engine_comes_with_the_parameters_of_its_family() {
    let six = SERVER.replace("size        =", "version     = 6\n  size        =");
    let Some((cloud, mut env)) = applied("a_newer_engine", &six) else {
        return;
    };
    let old = json!({"engine": ["redis", "6.2.6"], "family": "redis6.x"});
    assert_eq!(cloud.boto(SEEN), with(server(), &old));
    expect_no_changes(&mut env);
    env.edit("stack.hcl", "version     = 6", "version     = 7");
    apply(&mut env);
    assert_eq!(cloud.boto(SEEN), server());
    expect_no_changes(&mut env);
    env.edit("stack.hcl", "version     = 7", "version     = 8");
    env.edit("stack.hcl", "tags = {", "engine = \"valkey\"\n    tags = {");
    apply(&mut env);
    let new = json!({"engine": ["valkey", "8.1.0"], "family": "valkey8"});
    assert_eq!(cloud.boto(SEEN), with(server(), &new));
    expect_no_changes(&mut env);
    let groups = "show([one['CacheParameterGroupName'] for one in client('elasticache').describe_cache_parameter_groups()['CacheParameterGroups'] if not one['CacheParameterGroupName'].startswith('default.')])";
    assert_eq!(cloud.boto(groups), json!(["caches-staging-cache-valkey8"]));
    expect_no_way_back(&mut env);
    assert_eq!(cloud.boto(SEEN), with(server(), &new));
}

/// Neither to an older version nor to the other engine: the plan says so, and which way there is.
fn expect_no_way_back(env: &mut TestEnv) {
    env.edit("stack.hcl", "version     = 8", "version     = 7");
    let older = env.run(&["plan", "staging"]).expect(1);
    let told = [
        format!("`engine_version` of `{GROUP}` from `8.1` to `7.2`"),
        format!("--replace '{GROUP}'"),
    ];
    for text in &told {
        assert!(older.stderr.contains(text), "{text}: {older}");
    }
    env.edit("stack.hcl", "engine = \"valkey\"\n    ", "");
    let other = env.run(&["apply", "staging", "--yes"]).expect(1);
    let told = format!("`engine` of `{GROUP}` from `valkey` to `redis`");
    assert!(other.stderr.contains(&told), "{other}");
    let replaced = env.run(&["plan", "staging", "--replace", GROUP]).expect(0);
    assert!(
        replaced
            .stdout
            .contains("asked for; the old one goes first; DESTROYS DATA"),
        "{replaced}"
    );
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

/// Makes a group with what it needs, as somebody else would have.
fn made_before(cloud: &Cloud, (version, family, suffix): (&str, &str, &str), access: &str) {
    let _ = cloud.boto(&format!(
        "{SETTLED}
cache, ec2 = client('elasticache'), client('ec2')
vpc = [one['VpcId'] for one in ec2.describe_vpcs()['Vpcs'] if one['CidrBlock'] == '10.40.0.0/16'][0]
here = [dict(Name='vpc-id', Values=[vpc])]
subnets = [one['SubnetId'] for one in ec2.describe_subnets(Filters=here)['Subnets']]
security = [one['GroupId'] for one in ec2.describe_security_groups(Filters=here)['SecurityGroups'] if one['GroupName'] != 'default']
key = client('kms').list_keys()['Keys'][0]['KeyArn']
token = client('secretsmanager').get_secret_value(SecretId='{SECRET}')['SecretString']
cache.create_cache_subnet_group(CacheSubnetGroupName='{ID}', CacheSubnetGroupDescription='of before', SubnetIds=subnets)
cache.create_cache_parameter_group(CacheParameterGroupName='{ID}{suffix}', CacheParameterGroupFamily='{family}', Description='redis.cache of caches in staging')
cache.create_replication_group(ReplicationGroupId='{ID}', ReplicationGroupDescription='of before', NumCacheClusters=2, AutomaticFailoverEnabled=True,
    CacheNodeType='cache.t4g.micro', Engine='redis', EngineVersion='{version}', CacheParameterGroupName='{ID}{suffix}', CacheSubnetGroupName='{ID}',
    SecurityGroupIds=security, {access} AtRestEncryptionEnabled=True, KmsKeyId=key)
settled()
"
    ));
}

#[test]
fn groups_of_before_are_imported() {
    let Some(cloud) = Cloud::start("groups_of_before", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(SERVER));
    let _ = env
        .run(&[
            "apply",
            "staging",
            "--yes",
            "--target",
            "network.main",
            "--target",
            "key_vault.app",
        ])
        .expect(0);
    let _ = env
        .run(&["apply", "staging", "--yes", "--target", TOKEN])
        .expect(0);
    made_before(
        &cloud,
        ("7.1", "redis7", "-redis7"),
        "TransitEncryptionEnabled=True, AuthToken=token,",
    );
    for (address, id) in [
        (SUBNETS, ID.to_owned()),
        (PARAMETERS, format!("{ID}-redis7")),
        (GROUP, ID.to_owned()),
    ] {
        let _ = env.run(&["import", "staging", address, &id]).expect(0);
    }
    let created = "show(client('elasticache').describe_replication_groups()['ReplicationGroups'][0]['ReplicationGroupCreateTime'])";
    let before = cloud.boto(created);
    apply(&mut env);
    // A description that an adopted group has stays.
    let mut expected = server();
    expected["description"] = "of before".into();
    assert_eq!(cloud.boto(SEEN), expected);
    assert_eq!(cloud.boto(created), before);
    expect_no_changes(&mut env);
}

#[test]
fn a_group_of_before_takes_tls_with_its_newer_version_alone() {
    let Some(cloud) = Cloud::start("a_group_of_before_takes_tls", STAGING) else {
        return;
    };
    let six = SERVER.replacen("  eviction ", "  version     = 6\n  eviction ", 1);
    let mut env = cloud.known_to(staging(&six));
    let needs = ["network.main", "key_vault.app"];
    let targets = needs.iter().flat_map(|need| ["--target", need]);
    let all: Vec<&str> = ["apply", "staging", "--yes"].into_iter().chain(targets).collect();
    let _ = env.run(&all).expect(0);
    let _ = env
        .run(&["apply", "staging", "--yes", "--target", TOKEN])
        .expect(0);
    made_before(&cloud, ("6.2", "redis6.x", "-redis6-x"), "");
    let parameters = format!("{ID}-redis6-x");
    for (address, id) in [(SUBNETS, ID), (PARAMETERS, parameters.as_str()), (GROUP, ID)] {
        let _ = env.run(&["import", "staging", address, id]).expect(0);
    }
    let refused = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(refused.stderr.contains("takes TLS from 7 on"), "{refused}");
    env.edit("stack.hcl", "version     = 6", "version     = 7");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(cloud.boto(SEEN)["encrypted"][0], true);
}

#[test]
fn a_newer_minor_version_that_the_service_installed_stays() {
    let stack = SERVER.replacen("  aws {\n", "  aws {\n    engine_version = \"7.0\"\n", 1);
    assert_ne!(stack, SERVER);
    let Some((cloud, mut env)) = applied("a_newer_minor_version", &stack) else {
        return;
    };
    let _ = cloud.boto(&format!(
        "{SETTLED}\nclient('elasticache').modify_replication_group(ReplicationGroupId='{ID}', EngineVersion='7.1', ApplyImmediately=True)\nsettled()"
    ));
    expect_no_changes(&mut env);
}

#[test]
fn a_name_that_somebody_else_has_is_refused_and_stays_as_it_is() {
    let Some(cloud) = Cloud::start("a_group_that_is_taken", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(SERVER));
    let _ = cloud.boto(&format!(
        "{SETTLED}
cache, ec2 = client('elasticache'), client('ec2')
subnet = ec2.describe_subnets()['Subnets'][0]['SubnetId']
cache.create_cache_subnet_group(CacheSubnetGroupName='other', CacheSubnetGroupDescription='other', SubnetIds=[subnet])
cache.create_replication_group(ReplicationGroupId='{ID}', ReplicationGroupDescription='other', CacheNodeType='cache.t4g.micro', CacheSubnetGroupName='other')
settled()
"
    ));
    let run = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(
        run.stderr.contains("caches-staging-cache already exists"),
        "{run}"
    );
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let others = "show([one['Description'] for one in client('elasticache').describe_replication_groups()['ReplicationGroups']])";
    assert_eq!(cloud.boto(others), json!(["other"]));
}
