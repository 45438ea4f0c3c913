//! Lowers the component `network`: a router, its segments, and the rules between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use infra_model::address::{Address, ResourceType};
use infra_model::component::network::{AllowRule, Network, Peer};
use infra_model::component::{Component, SegmentRef};
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::{Desired, Target};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, output};

use crate::host::capability::Enforcement;
use crate::network::kind::READY;
use crate::network::kind::router::ROUTER;
use crate::network::kind::rules::{ADVISORY, ENFORCED, RULES, allow_value};
use crate::network::kind::segment::SEGMENT;
use crate::network::names;
use crate::network::realm::Separation;
use crate::network::ruleset::{Allowed, INTERNET, Source};
use crate::network::subnet::{LOOPBACK_RANGE, NAMESPACE_RANGE, Subnet, in_namespaces, on_loopback};

/// The name of a network's only router and of its only set of rules.
const MAIN: &str = "main";
/// Everybody, written as a range.
const ANYWHERE: &str = "0.0.0.0/0";

/// What was found out about the machine beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkFacts {
    /// The environment's own folder, which tells its networks from those of others.
    pub environment: PathBuf,
    /// How segments are kept apart here.
    pub enforcement: Enforcement,
}

/// Returns the router, segments and rules of a network.
#[must_use]
pub fn lower(component: &Component, network: &Network, facts: &NetworkFacts) -> Lowered {
    let mut diagnostics = Vec::new();
    let allowed = permissions(component, network, &mut diagnostics);
    diagnostics.extend(notice(component, facts));
    let subnets = subnets(component, network, &allowed, facts);
    let router = resource(
        component,
        ROUTER,
        MAIN,
        [
            ("name", Value::string(component.address.as_str())),
            (
                "enforcement",
                Value::string(Separation::from(&facts.enforcement).as_str()),
            ),
            ("status", Value::string(READY)),
        ],
    );
    let joined = output(&router.address, "router");
    let segments: Vec<Desired> = subnets
        .iter()
        .map(|(name, subnet)| {
            resource(
                component,
                SEGMENT,
                name,
                [
                    ("router", joined.clone()),
                    ("name", Value::string(name.as_str())),
                    ("cidr", Value::String(subnet.to_string())),
                    ("status", Value::string(READY)),
                ],
            )
        })
        .collect();
    let status = if facts.is_enforced() { ENFORCED } else { ADVISORY };
    let mut rules = resource(
        component,
        RULES,
        MAIN,
        [
            ("router", joined),
            (
                "segments",
                Value::list(subnets.keys().map(|name| Value::string(name.as_str()))),
            ),
            ("allow", allow_value(&allowed)),
            ("status", Value::string(status)),
        ],
    );
    // They are tried between segments that exist.
    rules.after = segments.iter().map(|segment| segment.address.clone()).collect();
    let exports = exports(network, &subnets, facts);
    Lowered {
        resources: [router].into_iter().chain(segments).chain([rules]).collect(),
        exports,
        diagnostics,
    }
}

/// Returns the value by which a server joins a segment: that of the output `segment`.
///
/// # Panics
///
/// When the segment's name is not well formed; it was checked when the stack was read.
#[must_use]
pub fn segment_to_join(segment: &SegmentRef) -> Value {
    output(&segment_address(segment), "segment")
}

/// Returns the address of a segment's resource.
///
/// # Panics
///
/// When the segment's name is not well formed; it was checked when the stack was read.
#[must_use]
pub fn segment_address(segment: &SegmentRef) -> Address {
    let resource_type: ResourceType = SEGMENT.parse().expect("a type in this source");
    segment
        .network
        .resource(&resource_type, &segment.segment)
        .expect("a name that was checked before")
}

impl NetworkFacts {
    fn is_enforced(&self) -> bool {
        !matches!(self.enforcement, Enforcement::Advisory { .. })
    }
}

fn resource<const N: usize>(
    component: &Component,
    resource_type: &str,
    name: &str,
    inputs: [(&str, Value); N],
) -> Desired {
    Desired {
        address: address(component, resource_type, name),
        inputs: inputs.map(|(name, value)| (name.to_owned(), value)).into(),
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: component.lifecycle.clone(),
    }
}

/// Everybody outside has a segment of their own if a rule names them, so that the rule can be tried.
fn subnets(
    component: &Component,
    network: &Network,
    allowed: &Allowed,
    facts: &NetworkFacts,
) -> BTreeMap<String, Subnet> {
    let outside = allowed
        .keys()
        .any(|(source, _)| source.segment() == INTERNET)
        .then_some(INTERNET);
    let names = network.segments.keys().map(String::as_str).chain(outside);
    if facts.is_enforced() {
        return in_namespaces(names);
    }
    on_loopback(
        &names::router(&facts.environment, component.address.as_str()),
        names,
    )
}

fn permissions(component: &Component, network: &Network, diagnostics: &mut Vec<Diagnostic>) -> Allowed {
    if network.segments.contains_key(INTERNET) {
        let detail = format!("`{}` has a segment called `{INTERNET}`", component.address);
        let error = Diagnostic::error("A segment has a reserved name", detail).at(component.span);
        diagnostics.push(error.hint("The name stands for everybody outside the network: choose another"));
    }
    let mut allowed = Allowed::new();
    for rule in &network.allow {
        match source(network, rule) {
            Ok(source) => allowed
                .entry((source, rule.to.clone()))
                .or_default()
                .extend(&rule.ports),
            Err(detail) => {
                let error = Diagnostic::error("A rule names what is not there", detail).at(component.span);
                diagnostics.push(error.hint("Rules connect segments of their own network"));
            }
        }
    }
    allowed
}

fn source(network: &Network, rule: &AllowRule) -> Result<Source, String> {
    let declared = |name: &String| match network.segments.contains_key(name) {
        true => Ok(name.clone()),
        false => Err(format!("There is no segment `{name}`")),
    };
    declared(&rule.to)?;
    match &rule.from {
        Peer::Internet => Ok(Source::Internet),
        Peer::Cidr(range) if range == ANYWHERE => Ok(Source::Internet),
        Peer::Segment(name) => declared(name).map(Source::Segment),
        Peer::Cidr(range) => match range.parse::<ipnet::Ipv4Net>() {
            Ok(range) => Ok(Source::Range(range.trunc())),
            Err(_) => Err(format!("`{range}` is not an IPv4 address range")),
        },
    }
}

fn notice(component: &Component, facts: &NetworkFacts) -> Option<Diagnostic> {
    let Enforcement::Advisory { reason } = &facts.enforcement else {
        return None;
    };
    let detail = format!(
        "Every program on this machine reaches every segment of `{}`: {reason}. Only addresses and passwords \
         keep the segments apart",
        component.address
    );
    let notice = Diagnostic::notice("Network rules are advisory on this machine", detail).at(component.span);
    Some(notice.hint("Install `iproute2` and `nftables`, and run as root or allow user namespaces"))
}

/// Ranges as they are here, not as they are declared: what compares addresses with them must find them.
fn exports(network: &Network, subnets: &BTreeMap<String, Subnet>, facts: &NetworkFacts) -> Attributes {
    let ranges = network.segments.keys().filter_map(|name| {
        let cidr = Value::String(subnets.get(name)?.to_string());
        Some((name.as_str(), Value::map([("cidr", cidr)])))
    });
    let whole = if facts.is_enforced() {
        NAMESPACE_RANGE
    } else {
        LOOPBACK_RANGE
    };
    Attributes::from([
        ("cidr".to_owned(), Value::string(whole)),
        ("segment".to_owned(), Value::map(ranges)),
    ])
}

#[cfg(test)]
mod tests;
