//! A name chooses its block whoever else is there, and nobody gets the block of another.

use std::collections::BTreeSet;

use super::*;

/// How segments are called in most networks.
const USUAL: [&str; 32] = [
    "admin",
    "analytics",
    "api",
    "app",
    "apps",
    "backend",
    "cache",
    "data",
    "database",
    "db",
    "dmz",
    "edge",
    "frontend",
    "ingress",
    "internal",
    "isolated",
    "jobs",
    "lb",
    "management",
    "monitoring",
    "ops",
    "private",
    "public",
    "queue",
    "services",
    "shared",
    "storage",
    "tools",
    "web",
    "worker",
    "workers",
    "vpn",
];

fn range(text: &str) -> Ipv4Net {
    text.parse().unwrap()
}

fn chosen(whole: &str, names: &[&str]) -> BTreeMap<String, Choice> {
    choose(range(whole), names.iter().copied(), &[])
}

#[test]
fn usual_names_choose_different_blocks() {
    let chosen = chosen("10.30.0.0/16", &USUAL);
    let clashing: Vec<_> = chosen
        .iter()
        .filter(|(_, choice)| choice.wanted.is_some())
        .collect();
    assert!(clashing.is_empty(), "{clashing:?}");
}

#[test]
fn the_most_usual_names_do_so_in_a_small_network_too() {
    let chosen = chosen(
        "10.30.0.0/20",
        &[
            "api", "app", "apps", "cache", "data", "edge", "ingress", "services",
        ],
    );
    assert!(
        chosen.values().all(|choice| choice.wanted.is_none()),
        "{chosen:?}"
    );
}

#[test]
fn the_blocks_of_names_stay_what_they_are() {
    let chosen = chosen("10.30.0.0/16", &["app", "data", "edge"]);
    let blocks: Vec<String> = chosen.values().map(|choice| choice.block.to_string()).collect();
    insta::assert_snapshot!(blocks.join(" "), @"10.30.60.0/23 10.30.58.0/23 10.30.136.0/23");
}

#[test]
fn another_name_moves_nobody() {
    let few = chosen("10.30.0.0/16", &["app", "data", "edge"]);
    for other in ["aaa", "cache", "zzz", "billing", "edge-2"] {
        let more = chosen("10.30.0.0/16", &["app", "data", "edge", other]);
        assert!(few.iter().all(|(name, choice)| more[name] == *choice), "{other}");
    }
}

#[test]
fn names_never_share_a_block_and_whoever_is_late_says_so() {
    let names: Vec<String> = (0..128).map(|number| format!("segment-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let chosen = chosen("10.30.0.0/16", &names);
    let blocks: BTreeSet<Ipv4Net> = chosen.values().map(|choice| choice.block).collect();
    assert_eq!(blocks.len(), 128);
    for (name, choice) in &chosen {
        let alone = chosen_by(name, range("10.30.0.0/16"));
        assert_eq!(choice.wanted.unwrap_or(choice.block), alone, "{name}");
    }
}

#[test]
fn what_is_taken_is_left_alone() {
    let whole = range("10.30.0.0/16");
    let wanted = chosen_by("data", whole);
    let taken = [range("10.30.0.0/18"), wanted];
    let chosen = choose(whole, ["data"].into_iter(), &taken);
    assert_eq!(chosen["data"].wanted, Some(wanted));
    assert!(is_free(chosen["data"].block, &taken), "{chosen:?}");
}

#[test]
fn small_ranges_have_fewer_blocks_of_the_smallest_size() {
    let all = |whole: &str| blocks(range(whole)).collect::<Vec<_>>();
    assert_eq!(all("10.0.0.0/16").len(), 128);
    assert_eq!(all("10.0.0.0/20").len(), 32);
    assert_eq!(all("10.0.0.0/24"), [range("10.0.0.0/25"), range("10.0.0.128/25")]);
    assert_eq!(all("10.0.0.0/26"), [range("10.0.0.0/26")]);
}

#[test]
fn a_cover_is_the_smallest_that_has_all() {
    let covers = |ranges: &[&str]| {
        let ranges: Vec<Ipv4Net> = ranges.iter().map(|text| range(text)).collect();
        cover(&ranges).map(|cover| cover.to_string())
    };
    assert_eq!(covers(&["10.0.1.0/24"]).as_deref(), Some("10.0.1.0/24"));
    assert_eq!(
        covers(&["10.0.1.0/24", "10.0.2.0/24"]).as_deref(),
        Some("10.0.0.0/22")
    );
    assert_eq!(covers(&[]), None);
}
