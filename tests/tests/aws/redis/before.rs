//! What was there before: groups of others, and what the service did by itself.

use infra_tests::aws::{Cloud, STAGING, staging};
use serde_json::json;

use super::{
    GROUP, ID, PARAMETERS, SECRET, SEEN, SERVER, SETTLED, SUBNETS, TOKEN, applied, apply, expect_no_changes,
    server,
};

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
