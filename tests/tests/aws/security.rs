//! What may pass in a network: security groups and their rules, network ACLs, endpoints and flow logs.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

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

/// Shows what the ACL of a segment lets pass, and which subnets it guards by the names of their segments.
const ACLS: &str = "
ec2 = client('ec2')
def named(thing):
    tags = {tag['Key']: tag['Value'] for tag in thing.get('Tags', [])}
    return tags.get('infra:address', '').rsplit('.', 1)[-1]
subnets = {subnet['SubnetId']: named(subnet) for subnet in ec2.describe_subnets()['Subnets']}
acls = {named(acl): acl for acl in ec2.describe_network_acls()['NetworkAcls'] if named(acl)}
def said(entry):
    way = 'out' if entry['Egress'] else 'in'
    ports = entry.get('PortRange', {})
    return f\"{entry['RuleAction']} {way} {ports.get('From')}-{ports.get('To')} {entry['CidrBlock']}\"
def passes(name):
    return sorted(said(entry) for entry in acls[name]['Entries'] if entry['RuleNumber'] < 32767)
def guards(name):
    return sorted(subnets[link['SubnetId']] for link in acls[name]['Associations'])
";

#[test]
fn network_acls_let_through_what_rules_allow_and_the_answers() {
    let Some(cloud) = Cloud::start(
        "network_acls_let_through_what_rules_allow_and_the_answers",
        STAGING,
    ) else {
        return;
    };
    let mut env = applied(&cloud, &with_settings("network_acls = true"));
    let seen = cloud.boto(&format!(
        "{ACLS}\nshow({{'guards': [guards(name) for name in sorted(acls)], 'edge': passes('edge'), 'data': passes('data')}})"
    ));
    assert_eq!(
        seen["guards"],
        json!([["app-1", "app-2"], ["data-1", "data-2"], ["edge-1", "edge-2"]])
    );
    let edge: Vec<&str> = seen["edge"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(edge.contains(&"allow in 443-443 0.0.0.0/0"), "{edge:?}");
    assert!(edge.contains(&"allow out 1024-65535 0.0.0.0/0"), "{edge:?}");
    assert_eq!(edge.len(), 4, "{edge:?}");
    let data: Vec<&str> = seen["data"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(data.contains(&"allow in 5432-5432 10.99.0.0/16"), "{data:?}");
    assert!(data.iter().all(|entry| !entry.contains("0.0.0.0/0")), "{data:?}");
    // An entry that lets everybody in, one that is gone, and a subnet that is guarded by another.
    let _ = cloud.boto(&format!(
        "{ACLS}
acl = acls['data']['NetworkAclId']
ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=1, Protocol='-1', RuleAction='allow', Egress=False, CidrBlock='0.0.0.0/0')
mine = [entry for entry in acls['data']['Entries'] if entry['RuleNumber'] < 32767 and entry['Egress']][0]
ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=mine['RuleNumber'], Egress=True)
link = acls['data']['Associations'][0]['NetworkAclAssociationId']
ec2.replace_network_acl_association(AssociationId=link, NetworkAclId=acls['app']['NetworkAclId'])"
    ));
    let _ = repaired(&mut env);
    let again = cloud.boto(&format!("{ACLS}\nshow([guards('data'), passes('data')])"));
    assert_eq!(again, json!([["data-1", "data-2"], data]));
    env.edit("stack.hcl", "[5432, 6379]", "[5432]");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let narrower = cloud.boto(&format!("{ACLS}\nshow(passes('data'))")).to_string();
    assert!(!narrower.contains("6379"), "{narrower}");
    // Without ACLs of their own, subnets are guarded by the one that their VPC came with.
    env.edit("stack.hcl", "network_acls = true", "network_acls = false");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(&format!("{ACLS}\nshow(sorted(acls))")), json!([]));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

const ENDPOINTS: &str = "
ec2 = client('ec2')
def there():
    return [end for end in ec2.describe_vpc_endpoints()['VpcEndpoints'] if end['State'].lower() != 'deleted']
def endpoint(service):
    return [end for end in there() if end['ServiceName'].endswith('.' + service)][0]
";

