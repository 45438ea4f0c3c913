//! The topology as a page: what lives in each segment, and who may reach it.

use infra_model::component::network::Peer;

use super::super::facts::{code, escaped};
use super::topology::{Member, NetworkView, Topology, listed, peer};
use crate::render::words::counted;

/// Returns the page, which shows the drawing beside it.
pub(super) fn topology(topology: &Topology, title: &str) -> String {
    let mut page = format!(
        "# Topology: {}\n\n![Segments and allowed paths](topology.svg)\n",
        escaped(title)
    );
    for network in &topology.networks {
        page += &section(network);
    }
    if topology.networks.is_empty() {
        page += "\nThe environment has no network of its own.\n";
    }
    if !topology.elsewhere.is_empty() {
        page += "\n## In no segment\n\nThese are reached by their own addresses; no rule of a network is about them.\n\n";
        page += &topology
            .elsewhere
            .iter()
            .map(|member| format!("- {}\n", line(member)))
            .collect::<String>();
    }
    page
}

fn section(network: &NetworkView) -> String {
    let range = match &network.real_range {
        Some(real) => format!("declared as {} and becomes {}", code(&network.range), code(real)),
        None => code(&network.range),
    };
    let mut page = format!(
        "\n## {}\n\nThe network is {range}, over {}. What no rule allows is denied.\n",
        code(&network.address),
        counted(network.zones as usize, "zone")
    );
    page += "\n### Segments\n\n| Segment | Address range | Public | What lives there |\n| --- | --- | --- | --- |\n";
    for segment in &network.segments {
        let range = segment
            .range
            .as_deref()
            .map_or_else(|| "chosen when it is made".to_owned(), code);
        let way = if segment.public { "yes" } else { "no" };
        let members: Vec<String> = segment.members.iter().map(line).collect();
        let members = if members.is_empty() {
            "–".to_owned()
        } else {
            members.join("<br>")
        };
        page += &format!("| {} | {range} | {way} | {members} |\n", code(&segment.name));
    }
    page += &format!(
        "\n### Who reaches what\n\nTCP ports; *denied* where no rule allows any, – where a segment meets itself and no rule \
         is about it.\n\n{}",
        matrix(network)
    );
    for name in &network.closed {
        page += &format!(
            "\nA rule lets the internet into {}, which has no way from it: that rule lets nobody in.\n",
            code(name)
        );
    }
    page
}

/// Returns the table of all paths: a row per who connects, a column per segment connected to.
fn matrix(network: &NetworkView) -> String {
    let names: Vec<&str> = network
        .segments
        .iter()
        .map(|segment| segment.name.as_str())
        .collect();
    let cells: String = names.iter().map(|name| format!(" {} |", code(name))).collect();
    let mut table = format!("| From \\ to |{cells}\n|{}\n", " --- |".repeat(names.len() + 1));
    // Whether there is a rule for the internet or not, everybody asks.
    let outside = network
        .outside
        .iter()
        .filter(|who| **who != Peer::Internet)
        .cloned();
    let segments = names.iter().map(|name| Peer::Segment((*name).to_owned()));
    for from in std::iter::once(Peer::Internet).chain(outside).chain(segments) {
        let cells: String = names
            .iter()
            .map(|to| format!(" {} |", cell(network, &from, to)))
            .collect();
        let who = match &from {
            Peer::Internet => peer(&from).to_owned(),
            named => code(peer(named)),
        };
        table += &format!("| {who} |{cells}\n");
    }
    table
}

fn cell(network: &NetworkView, from: &Peer, to: &str) -> String {
    let ports = network.reached(from, to);
    match ports.is_empty() {
        false => listed(&ports),
        true if *from == Peer::Segment(to.to_owned()) => "–".to_owned(),
        true => "*denied*".to_owned(),
    }
}

fn line(member: &Member) -> String {
    let Member {
        address,
        what,
        made_of,
    } = member;
    let rest = if made_of.is_empty() {
        String::new()
    } else {
        format!(": {made_of}")
    };
    format!("{} ({what}{rest})", code(address))
}
