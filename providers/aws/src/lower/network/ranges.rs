//! Which addresses each segment has.
//!
//! A segment has a block of its own, chosen by its name alone: another segment or another zone moves nobody. Two names may choose
//! the same block. Then neither moves silently, because nobody here knows which of them exists: it is an error that says what to
//! write.

use std::collections::BTreeMap;

use infra_model::component::network::Network;
use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;
use ipnet::Ipv4Net;

use super::settings::{no_segment, texts, wrong};
use crate::lower::scene::Scene;

mod blocks;

/// The sizes of a VPC.
const VPC: std::ops::RangeInclusive<u8> = 16..=28;
/// The longest prefix of a subnet.
const SMALLEST: u8 = 28;
/// A block is split for up to two to the power of this many zones.
const ZONE_BITS: u8 = 3;

/// The addresses of one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The smallest range that has room for all of it.
    pub(super) whole: Ipv4Net,
    /// Those of its subnets, one per zone.
    pub(super) by_zone: Vec<Ipv4Net>,
}

/// The addresses of all segments by name.
pub(super) type Ranges = BTreeMap<String, Range>;

/// Returns the range of a network, nothing if it is none.
pub(super) fn whole(network: &Network) -> Option<Ipv4Net> {
    network.cidr.parse::<Ipv4Net>().ok().map(|range| range.trunc())
}

/// Returns the addresses of each segment. What is wrong is reported, and the segments concerned get some range or none.
pub(super) fn carve(scene: &Scene<'_>, network: &Network, diagnostics: &mut Vec<Diagnostic>) -> Ranges {
    let Some(whole) = whole(network).filter(|whole| VPC.contains(&whole.prefix_len())) else {
        diagnostics.push(not_a_vpc(scene, network));
        return Ranges::new();
    };
    let mut ranges = said(scene, network, whole, diagnostics);
    let taken: Vec<Ipv4Net> = ranges
        .values()
        .flat_map(|range| range.by_zone.iter().copied())
        .collect();
    let others = network.segments.keys().filter(|name| !ranges.contains_key(*name));
    let chosen = blocks::choose(whole, others.map(String::as_str), &taken);
    if let Some(error) = clash(scene, &chosen) {
        diagnostics.push(error);
    }
    for (name, choice) in chosen {
        match split(choice.block, network.zones) {
            Some(range) => {
                ranges.insert(name, range);
            }
            None => diagnostics.push(too_small(scene, &name, choice.block)),
        }
    }
    ranges
}

/// Splits a block for zones, always in the same way however many there are; nothing if it has no room for them.
fn split(block: Ipv4Net, zones: u32) -> Option<Range> {
    let prefix = (block.prefix_len() + ZONE_BITS).min(SMALLEST);
    let by_zone: Vec<Ipv4Net> = block.subnets(prefix).ok()?.take(zones as usize).collect();
    (by_zone.len() == zones as usize).then_some(Range {
        whole: block,
        by_zone,
    })
}

/// Returns the ranges that the setting `subnets` gives: a block to split, or one range per zone.
fn said(scene: &Scene<'_>, network: &Network, whole: Ipv4Net, diagnostics: &mut Vec<Diagnostic>) -> Ranges {
    let mut ranges = Ranges::new();
    let Some(value) = scene.setting("subnets") else {
        return ranges;
    };
    let Some(entries) = value.as_map() else {
        let expected = "ranges by the name of a segment, such as { data = \"10.0.4.0/23\" }";
        diagnostics.push(wrong(scene, "subnets", expected));
        return ranges;
    };
    for (name, value) in entries {
        if !network.segments.contains_key(name) {
            diagnostics.push(no_segment(scene, network, "subnets", name));
            continue;
        }
        match read(value, network.zones, whole) {
            Ok(range) => match ranges.iter().find(|(_, other)| overlap(&range, other)) {
                Some((other, _)) => diagnostics.push(twice(scene, other, name)),
                None => {
                    ranges.insert(name.clone(), range);
                }
            },
            Err(expected) => {
                diagnostics.push(wrong(scene, "subnets", &format!("for `{name}` {expected}")));
            }
        }
    }
    ranges
}