#[test]
fn endpoints_lead_to_services_past_the_internet() {
    let Some(cloud) = Cloud::start("endpoints_lead_to_services_past_the_internet", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &with_settings(r#"endpoints = ["s3", "secretsmanager"]"#));
    let seen = cloud.boto(&format!(
        "{ENDPOINTS}
s3, secrets = endpoint('s3'), endpoint('secretsmanager')
show([s3['VpcEndpointType'], len(s3['RouteTableIds']), secrets['VpcEndpointType'], len(secrets['SubnetIds']),
      secrets['PrivateDnsEnabled'], len(secrets['Groups'])])"
    ));
    assert_eq!(seen, json!(["Gateway", 3, "Interface", 2, true, 1]));
    let rules = cloud.boto(RULES);
    let rules: Vec<&str> = rules
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    for segment in ["app", "data", "edge"] {
        assert!(
            rules.contains(&format!("endpoints in 443-443 {segment}").as_str()),
            "{rules:?}"
        );
        assert!(
            rules.contains(&format!("{segment} out 443-443 endpoints").as_str()),
            "{rules:?}"
        );
        assert!(
            rules.contains(&format!("{segment} out 443-443 pl-").as_str()),
            "{rules:?}"
        );
    }
    // Routes and addresses that were taken away come back.
    let _ = cloud.boto(&format!(
        "{ENDPOINTS}
s3, secrets = endpoint('s3'), endpoint('secretsmanager')
ec2.modify_vpc_endpoint(VpcEndpointId=s3['VpcEndpointId'], RemoveRouteTableIds=s3['RouteTableIds'][:1])
ec2.modify_vpc_endpoint(VpcEndpointId=secrets['VpcEndpointId'], RemoveSubnetIds=secrets['SubnetIds'][:1])"
    ));
    let _ = repaired(&mut env);
    let again = cloud.boto(&format!(
        "{ENDPOINTS}\nshow([len(endpoint('s3')['RouteTableIds']), len(endpoint('secretsmanager')['SubnetIds'])])"
    ));
    assert_eq!(again, json!([3, 2]));
    env.edit("stack.hcl", r#"["s3", "secretsmanager"]"#, r#"["s3"]"#);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let left = cloud.boto(&format!(
        "{ENDPOINTS}\nshow([end['ServiceName'] for end in there()])"
    ));
    assert_eq!(left, json!(["com.amazonaws.eu-west-1.s3"]));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(&format!("{ENDPOINTS}\nshow(len(there()))")), json!(0));
    env.abandon();
}

#[test]
fn what_takes_several_calls_is_finished_when_an_answer_is_lost() {
    let lost = [
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "CreateFlowLogs",
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "CreateRole",
        "CreateSecurityGroup",
        "CreateVpcEndpoint",
        "PutRolePolicy",
        "ReplaceNetworkAclAssociation",
        "RevokeSecurityGroupEgress",
    ];
    // Services that speak JSON name the operation in a header.
    let named = |action: &&str| match *action {
        "CreateLogGroup" => "Logs_20140328.CreateLogGroup".to_owned(),
        action => format!("Action={action}&"),
    };
    let faults = lost
        .iter()
        .map(|action| json!({ "match": named(action), "when": "after" }));
    let faults = faults.collect::<Value>().to_string();
    let test = "what_takes_several_calls_is_finished_when_an_answer_is_lost";
    let Some(cloud) = Cloud::start_with(test, STAGING, &[("FAULTS", &faults)]) else {
        return;
    };
    let everything = "endpoints = [\"s3\"]\n    network_acls = true\n    flow_logs = true";
    let mut env = cloud.known_to(staging(&with_settings(everything)));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    // Whatever was found half-made is made whole by the next apply at the latest.
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let rules = cloud.boto(RULES);
    let rules = rules.as_array().expect("a list");
    assert!(
        declared()
            .as_array()
            .expect("a list")
            .iter()
            .all(|rule| rules.contains(rule)),
        "{rules:?}"
    );
    assert_eq!(
        rules.len(),
        8 + 3,
        "each segment reaches S3 and nothing else is added: {rules:?}"
    );
    let counts = cloud.counts();
    let made = ["security_group", "network_acl", "vpc_endpoint", "flow_log"]
        .map(|kind| counts[&format!("aws.ec2.{kind}")]);
    assert_eq!(made, [3, 3, 1, 1]);
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
