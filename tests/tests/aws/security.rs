//! What may pass in a network: security groups and their rules, network ACLs, endpoints and flow logs.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

mod acls;
mod endpoints;
mod unfinished;

const NETWORK: &str = r#"
stack {
  name = "walls"
}

network "main" {
  cidr  = "10.30.0.0/16"
  zones = 2

  segment "edge" { public = true }
  segment "app" {}
  segment "data" {}

  allow {
    from  = "internet"
    to    = "edge"
    ports = [443]
  }
  allow {
    from  = "edge"
    to    = "app"
    ports = [8080]
  }
  allow {
    from  = "app"
    to    = "data"
    ports = [5432, 6379]
  }
  allow {
    from  = "10.99.0.0/16"
    to    = "data"
    ports = [5432]
  }

  aws {}
}
"#;

/// Shows the rules of each group of the network: `data in 5432-5432 app`.
const RULES: &str = "
ec2 = client('ec2')
groups = {group['GroupId']: group['GroupName'].removeprefix('walls-staging-main-')
          for group in ec2.describe_security_groups()['SecurityGroups'] if group['GroupName'] != 'default'}
def said(rule):
    way = 'out' if rule['IsEgress'] else 'in'
    other = rule.get('ReferencedGroupInfo', {}).get('GroupId')
    other = groups.get(other) or rule.get('CidrIpv4') or rule.get('PrefixListId', '')[:3]
    ports = f\"{rule['FromPort']}-{rule['ToPort']}\" if rule['IpProtocol'] == 'tcp' else 'all'
    return f\"{groups[rule['GroupId']]} {way} {ports} {other}\"
rules = [rule for rule in ec2.describe_security_group_rules()['SecurityGroupRules'] if rule['GroupId'] in groups]
show(sorted(said(rule) for rule in rules))
";

/// Finds a group by the name of its segment.
const GROUP: &str = "
ec2 = client('ec2')
def group(name):
    found = ec2.describe_security_groups(Filters=[{'Name': 'group-name', 'Values': ['walls-staging-main-' + name]}])
    return found['SecurityGroups'][0]
";

fn with_settings(settings: &str) -> String {
    assert!(NETWORK.contains("aws {}"));
    NETWORK.replace("aws {}", &format!("aws {{\n    {settings}\n  }}"))
}

fn applied(cloud: &Cloud, stack: &str) -> TestEnv {
    let mut env = cloud.known_to(staging(stack));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    env
}

fn unchanged(env: &mut TestEnv) {
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 0, "{plan}");
}

/// Plans what moved, repairs it, and returns the plan.
fn repaired(env: &mut TestEnv) -> String {
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(env);
    plan.to_string()
}

fn declared() -> Value {
    json!([
        "app in 8080-8080 edge",
        "app out 5432-5432 data",
        "app out 6379-6379 data",
        "data in 5432-5432 10.99.0.0/16",
        "data in 5432-5432 app",
        "data in 6379-6379 app",
        "edge in 443-443 0.0.0.0/0",
        "edge out 8080-8080 app",
    ])
}

#[test]
fn groups_let_through_what_is_declared_and_nothing_else() {
    let Some(cloud) = Cloud::start("groups_let_through_what_is_declared_and_nothing_else", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, NETWORK);
    assert_eq!(cloud.boto(RULES), declared());
    // A rule that was taken away comes back, alone.
    let _ = cloud.boto(&format!(
        "{GROUP}
rules = ec2.describe_security_group_rules(Filters=[{{'Name': 'group-id', 'Values': [group('data')['GroupId']]}}])
gone = [rule['SecurityGroupRuleId'] for rule in rules['SecurityGroupRules'] if rule['FromPort'] == 6379]
ec2.revoke_security_group_ingress(GroupId=group('data')['GroupId'], SecurityGroupRuleIds=gone)"
    ));
    let plan = repaired(&mut env);
    assert!(plan.contains("data-from-app-6379"), "{plan}");
    assert!(!plan.contains("data-from-app-5432"), "{plan}");
    assert_eq!(cloud.boto(RULES), declared());
    // Rules that nobody declared are taken away, also the one that a new group has when its maker dies too early.
    let _ = cloud.boto(&format!(
        "{GROUP}
anywhere = [{{'CidrIp': '0.0.0.0/0'}}]
ec2.authorize_security_group_ingress(GroupId=group('data')['GroupId'], IpPermissions=[
    {{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': anywhere}}])
ec2.authorize_security_group_egress(GroupId=group('app')['GroupId'], IpPermissions=[
    {{'IpProtocol': '-1', 'IpRanges': anywhere}}])"
    ));
    let plan = repaired(&mut env);
    assert!(plan.contains("ingress tcp 22 0.0.0.0/0"), "{plan}");
    assert!(plan.contains("egress all 0.0.0.0/0"), "{plan}");
    assert_eq!(cloud.boto(RULES), declared());
    // Other ports are other rules.
    env.edit("stack.hcl", "[5432, 6379]", "[5432, 6380]");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let rules = cloud.boto(RULES).to_string();
    assert!(
        rules.contains("data in 6380-6380 app") && rules.contains("app out 6380-6380 data"),
        "{rules}"
    );
    assert!(!rules.contains("6379"), "{rules}");
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(RULES), json!([]));
    assert_eq!(
        cloud.boto(&format!("{RULES}\nshow(sorted(groups.values()))")),
        json!([])
    );
    env.abandon();
}

#[test]
fn a_group_and_a_rule_are_imported_as_they_are() {
    let Some(cloud) = Cloud::start("a_group_and_a_rule_are_imported_as_they_are", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, NETWORK);
    let ids = cloud.boto(&format!(
        "{GROUP}
rules = ec2.describe_security_group_rules(Filters=[{{'Name': 'group-id', 'Values': [group('data')['GroupId']]}}])
of_app = [rule for rule in rules['SecurityGroupRules'] if rule['FromPort'] == 5432 and 'ReferencedGroupInfo' in rule]
show([group('data')['GroupId'], of_app[0]['SecurityGroupRuleId']])"
    ));
    let group = "network.main/aws.ec2.security_group.data";
    let rule = "network.main/aws.ec2.security_group_rule.data-from-app-5432";
    for (address, id) in [(group, &ids[0]), (rule, &ids[1])] {
        let id = id.as_str().expect("an id");
        let _ = env.run(&["state", "rm", "staging", address]).expect(0);
        let _ = env.run(&["import", "staging", address, id]).expect(0);
    }
    unchanged(&mut env);
    assert_eq!(cloud.boto(RULES), declared());
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn a_setting_that_is_wrong_is_told_with_its_place() {
    let Some(cloud) = Cloud::start("a_setting_that_is_wrong_is_told_with_its_place", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(&with_settings(
        "endpoints = [\"secretsmanger\"]\n    network_acls = \"yes\"\n    flow_logs = true\n    flow_log_days = 31",
    )));
    let said = env.run(&["plan", "staging"]).expect(1).to_string();
    for text in [
        "stack.hcl:",
        "Did you mean `secretsmanager`?",
        "`network_acls` in `aws` of `network.main` takes `true` or `false`",
        "`flow_log_days` in `aws` of `network.main` takes one of these numbers of days",
    ] {
        assert!(said.contains(text), "{text}\n{said}");
    }
}
