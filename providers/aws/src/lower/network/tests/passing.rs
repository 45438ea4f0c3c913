//! What may pass becomes rules of security groups, entries of network ACLs, and endpoints.

use infra_model::component::network::{AllowRule, Peer};
use infra_model::component::postgres::{Backup, PoolMode, Pooler, Postgres};
use infra_model::component::{SegmentRef, Size};
use ipnet::Ipv4Net;

use super::*;
use crate::kinds::ec2::network_acl::NETWORK_ACL;
use crate::kinds::ec2::security_group_rule::SECURITY_GROUP_RULE;

/// Three tiers: the internet reaches the edge, the edge the app, the app the data.
fn tiers() -> Network {
    let rule = |from: Peer, to: &str, ports: &[u16]| AllowRule {
        from,
        to: to.to_owned(),
        ports: ports.to_vec(),
    };
    let segment = |name: &str| Peer::Segment(name.to_owned());
    Network {
        allow: vec![
            rule(Peer::Internet, "edge", &[443]),
            rule(segment("edge"), "app", &[80]),
            rule(segment("app"), "data", &[5432, 6379]),
            rule(Peer::Cidr("10.99.0.0/16".to_owned()), "data", &[5432]),
        ],
        ..network(2, &[("app", false), ("data", false), ("edge", true)])
    }
}

