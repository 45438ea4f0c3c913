//! Security groups: one per segment, and a rule of its own for each flow at each end that is ours.

use std::collections::BTreeSet;

use infra_model::component::network::Network;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::{address, output};

use super::endpoints::{self, GROUP};
use super::flows::{self, ANYWHERE, End, Flow};
use super::places::SECURITY_GROUP;
use super::{id_of, vpc_id};
use crate::kinds::ec2::security_group_rule::{EGRESS, INGRESS, SECURITY_GROUP_RULE};
use crate::kinds::ec2::vpc_endpoint::VPC_ENDPOINT;
use crate::lower::scene::Scene;

/// The longest name of a group: its description, which AWS takes up to 255 characters of, says more than the name.
const LONGEST: usize = 235;

/// Returns the groups of a network and their rules.
pub(super) fn resources(
    scene: &Scene<'_>,
    network: &Network,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Desired> {
    let flows = flows::of(scene, network);
    let mut groups: BTreeSet<&str> = network.segments.keys().map(String::as_str).collect();
    let has_endpoints = flows.iter().any(|flow| flow.to == End::Endpoints);
    if has_endpoints && !groups.insert(GROUP) {
        diagnostics.push(taken(scene));
        return Vec::new();
    }
    let groups = groups.into_iter().map(|name| group(scene, name));
    let rules = flows
        .iter()
        .flat_map(|flow| [ingress(scene, flow), egress(scene, flow)]);
    groups.chain(rules.flatten()).collect()
}

fn group(scene: &Scene<'_>, name: &str) -> Desired {
    let mut full = scene.name(name, LONGEST);
    if full.starts_with("sg-") {
        // The service keeps such names to itself.
        full = format!("of-{full}");
    }
    let inputs = [
        ("description", Value::String(format!("What may pass at {full}"))),
        ("name", Value::String(full)),
        ("vpc", vpc_id(scene)),
        ("tags", scene.tags()),
    ];
    scene.resource(SECURITY_GROUP, name, inputs)
}

/// Returns the rule that lets a flow in, nothing where it does not end in a group of ours.
fn ingress(scene: &Scene<'_>, flow: &Flow) -> Option<Desired> {
    let group = group_of(&flow.to)?;
    let name = format!("{group}-from-{}-{}", label(&flow.from), flow.port);
    Some(rule(scene, (INGRESS, group, &flow.from), flow.port, &name))
}

/// Returns the rule that lets a flow out, nothing where it does not begin in a group of ours.
fn egress(scene: &Scene<'_>, flow: &Flow) -> Option<Desired> {
    let group = group_of(&flow.from)?;
    let name = format!("{group}-to-{}-{}", label(&flow.to), flow.port);
    Some(rule(scene, (EGRESS, group, &flow.to), flow.port, &name))
}

fn rule(scene: &Scene<'_>, (direction, group, other): (&str, &str, &End), port: u16, name: &str) -> Desired {
    let port = Value::from(i64::from(port));
    let (kind, end) = match other {
        End::Range(range) => ("cidr", Value::string(range.as_str())),
        End::Gateway(service) => {
            let endpoint = address(scene.component, VPC_ENDPOINT, &endpoints::name_of(service));
            ("prefix_list", output(&endpoint, "prefix_list"))
        }
        End::Segment(segment) => ("source_group", id_of(scene, SECURITY_GROUP, segment)),
        End::Endpoints => ("source_group", id_of(scene, SECURITY_GROUP, GROUP)),
    };
    let inputs = [
        ("group", id_of(scene, SECURITY_GROUP, group)),
        ("direction", Value::string(direction)),
        ("protocol", Value::string("tcp")),
        ("from_port", port.clone()),
        ("to_port", port),
        (kind, end),
        ("tags", scene.tags()),
    ];
    scene.resource(SECURITY_GROUP_RULE, name, inputs)
}

/// Returns the name of the group that an end of a flow carries.
fn group_of(end: &End) -> Option<&str> {
    match end {
        End::Segment(name) => Some(name),
        End::Endpoints => Some(GROUP),
        End::Range(_) | End::Gateway(_) => None,
    }
}

/// Returns what an end of a flow is called in the names of rules.
fn label(end: &End) -> String {
    match end {
        End::Range(range) if range == ANYWHERE => "internet".to_owned(),
        End::Range(range) => range.replace(['.', '/'], "-"),
        End::Gateway(service) => endpoints::name_of(service),
        End::Segment(name) => name.clone(),
        End::Endpoints => GROUP.to_owned(),
    }
}

fn taken(scene: &Scene<'_>) -> Diagnostic {
    let detail = format!(
        "`{}` has a segment `{GROUP}`, and its interface endpoints need a security group of that name",
        scene.component.address
    );
    let error = Diagnostic::error("A segment has a name that is taken", detail).at(scene.component.span);
    error.hint("Give the segment another name")
}