/// Returns the range of a segment as it is written, or what should have been.
fn read(value: &Value, zones: u32, whole: Ipv4Net) -> Result<Range, String> {
    let inside = |text: &str| {
        let range = text.parse::<Ipv4Net>().ok()?;
        (range == range.trunc() && whole.contains(&range) && range.prefix_len() <= SMALLEST).then_some(range)
    };
    if let Some(text) = value.as_str() {
        let block = inside(text).ok_or_else(|| format!("a range in {whole}, /{SMALLEST} or larger"))?;
        return split(block, zones)
            .ok_or_else(|| format!("a range with room for {zones} subnets of /{SMALLEST} or larger"));
    }
    let texts = texts(value).filter(|texts| texts.len() == zones as usize);
    let by_zone = texts.and_then(|texts| texts.iter().map(|text| inside(text)).collect::<Option<Vec<_>>>());
    let by_zone = by_zone.ok_or_else(|| {
        format!("a range in {whole}, or a list of {zones} of them, one per zone, /{SMALLEST} or larger")
    })?;
    match blocks::cover(&by_zone) {
        Some(cover) if blocks::are_apart(&by_zone) => Ok(Range {
            whole: cover,
            by_zone,
        }),
        _ => Err("ranges that do not overlap".to_owned()),
    }
}

fn overlap(one: &Range, other: &Range) -> bool {
    one.by_zone
        .iter()
        .any(|range| other.by_zone.iter().any(|other| blocks::overlap(*range, *other)))
}

/// Returns the error of segments whose block is taken, with what to write.
fn clash(scene: &Scene<'_>, chosen: &BTreeMap<String, blocks::Choice>) -> Option<Diagnostic> {
    let moved: Vec<(&String, &blocks::Choice)> = chosen
        .iter()
        .filter(|(_, choice)| choice.wanted.is_some())
        .collect();
    let (first, choice) = moved.first()?;
    let wanted = choice.wanted.unwrap_or(choice.block);
    let detail = format!(
        "The name of the segment `{first}` chooses {wanted} in `{}`, which another segment has",
        scene.component.address
    );
    let entries: Vec<String> = moved
        .iter()
        .map(|(name, choice)| format!("{name} = \"{}\"", choice.block))
        .collect();
    let hint = format!(
        "Give it a range of its own in the block `aws` of the network: subnets = {{ {} }}. If it exists already, give \
         one to the segment that is new: another range means another subnet",
        entries.join(", ")
    );
    let error = Diagnostic::error("Two segments choose the same range", detail).at(scene.component.span);
    Some(error.hint(hint))
}

fn twice(scene: &Scene<'_>, one: &str, other: &str) -> Diagnostic {
    let expected = format!("ranges that do not overlap: those of `{one}` and `{other}` do");
    wrong(scene, "subnets", &expected)
}

fn too_small(scene: &Scene<'_>, name: &str, block: Ipv4Net) -> Diagnostic {
    let detail = format!(
        "The block {block} of the segment `{name}` in `{}` has no room for a subnet in each zone",
        scene.component.address
    );
    let error = Diagnostic::error("A segment is too small", detail).at(scene.component.span);
    error.hint("Choose a larger `cidr`, or write larger ranges: aws { subnets = { … } }")
}

fn not_a_vpc(scene: &Scene<'_>, network: &Network) -> Diagnostic {
    let (largest, smallest) = (VPC.start(), VPC.end());
    let detail = format!(
        "`{}` has the range {}, and a VPC takes a prefix from /{largest} to /{smallest}",
        scene.component.address, network.cidr
    );
    let error = Diagnostic::error("The range does not fit a VPC", detail).at(scene.component.span);
    error.hint("Choose another `cidr`; an environment's file may override it")
}

#[cfg(test)]
mod tests;
