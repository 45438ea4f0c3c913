//! VPCs, subnets, and the ways out of them.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Fault, Proxy};
use serde_json::{Value, json};

const NETWORK: &str = r#"
stack {
  name = "nets"
}

network "main" {
  cidr  = "10.30.0.0/16"
  zones = 2

  segment "edge" { public = true }
  segment "app" {}
  segment "data" {}

  aws {
    nat    = "single"
    egress = ["app"]
    tags   = { team = "platform" }
  }
}
"#;

/// What there is of the stack: subnets with where their packets for everybody go, and the state of each gateway.
const SEEN: &str = r#"
ec2 = client('ec2')
def address(of):
    tags = {tag['Key']: tag['Value'] for tag in of.get('Tags', [])}
    return tags.get('infra:address', '').rpartition('/')[2]
ours = [{'Name': 'tag:infra:stack', 'Values': ['nets']}]
vpcs = ec2.describe_vpcs(Filters=ours)['Vpcs']
tables = ec2.describe_route_tables()['RouteTables']
names = {}
for kind, key, id in (('internet_gateways', 'InternetGateways', 'InternetGatewayId'), ('nat_gateways', 'NatGateways', 'NatGatewayId')):
    for one in getattr(ec2, 'describe_' + kind)(Filters=ours)[key]:
        names[one[id]] = address(one)
def way(subnet):
    for table in tables:
        if any(one.get('SubnetId') == subnet for one in table['Associations']):
            routes = [route for route in table['Routes'] if route.get('DestinationCidrBlock') == '0.0.0.0/0']
            return [address(table)] + [names.get(route.get('NatGatewayId') or route.get('GatewayId')) for route in routes]
def about(subnet):
    return [subnet['CidrBlock'], subnet['AvailabilityZone'], subnet['MapPublicIpOnLaunch'], way(subnet['SubnetId'])]
def dns(vpc, name):
    return ec2.describe_vpc_attribute(VpcId=vpc, Attribute='enable' + name)['Enable' + name]['Value']
show({
    'vpcs': [[vpc['CidrBlock'], dns(vpc['VpcId'], 'DnsSupport'), dns(vpc['VpcId'], 'DnsHostnames')] for vpc in vpcs],
    'subnets': {address(one): about(one) for one in ec2.describe_subnets(Filters=ours)['Subnets']},
    'nat': [one['State'] for one in ec2.describe_nat_gateways(Filters=ours)['NatGateways']],
    'attached': [one['VpcId'] == vpcs[0]['VpcId'] for gateway in ec2.describe_internet_gateways(Filters=ours)['InternetGateways'] for one in gateway['Attachments']],
    'addresses': len(ec2.describe_addresses(Filters=ours)['Addresses']),
    'teams': len([tag for tag in ec2.describe_tags(Filters=[{'Name': 'key', 'Values': ['team']}])['Tags']
        if tag['Value'] == 'platform' and tag['ResourceId'].startswith(('vpc-', 'subnet-', 'rtb-', 'igw-', 'nat-', 'eipalloc-'))]),
})
"#;

/// What the network of these tests is.
fn whole() -> Value {
    let app = ["10.30.60.0/26", "10.30.60.64/26"];
    let data = ["10.30.58.0/26", "10.30.58.64/26"];
    let edge = ["10.30.136.0/26", "10.30.136.64/26"];
    let (public, nat) = ("aws.ec2.route_table.public", "aws.ec2.nat_gateway.nat-1");
    let gateway = "aws.ec2.internet_gateway.main";
    json!({
        "vpcs": [["10.30.0.0/16", true, true]],
        "subnets": {
            "aws.ec2.subnet.app-1": [app[0], "eu-west-1a", false, ["aws.ec2.route_table.egress-1", nat]],
            "aws.ec2.subnet.app-2": [app[1], "eu-west-1b", false, ["aws.ec2.route_table.egress-2", nat]],
            "aws.ec2.subnet.data-1": [data[0], "eu-west-1a", false, ["aws.ec2.route_table.private-1"]],
            "aws.ec2.subnet.data-2": [data[1], "eu-west-1b", false, ["aws.ec2.route_table.private-2"]],
            "aws.ec2.subnet.edge-1": [edge[0], "eu-west-1a", true, [public, gateway]],
            "aws.ec2.subnet.edge-2": [edge[1], "eu-west-1b", true, [public, gateway]],
        },
        "nat": ["available"],
        "attached": [true],
        "addresses": 1,
        // A VPC, six subnets, five route tables, two gateways and an address.
        "teams": 15,
    })
}

