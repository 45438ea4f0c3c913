//! `network`.

use std::collections::BTreeMap;

use infra_model::component::network::{AllowRule, Network, Peer, Segment};
use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use super::{Node, whole};
use crate::evaluate::World;
use crate::language::rule::parse_cidr;
use crate::report::{Failed, suggestion, with_hint};

/// The sizes of networks that every provider takes, as lengths of their prefix.
const PREFIXES: std::ops::RangeInclusive<u8> = 8..=24;

/// The internet, written as a range.
const ANYWHERE: &str = "0.0.0.0/0";

pub(super) fn network(node: &Node<'_>, world: &World<'_>) -> Result<Network, Failed> {
    let segments: Result<BTreeMap<_, _>, _> = node.blocks_of("segment").map(segment).collect();
    let rules: Vec<_> = node
        .blocks_of("allow")
        .map(|rule| allow(rule, node, world))
        .collect();
    check_range(node, world)?;
    Ok(Network {
        cidr: node.text("cidr")?.to_owned(),
        zones: node.whole("zones")?,
        segments: segments?,
        allow: rules.into_iter().collect::<Result<_, _>>()?,
    })
}

fn segment(node: &Node<'_>) -> Result<(String, Segment), Failed> {
    let public = node.flag("public")?;
    Ok((node.shape.name().to_owned(), Segment { public }))
}

fn check_range(node: &Node<'_>, world: &World<'_>) -> Result<(), Failed> {
    let (_, prefix) = parse_cidr(node.text("cidr")?).map_err(|_| Failed)?;
    if PREFIXES.contains(&prefix) {
        return Ok(());
    }
    let (largest, smallest) = (PREFIXES.start(), PREFIXES.end());
    let detail = format!("A network has a prefix from /{largest} to /{smallest}, this one has /{prefix}");
    Err(world
        .report
        .fail(Diagnostic::error("Invalid value", detail).at(node.span("cidr"))))
}

fn allow(rule: &Node<'_>, network: &Node<'_>, world: &World<'_>) -> Result<AllowRule, Failed> {
    let from = rule.text("from").map(|from| match from {
        "internet" | ANYWHERE => Peer::Internet,
        range if range.contains('/') => Peer::Cidr(range.to_owned()),
        segment => Peer::Segment(segment.to_owned()),
    });
    let to = rule.text("to");
    if let Ok(Peer::Segment(name)) = &from {
        check_segment(name, "from", rule, network, world);
    }
    if let Ok(name) = to {
        check_segment(name, "to", rule, network, world);
    }
    let ports = rule
        .list("ports")?
        .iter()
        .map(port)
        .collect::<Option<Vec<u16>>>()
        .ok_or(Failed)?;
    if ports.is_empty() {
        let diagnostic = Diagnostic::error("Invalid value", "A rule without ports allows nothing");
        world.report.add(diagnostic.at(rule.span("ports")));
    }
    let (from, to) = (from?, to?.to_owned());
    warn_of_private(&from, &to, rule, network, world);
    Ok(AllowRule { from, to, ports })
}

fn port(value: &Value) -> Option<u16> {
    whole(value).and_then(|port| u16::try_from(port).ok())
}

fn check_segment(name: &str, attribute: &str, rule: &Node<'_>, network: &Node<'_>, world: &World<'_>) {
    let segments = network.shape.blocks_of("segment").map(|segment| segment.name());
    let segments: Vec<&str> = segments.collect();
    if segments.contains(&name) || network.shape.broken {
        return;
    }
    let detail = format!(
        "`{}` names the segment `{name}`, which this network does not have",
        attribute
    );
    let diagnostic = Diagnostic::error("Unknown segment", detail).at(rule.span(attribute));
    let known = segments
        .iter()
        .copied()
        .chain((attribute == "from").then_some("internet"));
    let hint = suggestion(name, "There are", known.collect::<Vec<_>>().into_iter());
    world.report.add(with_hint(diagnostic, hint));
}

/// Warns when the internet is let into a segment that it has no way to.
fn warn_of_private(from: &Peer, to: &str, rule: &Node<'_>, network: &Node<'_>, world: &World<'_>) {
    let target = network
        .blocks_of("segment")
        .find(|segment| segment.shape.name() == to);
    if let (Peer::Internet, Some(target)) = (from, target)
        && target.flag("public") == Ok(false)
    {
        let detail = format!("The segment `{to}` has no way from the internet, so the rule lets nobody in");
        world.report.add(
            Diagnostic::warning("Rule without effect", detail)
                .at(rule.span("to"))
                .related(target.shape.span, "not public")
                .hint("Add `public = true` to the segment"),
        );
    }
}
