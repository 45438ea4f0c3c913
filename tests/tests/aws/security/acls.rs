//! Network ACLs: what passes at the border of a segment.

use infra_tests::aws::{Cloud, STAGING};
use serde_json::{Value, json};

use super::{applied, repaired, unchanged, with_settings};

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

#[test]
fn entries_of_an_acl_change_where_there_is_no_room_for_both() {
    let Some(cloud) = Cloud::start("entries_of_an_acl_change", STAGING) else {
        return;
    };
    let ports = |first: u16| {
        let ports: Vec<String> = (first..first + 13).map(|port| port.to_string()).collect();
        format!("[{}]", ports.join(", "))
    };
    let stack = with_settings("network_acls = true").replace("[5432, 6379]", &ports(5400));
    let mut env = applied(&cloud, &stack);
    env.edit("stack.hcl", &ports(5400), &ports(5500));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let data = cloud.boto(&format!("{ACLS}\nshow(passes('data'))")).to_string();
    assert!(
        data.contains("in 5512-5512") && !data.contains("in 5400-5400"),
        "{data}"
    );
    env.abandon();
}