/// Returns a line per rule: its name, and what it lets through.
fn rules(lowered: &Lowered) -> String {
    let line = |rule: &Desired| {
        let input = |name: &str| rule.inputs.get(name).map(|value| format!("{value:?}"));
        let end = ["cidr", "source_group", "prefix_list"]
            .iter()
            .find_map(|name| input(name));
        let name = rule
            .address
            .as_str()
            .rsplit_once('.')
            .map_or("", |(_, name)| name);
        let (direction, end) = (input("direction").unwrap_or_default(), end.unwrap_or_default());
        format!(
            "{name}: {direction} {} {end}",
            input("from_port").unwrap_or_default()
        )
    };
    let rules = of_types(lowered, &[SECURITY_GROUP_RULE]);
    rules.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_rule_lets_in_where_it_is_allowed_and_out_where_it_comes_from() {
    insta::assert_snapshot!(rules(&lowered(&tiers(), [])), @r#"
    data-from-app-5432: "ingress" 5432 network.main/aws.ec2.security_group.app.id
    app-to-data-5432: "egress" 5432 network.main/aws.ec2.security_group.data.id
    data-from-app-6379: "ingress" 6379 network.main/aws.ec2.security_group.app.id
    app-to-data-6379: "egress" 6379 network.main/aws.ec2.security_group.data.id
    app-from-edge-80: "ingress" 80 network.main/aws.ec2.security_group.edge.id
    edge-to-app-80: "egress" 80 network.main/aws.ec2.security_group.app.id
    edge-from-internet-443: "ingress" 443 "0.0.0.0/0"
    data-from-10-99-0-0-16-5432: "ingress" 5432 "10.99.0.0/16"
    "#);
}

/// A database in the segment `data`.
fn database(pooler: bool, port: i64) -> infra_model::component::Component {
    let postgres = Postgres {
        version: 16,
        segment: Some(SegmentRef {
            network: "network.main".parse().unwrap(),
            segment: "data".to_owned(),
        }),
        size: Size::Small,
        storage_gb: 20,
        replicas: 0,
        high_availability: false,
        extensions: Vec::new(),
        parameters: Attributes::new(),
        pooler: pooler.then_some(Pooler {
            mode: PoolMode::Transaction,
            size: 20,
            clients_max: 500,
        }),
        databases: BTreeMap::new(),
        roles: BTreeMap::new(),
        backup: Backup {
            retention_days: 7,
            point_in_time: true,
        },
    };
    let settings = [("port", Value::from(port))];
    component("postgres.main", ComponentSpec::Postgres(postgres), settings)
}

#[test]
fn a_pooler_reaches_the_database_that_carries_the_same_group() {
    let with_pooler = lowered_beside(&tiers(), [], database(true, 5433));
    let of_itself = |lowered: &Lowered| -> Vec<String> {
        let rules = rules(lowered);
        let of_itself = rules
            .lines()
            .filter(|line| line.starts_with("data-from-data") || line.starts_with("data-to-data"));
        of_itself.map(str::to_owned).collect()
    };
    let group = "network.main/aws.ec2.security_group.data.id";
    assert_eq!(
        of_itself(&with_pooler),
        [
            format!("data-from-data-5433: \"ingress\" 5433 {group}"),
            format!("data-to-data-5433: \"egress\" 5433 {group}"),
        ]
    );
    let without = lowered_beside(&tiers(), [], database(false, 5433));
    assert_eq!(of_itself(&without), [""; 0]);
}

#[test]
fn a_pooler_reaches_its_database_through_the_acl_of_their_segment() {
    let settings = || [("network_acls", Value::from(true))];
    let with_pooler = lowered_beside(&tiers(), settings(), database(true, 5432));
    assert!(connects(&with_pooler, ("data", "data"), 5432));
    let without = lowered_beside(&tiers(), settings(), database(false, 5432));
    assert!(!connects(&without, ("data", "data"), 5432));
}

#[test]
fn an_endpoint_is_reached_at_the_ports_of_its_service() {
    let mail = lowered(
        &network(1, &[("app", false)]),
        [("endpoints", list(&["email-smtp"]))],
    );
    insta::assert_snapshot!(rules(&mail), @r#"
    endpoints-from-app-465: "ingress" 465 network.main/aws.ec2.security_group.app.id
    app-to-endpoints-465: "egress" 465 network.main/aws.ec2.security_group.endpoints.id
    endpoints-from-app-587: "ingress" 587 network.main/aws.ec2.security_group.app.id
    app-to-endpoints-587: "egress" 587 network.main/aws.ec2.security_group.endpoints.id
    "#);
    let both = [("endpoints", list(&["email-smtp", "kms"]))];
    let both = rules(&lowered(&network(1, &[("app", false)]), both));
    assert!(both.contains("endpoints-from-app-443") && both.contains("endpoints-from-app-587"));
}

#[test]
fn an_endpoint_of_a_partner_has_no_name_of_its_own() {
    let partner = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0";
    let lowered = lowered(
        &network(1, &[("app", false)]),
        [("endpoints", list(&["kms", partner]))],
    );
    let named = |endpoint: &Desired| endpoint.inputs["private_dns"].as_bool();
    let endpoints = of_types(&lowered, &["aws.ec2.vpc_endpoint"]);
    let is_of_partner = |endpoint: &&&Desired| endpoint.inputs["service"].as_str() == Some(partner);
    assert_eq!(
        endpoints.iter().find(is_of_partner).and_then(|one| named(one)),
        Some(false)
    );
    assert!(endpoints.iter().any(|one| named(one) == Some(true)));
    assert_eq!(lowered.diagnostics[0].severity, Severity::Notice);
    assert!(told(&lowered).contains("its owner may have to accept it"));
}

#[test]
fn segments_that_may_reach_the_internet_do_so_by_https_alone() {
    let settings = [("nat", Value::string("single")), ("egress", list(&["app"]))];
    let lowered = lowered(&tiers(), settings);
    let of_app: Vec<String> = rules(&lowered)
        .lines()
        .filter(|line| line.contains("internet"))
        .map(str::to_owned)
        .collect();
    insta::assert_snapshot!(of_app.join("\n"), @r#"
    app-to-internet-443: "egress" 443 "0.0.0.0/0"
    edge-from-internet-443: "ingress" 443 "0.0.0.0/0"
    "#);
}

#[test]
fn endpoints_have_a_group_that_all_segments_reach() {
    let lowered = lowered(
        &network(1, &[("app", false)]),
        [("endpoints", list(&["s3", "ecr.api"]))],
    );
    assert_eq!(told(&lowered), "");
    insta::assert_snapshot!(text(of_types(&lowered, &["aws.ec2.vpc_endpoint"])), @r#"
    network.main/aws.ec2.vpc_endpoint.s3
      kind = "Gateway"
      route_tables = [network.main/aws.ec2.route_table.private-1.id]
      service = "com.amazonaws.eu-west-1.s3"
      vpc = network.main/aws.ec2.vpc.main.id
    network.main/aws.ec2.vpc_endpoint.ecr-api
      kind = "Interface"
      private_dns = true
      security_groups = [network.main/aws.ec2.security_group.endpoints.id]
      service = "com.amazonaws.eu-west-1.ecr.api"
      subnets = [network.main/aws.ec2.subnet.app-1.id]
      vpc = network.main/aws.ec2.vpc.main.id
    "#);
    insta::assert_snapshot!(rules(&lowered), @r#"
    endpoints-from-app-443: "ingress" 443 network.main/aws.ec2.security_group.app.id
    app-to-endpoints-443: "egress" 443 network.main/aws.ec2.security_group.endpoints.id
    app-to-s3-443: "egress" 443 network.main/aws.ec2.vpc_endpoint.s3.prefix_list
    "#);
}

/// What an ACL lets through, read from its inputs.
struct Acl<'a>(&'a Desired);

impl Acl<'_> {
    fn passes(&self, direction: &str, other: Ipv4Net, port: i64) -> bool {
        let entries = self
            .0
            .inputs
            .get(direction)
            .and_then(Value::as_list)
            .unwrap_or_default();
        entries.iter().filter_map(Value::as_map).any(|entry| {
            let number = |name: &str| entry.get(name).and_then(Value::as_int).unwrap();
            let cidr: Ipv4Net = entry
                .get("cidr")
                .and_then(Value::as_str)
                .unwrap()
                .parse()
                .unwrap();
            cidr.contains(&other) && (number("from_port")..=number("to_port")).contains(&port)
        })
    }
}

/// Tells whether a connection between two segments passes the ACLs of both, with its answers.
fn connects(lowered: &Lowered, (from, to): (&str, &str), port: i64) -> bool {
    let acl = |segment: &str| {
        let acls = of_types(lowered, &[NETWORK_ACL]);
        let name = format!(".{segment}");
        Acl(acls
            .into_iter()
            .find(|acl| acl.address.as_str().ends_with(&name))
            .unwrap())
    };
    let subnet = |segment: &str| -> Ipv4Net {
        let subnets = of_types(lowered, &["aws.ec2.subnet"]);
        let name = format!(".{segment}-2");
        let subnet = subnets
            .into_iter()
            .find(|subnet| subnet.address.as_str().ends_with(&name))
            .unwrap();
        subnet
            .inputs
            .get("cidr")
            .and_then(Value::as_str)
            .unwrap()
            .parse()
            .unwrap()
    };
    let answers = 40_000;
    acl(from).passes("egress", subnet(to), port)
        && acl(to).passes("ingress", subnet(from), port)
        && acl(to).passes("egress", subnet(from), answers)
        && acl(from).passes("ingress", subnet(to), answers)
}

#[test]
fn acls_let_through_what_groups_do_and_nothing_below_the_ports_of_answers() {
    let lowered = lowered(&tiers(), [("network_acls", Value::from(true))]);
    assert_eq!(told(&lowered), "");
    let names = ["app", "data", "edge"];
    for (from, to) in names.iter().flat_map(|from| names.map(|to| (*from, to))) {
        for port in [22, 80, 443] {
            let allowed = (from, to, port) == ("edge", "app", 80);
            assert_eq!(
                connects(&lowered, (from, to), port),
                allowed,
                "{from} {to} {port}"
            );
        }
    }
    for port in [5432, 6379] {
        assert!(connects(&lowered, ("app", "data"), port));
        assert!(!connects(&lowered, ("edge", "data"), port));
    }
}

#[test]
fn the_acl_of_a_nat_gateway_lets_through_what_it_passes_on() {
    let settings = [
        ("nat", Value::string("single")),
        ("egress", list(&["app"])),
        ("network_acls", Value::from(true)),
    ];
    let lowered = lowered(&tiers(), settings);
    assert!(connects(&lowered, ("app", "edge"), 443));
    assert!(!connects(&lowered, ("data", "edge"), 443));
    let edge = of_types(&lowered, &[NETWORK_ACL])
        .into_iter()
        .find(|acl| acl.address.as_str().ends_with(".edge"));
    let anywhere: Ipv4Net = "198.51.100.7/32".parse().unwrap();
    assert!(Acl(edge.unwrap()).passes("egress", anywhere, 443));
    assert!(Acl(edge.unwrap()).passes("ingress", anywhere, 40_000));
}

#[test]
fn a_new_rule_moves_no_entry() {
    let numbers = |network: &Network| -> Vec<Value> {
        let lowered = lowered(network, [("network_acls", Value::from(true))]);
        let acls = of_types(&lowered, &[NETWORK_ACL]);
        let data = acls
            .into_iter()
            .find(|acl| acl.address.as_str().ends_with(".data"))
            .unwrap();
        data.inputs
            .get("ingress")
            .and_then(Value::as_list)
            .unwrap()
            .to_vec()
    };
    let before = numbers(&tiers());
    let mut more = tiers();
    more.allow.push(AllowRule {
        from: Peer::Segment("edge".to_owned()),
        to: "data".to_owned(),
        ports: vec![9_000],
    });
    let after = numbers(&more);
    assert_eq!(after.len(), before.len() + 1);
    assert!(before.iter().all(|entry| after.contains(entry)));
}

#[test]
fn more_entries_than_an_acl_takes_are_told() {
    let wide = |ports: std::ops::Range<u16>| {
        let mut network = tiers();
        network.allow.push(AllowRule {
            from: Peer::Segment("edge".to_owned()),
            to: "data".to_owned(),
            ports: ports.collect(),
        });
        lowered(&network, [("network_acls", Value::from(true))])
    };
    let severities =
        |lowered: &Lowered| -> Vec<Severity> { lowered.diagnostics.iter().map(|one| one.severity).collect() };
    assert_eq!(
        severities(&wide(9_000..9_020)),
        [Severity::Notice, Severity::Notice]
    );
    assert_eq!(
        severities(&wide(9_000..9_040)),
        [Severity::Error, Severity::Error]
    );
}

#[test]
fn flow_logs_are_written_by_a_role_that_can_do_nothing_else() {
    let lowered = lowered(&network(1, &[("app", false)]), [("flow_logs", Value::from(true))]);
    let types = ["aws.ec2.flow_log", "aws.iam.role", "aws.logs.log_group"];
    insta::assert_snapshot!(text(of_types(&lowered, &types)), @r#"
    network.main/aws.logs.log_group.flow-logs
      name = "/infra/shop-staging-main-flow-logs"
      retention_days = 30
    network.main/aws.iam.role.flow-logs
      description = "Writes the flow logs of network.main"
      name = "shop-staging-main-flow-logs"
      policy = $template("{\"Statement\":[{\"Action\":[\"logs:CreateLogStream\",\"logs:DescribeLogStreams\",\"logs:PutLogEvents\"],\"Effect\":\"Allow\",\"Resource\":[\"", network.main/aws.logs.log_group.flow-logs.arn, "\",\"", network.main/aws.logs.log_group.flow-logs.arn, ":*\"]},{\"Action\":\"logs:DescribeLogGroups\",\"Effect\":\"Allow\",\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}")
      trust = "{\"Statement\":[{\"Action\":\"sts:AssumeRole\",\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:ec2:eu-west-1:111122223333:vpc-flow-log/*\"},\"StringEquals\":{\"aws:SourceAccount\":\"111122223333\"}},\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"vpc-flow-logs.amazonaws.com\"}}],\"Version\":\"2012-10-17\"}"
    network.main/aws.ec2.flow_log.main
      log_group = network.main/aws.logs.log_group.flow-logs.name
      role = network.main/aws.iam.role.flow-logs.arn
      vpc = network.main/aws.ec2.vpc.main.id
    "#);
}

#[test]
fn names_are_those_of_the_partition() {
    let settings = [
        ("flow_logs", Value::from(true)),
        ("endpoints", list(&["s3", "ecr.api", "secretsmanager"])),
    ];
    let china = lowered_at("cn-north-1", &network(1, &[("app", false)]), settings);
    let said = text(of_types(&china, &["aws.ec2.vpc_endpoint", "aws.iam.role"]));
    for name in [
        "service = \"com.amazonaws.cn-north-1.s3\"",
        "service = \"cn.com.amazonaws.cn-north-1.ecr.api\"",
        "service = \"com.amazonaws.cn-north-1.secretsmanager\"",
        "arn:aws-cn:ec2:cn-north-1:111122223333:vpc-flow-log/*",
        "vpc-flow-logs.amazonaws.com\\\"",
    ] {
        assert!(said.contains(name), "{name}\n{said}");
    }
    assert!(!said.contains("arn:aws:"), "{said}");
}

#[test]
fn settings_that_are_wrong_are_told() {
    let lowered = lowered(
        &network(1, &[("endpoints", false)]),
        [
            ("endpoints", list(&["secretmanager", "nothing-like-it", "kms"])),
            ("flow_log_days", Value::from(31_i64)),
            ("flow_logs", Value::string("yes")),
            ("network_acls", Value::from(1_i64)),
        ],
    );
    insta::assert_snapshot!(told(&lowered), @r#"
    A segment has a name that is taken: `network.main` has a segment `endpoints`, and its interface endpoints need a security group of that name | Give the segment another name
    Invalid setting: `network_acls` in `aws` of `network.main` takes `true` or `false` | 
    Unknown service: `endpoints` in `aws` of `network.main` names `secretmanager`, which is no service that is known here | Did you mean `secretsmanager`?
    Unknown service: `endpoints` in `aws` of `network.main` names `nothing-like-it`, which is no service that is known here | Name it in full: com.amazonaws.<region>.<service>
    Invalid setting: `flow_log_days` in `aws` of `network.main` takes one of these numbers of days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 | 
    Invalid setting: `flow_logs` in `aws` of `network.main` takes `true` or `false` |
    "#);
}