fn applied(cloud: &Cloud) -> TestEnv {
    let mut env = cloud.known_to(staging(NETWORK));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    env
}

/// Plans and applies, and sees that nothing is left to be done.
fn repaired(env: &mut TestEnv) {
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
}

#[test]
fn a_network_is_made_as_its_page_says_and_nothing_is_left_of_it() {
    let Some(cloud) = Cloud::start("a_network_is_made_as_its_page_says", STAGING) else {
        return;
    };
    let mut env = applied(&cloud);
    assert_eq!(cloud.boto(SEEN), whole());
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let left = "
ec2 = client('ec2')
ours = [{'Name': 'tag:infra:stack', 'Values': ['nets']}]
show([ec2.describe_vpcs(Filters=ours)['Vpcs'], ec2.describe_subnets(Filters=ours)['Subnets'],
    ec2.describe_internet_gateways()['InternetGateways'], ec2.describe_addresses()['Addresses'],
    [one for one in ec2.describe_nat_gateways()['NatGateways'] if one['State'] != 'deleted'],
    ec2.describe_route_tables(Filters=ours)['RouteTables']])
";
    assert_eq!(cloud.boto(left), json!([[], [], [], [], [], []]));
    env.abandon();
}

#[test]
fn what_somebody_changed_is_put_right() {
    let Some(cloud) = Cloud::start("what_somebody_changed_is_put_right", STAGING) else {
        return;
    };
    let mut env = applied(&cloud);
    let _ = cloud.boto(&format!(
        "{IDS}
def association(subnet):
    all = [one for table in tables for one in table['Associations']]
    return [one['RouteTableAssociationId'] for one in all if one.get('SubnetId') == ids[subnet]][0]
everybody = {{'DestinationCidrBlock': '0.0.0.0/0'}}
ec2.modify_vpc_attribute(VpcId=ids['aws.ec2.vpc.main'], EnableDnsHostnames={{'Value': False}})
ec2.modify_subnet_attribute(SubnetId=ids['aws.ec2.subnet.data-1'], MapPublicIpOnLaunch={{'Value': True}})
ec2.delete_tags(Resources=[ids['aws.ec2.elastic_ip.nat-1'], ids['aws.ec2.nat_gateway.nat-1']], Tags=[{{'Key': 'team'}}])
ec2.create_tags(Resources=[ids['aws.ec2.route_table.public']], Tags=[{{'Key': 'team', 'Value': 'x'}}])
ec2.delete_route(RouteTableId=ids['aws.ec2.route_table.egress-1'], **everybody)
ec2.replace_route(RouteTableId=ids['aws.ec2.route_table.egress-2'], GatewayId=ids['aws.ec2.internet_gateway.main'], **everybody)
ec2.disassociate_route_table(AssociationId=association('aws.ec2.subnet.data-1'))
ec2.replace_route_table_association(AssociationId=association('aws.ec2.subnet.data-2'), RouteTableId=ids['aws.ec2.route_table.public'])
"
    ));
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
    for changed in [
        "elastic_ip.nat-1",
        "nat_gateway.nat-1",
        "route.egress-1-internet",
        "route.egress-2-internet",
        "route_table.public",
        "route_table_association.data-1",
        "route_table_association.data-2",
        "subnet.data-1",
        "vpc.main",
    ] {
        let drifted = format!("! drifted network.main/aws.ec2.{changed}");
        assert!(plan.stdout.contains(&drifted), "{changed}: {plan}");
    }
    repaired(&mut env);
    assert_eq!(cloud.boto(SEEN), whole());
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn a_gateway_that_was_detached_is_attached_again() {
    let Some(cloud) = Cloud::start("a_gateway_that_was_detached", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(
        &NETWORK
            .replace("nat    = \"single\"", "")
            .replace("[\"app\"]", "[]"),
    ));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let gateways = "show([[one['InternetGatewayId'], len(one['Attachments'])] for one in client('ec2').describe_internet_gateways(Filters=[{'Name': 'tag:infra:stack', 'Values': ['nets']}])['InternetGateways']])";
    let before = cloud.boto(gateways);
    let _ = cloud.boto(&format!(
        "{IDS}ec2.detach_internet_gateway(InternetGatewayId=ids['aws.ec2.internet_gateway.main'], VpcId=ids['aws.ec2.vpc.main'])"
    ));
    assert_ne!(cloud.boto(gateways), before);
    repaired(&mut env);
    assert_eq!(cloud.boto(gateways), before);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn what_disappeared_is_made_again() {
    let Some(cloud) = Cloud::start("what_disappeared_is_made_again", STAGING) else {
        return;
    };
    let mut env = applied(&cloud);
    let _ = cloud.boto(&format!(
        "{IDS}
ec2.delete_nat_gateway(NatGatewayId=ids['aws.ec2.nat_gateway.nat-1'])
ec2.delete_route(RouteTableId=ids['aws.ec2.route_table.public'], DestinationCidrBlock='0.0.0.0/0')
ec2.disassociate_route_table(AssociationId=[one['RouteTableAssociationId'] for table in tables for one in table['Associations'] if one.get('SubnetId') == ids['aws.ec2.subnet.data-2']][0])
ec2.delete_subnet(SubnetId=ids['aws.ec2.subnet.data-2'])
"
    ));
    repaired(&mut env);
    let mut now = cloud.boto(SEEN);
    // The one that was deleted is shown for an hour.
    now["nat"]
        .as_array_mut()
        .expect("a list")
        .retain(|state| state != "deleted");
    let mut wanted = whole();
    wanted["teams"] = now["teams"].clone();
    assert_eq!(now, wanted);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn what_is_still_being_deleted_is_waited_for() {
    let slow = [("MOTO_EC2_MILLISECONDS", "5000")];
    let Some(cloud) = Cloud::start_with("what_is_still_being_deleted", STAGING, &slow) else {
        return;
    };
    let network = NETWORK.replace("[\"app\"]", "[\"app\"]\n    endpoints = [\"kms\"]");
    let mut env = cloud.known_to(staging(&network));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = cloud.boto(&format!(
        "{IDS}
ec2.delete_nat_gateway(NatGatewayId=ids['aws.ec2.nat_gateway.nat-1'])
ec2.delete_vpc_endpoints(VpcEndpointIds=[end['VpcEndpointId'] for end in ec2.describe_vpc_endpoints()['VpcEndpoints']])
"
    ));
    // The address of the one is held, and the name of the other, until they are gone.
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let states = cloud.boto(
        "ec2 = client('ec2')
show([sorted(one['State'] for one in ec2.describe_nat_gateways()['NatGateways']),
      sorted(one['State'] for one in ec2.describe_vpc_endpoints()['VpcEndpoints'])])",
    );
    assert_eq!(
        states,
        json!([["available", "deleted"], ["available", "deleted"]])
    );
    env.abandon();
}

#[test]
fn what_is_too_new_to_be_known_is_waited_for() {
    let Some(cloud) = Cloud::start("what_is_too_new_to_be_known", STAGING) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let mut env = proxy.known_to(cloud.known_to(staging(NETWORK)));
    proxy.faults(|call| {
        let code = match call.operation.as_str() {
            "ec2.CreateNatGateway" => "InvalidElasticIpID.NotFound",
            "ec2.CreateSubnet" => "InvalidVpcID.NotFound",
            "ec2.AssociateRouteTable" => "InvalidRouteTableID.NotFound",
            _ => return None,
        };
        (call.turn == 1).then_some(Fault::Refused(400, code, "It does not exist"))
    });
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(SEEN), whole());
    env.abandon();
}

#[test]
fn tags_of_a_stack_settle() {
    let Some(cloud) = Cloud::start("tags_of_a_stack_settle", STAGING) else {
        return;
    };
    let tags = "{ Name = \"shop\", cost_center = 42, temporary = true }";
    let mut env = cloud.known_to(staging(&NETWORK.replace("{ team = \"platform\" }", tags)));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let seen = "
tags = {tag['Key']: tag['Value'] for tag in client('ec2').describe_vpcs(Filters=[{'Name': 'tag:infra:stack', 'Values': ['nets']}])['Vpcs'][0]['Tags']}
show([tags.get(key) for key in ('Name', 'cost_center', 'temporary')])";
    assert_eq!(cloud.boto(seen), json!(["shop", "42", "true"]));
    // A name that somebody changes is put right; one that is not asked for any more goes.
    let _ = cloud.boto(&format!(
        "{IDS}ec2.create_tags(Resources=[ids['aws.ec2.vpc.main']], Tags=[{{'Key': 'Name', 'Value': 'theirs'}}])"
    ));
    repaired(&mut env);
    assert_eq!(cloud.boto(seen), json!(["shop", "42", "true"]));
    env.edit("stack.hcl", "Name = \"shop\", ", "");
    repaired(&mut env);
    assert_eq!(cloud.boto(seen), json!([null, "42", "true"]));
    env.edit("stack.hcl", "temporary = true", "\"infra:token\" = \"x\"");
    let said = env.run(&["plan", "staging"]).expect(1).to_string();
    assert!(
        said.contains("has the key `infra:token`, which is not free"),
        "{said}"
    );
    env.abandon();
}

#[test]
fn a_network_is_changed_in_place_as_far_as_it_goes() {
    let Some(cloud) = Cloud::start("a_network_is_changed_in_place", STAGING) else {
        return;
    };
    let mut env = applied(&cloud);
    let ids = format!("{IDS}show(ids)");
    let before = cloud.boto(&ids);
    env.edit("stack.hcl", "nat    = \"single\"", "nat    = \"per_zone\"");
    env.edit(
        "stack.hcl",
        "segment \"data\" {}",
        "segment \"data\" {}\n  segment \"cache\" {}",
    );
    env.edit("stack.hcl", "platform", "network");
    repaired(&mut env);
    let after = cloud.boto(&ids);
    for (address, id) in before.as_object().expect("a map") {
        assert_eq!(&after[address], id, "{address}");
    }
    let seen = cloud.boto(SEEN);
    assert_eq!(
        seen["subnets"]["aws.ec2.subnet.app-2"][3],
        json!(["aws.ec2.route_table.egress-2", "aws.ec2.nat_gateway.nat-2"])
    );
    assert_eq!(seen["teams"], json!(0));
    env.edit("stack.hcl", "10.30.0.0/16", "10.40.0.0/16");
    repaired(&mut env);
    assert_eq!(cloud.boto(SEEN)["vpcs"], json!([["10.40.0.0/16", true, true]]));
    assert_ne!(cloud.boto(&ids)["aws.ec2.vpc.main"], before["aws.ec2.vpc.main"]);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn what_takes_two_calls_is_finished_when_an_answer_is_lost() {
    let lost = [
        "AllocateAddress",
        "AssociateRouteTable",
        "AttachInternetGateway",
        "CreateInternetGateway",
        "CreateNatGateway",
        "CreateRoute",
        "CreateRouteTable",
        "CreateSubnet",
        "CreateVpc",
        "ModifySubnetAttribute",
        "ModifyVpcAttribute",
    ];
    let faults: Vec<Value> = lost
        .iter()
        .map(|action| json!({ "match": format!("Action={action}&"), "when": "after" }))
        .collect();
    let test = "what_takes_two_calls_is_finished_when_an_answer_is_lost";
    let Some(cloud) = Cloud::start_with(test, STAGING, &[("FAULTS", &json!(faults).to_string())]) else {
        return;
    };
    let mut env = applied(&cloud);
    assert_eq!(cloud.boto(SEEN), whole());
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn every_object_can_be_forgotten_and_imported() {
    let Some(cloud) = Cloud::start("every_object_can_be_forgotten_and_imported", STAGING) else {
        return;
    };
    let mut env = applied(&cloud);
    let script = format!(
        "{IDS}
for table in tables:
    name = {{id: address for address, id in ids.items()}}.get(table['RouteTableId'], '')
    for route in table['Routes']:
        if route['Origin'] == 'CreateRoute' and name:
            ids[name.replace('route_table', 'route') + '-internet'] = table['RouteTableId'] + '|' + route['DestinationCidrBlock']
    for one in table['Associations']:
        for address, id in list(ids.items()):
            if id == one.get('SubnetId'):
                ids[address.replace('subnet', 'route_table_association')] = id
show(ids)
"
    );
    let ids = cloud.boto(&script);
    let ids = ids.as_object().expect("a map");
    assert_eq!(ids.len(), 15 + 3 + 6, "{ids:?}");
    for (address, id) in ids {
        let (address, id) = (format!("network.main/{address}"), id.as_str().expect("a text"));
        let _ = env.run(&["state", "rm", "staging", &address]).expect(0);
        let _ = env.run(&["import", "staging", &address, id]).expect(0);
    }
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(0);
    assert_eq!(cloud.boto(&script), json!(ids));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

/// `ids` by the address in the component, and `tables`.
const IDS: &str = r#"
ec2 = client('ec2')
tags = ec2.describe_tags(Filters=[{'Name': 'key', 'Values': ['infra:address']}])['Tags']
gone = [one['NatGatewayId'] for one in ec2.describe_nat_gateways()['NatGateways'] if one['State'] in ('deleting', 'deleted')]
kinds = ('vpc', 'subnet', 'route_table', 'internet_gateway', 'nat_gateway', 'elastic_ip')
ids = {address.rpartition('/')[2]: tag['ResourceId'] for tag in tags for address in [tag['Value']]
    if tag['ResourceId'] not in gone and address.split('.')[-2] in kinds}
tables = ec2.describe_route_tables()['RouteTables']
"#;

/// What is added to moto must do what AWS documents, or the tests above judge by nothing.
#[test]
fn moto_keeps_client_tokens_and_takes_its_time() {
    let Some(cloud) = Cloud::start_with(
        "moto_keeps_client_tokens_and_takes_its_time",
        STAGING,
        &[("MOTO_EC2_MILLISECONDS", "600000")],
    ) else {
        return;
    };
    let script = r#"
ec2 = client('ec2')
def refusal(call, **arguments):
    try:
        call(**arguments)
    except Exception as error:
        return error.response['Error']['Code']
vpc, other = [ec2.create_vpc(CidrBlock='10.0.0.0/16')['Vpc']['VpcId'] for _ in range(2)]
table = lambda vpc: ec2.create_route_table(VpcId=vpc, ClientToken='one')['RouteTable']['RouteTableId']
first, second = table(vpc), table(vpc)
mismatch = refusal(table, vpc=other)
subnet = ec2.create_subnet(VpcId=vpc, CidrBlock='10.0.0.0/24')['Subnet']['SubnetId']
ip = ec2.allocate_address(Domain='vpc')['AllocationId']
gateway = ec2.create_internet_gateway()['InternetGateway']['InternetGatewayId']
route = refusal(ec2.create_route, RouteTableId=first, DestinationCidrBlock='0.0.0.0/0', GatewayId=gateway)
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
nat = lambda: ec2.create_nat_gateway(SubnetId=subnet, AllocationId=ip, ClientToken='two')['NatGateway']
show([first == second, mismatch, route, nat()['NatGatewayId'] == nat()['NatGatewayId'], nat()['State'],
    refusal(ec2.release_address, AllocationId=ip), refusal(ec2.delete_subnet, SubnetId=subnet),
    refusal(ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc), refusal(ec2.delete_vpc, VpcId=vpc)])
"#;
    let expected = json!([
        true,
        "IdempotentParameterMismatch",
        "InvalidParameterValue",
        true,
        "pending",
        "InvalidIPAddress.InUse",
        "DependencyViolation",
        "DependencyViolation",
        "DependencyViolation",
    ]);
    assert_eq!(cloud.boto(script), expected);
}
