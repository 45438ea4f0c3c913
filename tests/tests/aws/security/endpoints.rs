//! Endpoints of services.

use infra_tests::aws::{Cloud, STAGING};
use serde_json::{Value, json};

use super::{RULES, applied, repaired, unchanged, with_settings};

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
