//! A network becomes a router, segments and rules, whatever keeps them apart.

use infra_model::address::ComponentAddress;
use infra_model::component::exports::of_component;
use infra_model::component::network::Segment;
use infra_model::component::{ComponentSpec, Lifecycle};
use infra_model::diagnostic::Span;

use super::*;

fn network(segments: &[&str], allow: &[(Peer, &str, &[u16])]) -> Network {
    Network {
        cidr: "10.30.0.0/16".to_owned(),
        zones: 1,
        segments: segments
            .iter()
            .map(|name| ((*name).to_owned(), Segment::default()))
            .collect(),
        allow: allow
            .iter()
            .map(|(from, to, ports)| AllowRule {
                from: from.clone(),
                to: (*to).to_owned(),
                ports: ports.to_vec(),
            })
            .collect(),
    }
}

fn lowered_with(network: &Network, enforcement: Enforcement) -> Lowered {
    let component = Component {
        address: ComponentAddress::new("network", "main").unwrap(),
        spec: ComponentSpec::Network(network.clone()),
        provider_settings: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        span: Span::default(),
    };
    let facts = NetworkFacts {
        environment: PathBuf::from("/srv/shop/.infra/local"),
        enforcement,
    };
    lower(&component, network, &facts)
}

fn lowered(network: &Network) -> Lowered {
    lowered_with(network, Enforcement::Namespaces)
}

fn text(lowered: &Lowered) -> String {
    let mut lines = Vec::new();
    for resource in &lowered.resources {
        lines.push(resource.address.to_string());
        lines.extend(
            resource
                .inputs
                .iter()
                .map(|(name, value)| format!("  {name} = {value:?}")),
        );
    }
    lines.join("\n")
}

fn app_to_data(ports: &[u16]) -> Network {
    network(&["app", "data"], &[(Peer::Segment("app".into()), "data", ports)])
}

#[test]
fn a_network_is_a_router_its_segments_and_their_rules() {
    insta::assert_snapshot!(text(&lowered(&app_to_data(&[6379, 5432]))), @r#"
    network.main/local.network.router.main
      enforcement = "namespaces"
      name = "network.main"
      status = "ready"
    network.main/local.network.segment.app
      cidr = "198.19.210.0/24"
      name = "app"
      router = network.main/local.network.router.main.router
      status = "ready"
    network.main/local.network.segment.data
      cidr = "198.19.120.0/24"
      name = "data"
      router = network.main/local.network.router.main.router
      status = "ready"
    network.main/local.network.rules.main
      allow = [{"from": "app", "ports": [5432, 6379], "to": "data"}]
      router = network.main/local.network.router.main.router
      segments = ["app", "data"]
      status = "enforced"
    "#);
}

#[test]
fn rules_wait_for_all_segments() {
    let lowered = lowered(&app_to_data(&[5432]));
    let rules = lowered.resources.last().unwrap();
    let segments = lowered.resources[1..3]
        .iter()
        .map(|segment| segment.address.clone());
    assert_eq!(rules.after, segments.collect());
}

#[test]
fn the_internet_is_a_segment_only_where_a_rule_names_it() {
    let named = network(&["edge"], &[(Peer::Internet, "edge", &[443])]);
    let ranged = network(
        &["edge"],
        &[(Peer::Cidr("203.0.113.7/24".into()), "edge", &[443])],
    );
    for (network, allow) in [
        (named, r#"[{"from": "internet", "ports": [443], "to": "edge"}]"#),
        (
            ranged,
            r#"[{"from": "203.0.113.0/24", "ports": [443], "to": "edge"}]"#,
        ),
    ] {
        let lowered = lowered(&network);
        assert_eq!(lowered.resources[2].inputs["name"], Value::string("internet"));
        assert_eq!(format!("{:?}", lowered.resources[3].inputs["allow"]), allow);
    }
    assert_eq!(lowered(&app_to_data(&[1])).resources.len(), 4);
}

#[test]
fn the_range_of_everybody_is_the_internet() {
    let by_range = network(&["edge"], &[(Peer::Cidr(ANYWHERE.into()), "edge", &[443])]);
    let by_name = network(&["edge"], &[(Peer::Internet, "edge", &[443])]);
    assert_eq!(lowered(&by_range), lowered(&by_name));
}

#[test]
fn rules_in_another_order_are_the_same_rules() {
    let one = (Peer::Segment("app".into()), "data", [5432].as_slice());
    let two = (Peer::Segment("app".into()), "data", [6379].as_slice());
    let segments = ["app", "data"];
    assert_eq!(
        lowered(&network(&segments, &[one.clone(), two.clone()])),
        lowered(&network(&segments, &[two, one]))
    );
}

#[test]
fn without_enforcement_the_plan_says_so_with_the_reason() {
    let enforcement = Enforcement::Advisory {
        reason: "The program `nft` is not installed".to_owned(),
    };
    let lowered = lowered_with(&app_to_data(&[5432]), enforcement);
    insta::assert_snapshot!(lowered.diagnostics[0], @"Network rules are advisory on this machine: Every program on this machine reaches every segment of `network.main`: The program `nft` is not installed. Only addresses and passwords keep the segments apart");
    assert_eq!(
        lowered.resources[0].inputs["enforcement"],
        Value::string("advisory")
    );
    assert_eq!(lowered.resources[3].inputs["status"], Value::string("advisory"));
    assert!(format!("{:?}", lowered.resources[1].inputs["cidr"]).starts_with("\"127."));
}

#[test]
fn exports_are_those_of_the_table() {
    let network = app_to_data(&[5432]);
    let lowered = lowered(&network);
    for (path, _) in of_component(&ComponentSpec::Network(network)) {
        let mut value = &lowered.exports[&path[0]];
        for part in &path[1..] {
            value = &value.as_map().unwrap()[part];
        }
        assert!(
            value.as_str().unwrap().ends_with(['4', '5']),
            "{path:?} is {value:?}"
        );
    }
}

#[test]
fn a_segment_that_is_called_internet_is_refused() {
    let lowered = lowered(&network(&["internet"], &[]));
    insta::assert_snapshot!(lowered.diagnostics[0], @"A segment has a reserved name: `network.main` has a segment called `internet`");
}

#[test]
fn a_rule_for_what_is_not_there_is_refused() {
    let to = network(&["app"], &[(Peer::Internet, "web", &[80])]);
    let from = network(&["app"], &[(Peer::Segment("web".into()), "app", &[80])]);
    for network in [to, from] {
        let lowered = lowered(&network);
        insta::allow_duplicates! {
            insta::assert_snapshot!(lowered.diagnostics[0], @"A rule names what is not there: There is no segment `web`");
        }
    }
}
