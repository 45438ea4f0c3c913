//! What the block `aws` of a network says about zones and ways out.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::component::network::Network;
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::value::Value;

use crate::lower::scene::Scene;

/// The letters of zones in the order in which they are used.
const LETTERS: std::ops::RangeInclusive<char> = 'a'..='z';

/// How private segments get out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Nat {
    /// Not at all.
    #[default]
    None,
    /// Through one gateway in the first zone.
    Single,
    /// Through a gateway in each zone.
    PerZone,
}

impl Nat {
    const WORDS: [(&'static str, Nat); 3] = [
        ("none", Nat::None),
        ("single", Nat::Single),
        ("per_zone", Nat::PerZone),
    ];
}

/// What a network's block `aws` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// The names of the zones, one per zone of the network.
    pub(super) zones: Vec<String>,
    /// How private segments get out.
    pub(super) nat: Nat,
    /// Segments that may reach the internet.
    pub(super) egress: BTreeSet<String>,
    /// The public segment that NAT gateways stand in, if any does.
    pub(super) nat_segment: Option<String>,
}

impl Settings {
    /// Reads the settings; what is wrong is reported, and taken as not set.
    pub(super) fn of(scene: &Scene<'_>, network: &Network, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let nat = nat(scene, diagnostics);
        let egress = egress(scene, network, diagnostics);
        let nat_segment = match nat {
            Nat::None => None,
            _ => nat_segment(scene, network, diagnostics),
        };
        let settings = Settings {
            zones: zones(scene, network, diagnostics),
            nat,
            egress,
            nat_segment,
        };
        diagnostics.extend(settings.way_missing(scene, network));
        diagnostics.extend(settings.way_unused(scene, network));
        settings
    }

    /// Tells whether a segment reaches the internet through a NAT gateway.
    pub(super) fn is_translated(&self, network: &Network, segment: &str) -> bool {
        self.nat != Nat::None && self.egress.contains(segment) && !is_public(network, segment)
    }

    fn way_missing(&self, scene: &Scene<'_>, network: &Network) -> Option<Diagnostic> {
        let mut private = self.egress.iter().filter(|name| !is_public(network, name));
        let segment = private.next().filter(|_| self.nat == Nat::None)?;
        let detail = format!(
            "`{}` lets its private segment `{segment}` out to the internet, and has no NAT gateway",
            scene.component.address
        );
        let error = Diagnostic::error("No way to the internet", detail).at(scene.component.span);
        Some(
            error.hint(
                "Add to its block `aws`: nat = \"single\", or \"per_zone\" to survive the loss of a zone",
            ),
        )
    }

    fn way_unused(&self, scene: &Scene<'_>, network: &Network) -> Option<Diagnostic> {
        let is_used = self
            .egress
            .iter()
            .any(|segment| self.is_translated(network, segment));
        if self.nat == Nat::None || is_used {
            return None;
        }
        let detail = format!(
            "`{}` pays for a NAT gateway, and no private segment may reach the internet through it",
            scene.component.address
        );
        let warning = Diagnostic::warning("A NAT gateway that nobody uses", detail).at(scene.component.span);
        Some(warning.hint("Name the segments that may in its block `aws`: egress = [\"…\"]"))
    }
}

/// Tells whether a segment is public; one that there is not is not.
pub(super) fn is_public(network: &Network, segment: &str) -> bool {
    network
        .segments
        .get(segment)
        .is_some_and(|segment| segment.public)
}

/// Returns the error of a setting that is not what it should be.
pub(super) fn wrong(scene: &Scene<'_>, setting: &str, expected: &str) -> Diagnostic {
    let detail = format!(
        "`{setting}` in `aws` of `{}` takes {expected}",
        scene.component.address
    );
    Diagnostic::error("Invalid setting", detail).at(scene.component.span)
}

/// Returns the error of a setting that names a segment that there is not.
pub(super) fn no_segment(scene: &Scene<'_>, network: &Network, setting: &str, name: &str) -> Diagnostic {
    let detail = format!(
        "`{setting}` in `aws` of `{}` names the segment `{name}`, which this network does not have",
        scene.component.address
    );
    let error = Diagnostic::error("Unknown segment", detail).at(scene.component.span);
    match near_match(name, network.segments.keys().map(String::as_str)) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error,
    }
}

/// Returns whether a setting is on; one that is neither on nor off is reported.
pub(super) fn switch(scene: &Scene<'_>, setting: &str, diagnostics: &mut Vec<Diagnostic>) -> bool {
    let Some(value) = scene.setting(setting) else {
        return false;
    };
    value.as_bool().unwrap_or_else(|| {
        diagnostics.push(wrong(scene, setting, "`true` or `false`"));
        false
    })
}

/// Returns a list of texts, nothing if it is not one.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    let texts = value.as_list()?.iter();
    texts.map(|text| text.as_str().map(str::to_owned)).collect()
}

fn nat(scene: &Scene<'_>, diagnostics: &mut Vec<Diagnostic>) -> Nat {
    let Some(value) = scene.setting("nat") else {
        return Nat::default();
    };
    let words: BTreeMap<&str, Nat> = Nat::WORDS.into();
    value
        .as_str()
        .and_then(|word| words.get(word).copied())
        .unwrap_or_else(|| {
            diagnostics.push(wrong(scene, "nat", "`none`, `single` or `per_zone`"));
            Nat::default()
        })
}

fn egress(scene: &Scene<'_>, network: &Network, diagnostics: &mut Vec<Diagnostic>) -> BTreeSet<String> {
    let Some(value) = scene.setting("egress") else {
        return BTreeSet::new();
    };
    let Some(names) = texts(value) else {
        diagnostics.push(wrong(scene, "egress", "a list of names of segments"));
        return BTreeSet::new();
    };
    let (known, unknown): (BTreeSet<String>, BTreeSet<String>) = names
        .into_iter()
        .partition(|name| network.segments.contains_key(name));
    let errors = unknown
        .iter()
        .map(|name| no_segment(scene, network, "egress", name));
    diagnostics.extend(errors);
    known
}

/// Which of several it is must be said: a new one must not move the gateways of those that there are.
fn nat_segment(scene: &Scene<'_>, network: &Network, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let public = |name: &&String| is_public(network, name);
    if let Some(value) = scene.setting("nat_segment") {
        let named = value.as_str().map(str::to_owned);
        let named = named.filter(|name| is_public(network, name));
        if named.is_none() {
            diagnostics.push(wrong(scene, "nat_segment", "the name of a public segment"));
        }
        return named;
    }
    let mut all = network.segments.keys().filter(public);
    let (first, second) = (all.next(), all.next());
    let address = &scene.component.address;
    let error = match (first, second) {
        (Some(only), None) => return Some(only.clone()),
        (Some(first), Some(_)) => {
            let detail =
                format!("`{address}` has several public segments that its NAT gateway could stand in");
            let error = Diagnostic::error("It is not said where the NAT gateway stands", detail);
            error.hint(format!("Add to its block `aws`: nat_segment = \"{first}\""))
        }
        (None, _) => {
            let detail = format!("`{address}` has no public segment that its NAT gateway could stand in");
            let error = Diagnostic::error("A NAT gateway needs a public segment", detail);
            error.hint("Add a segment with `public = true`")
        }
    };
    diagnostics.push(error.at(scene.component.span));
    None
}

/// Zones have the letters that most regions have, unless it is said otherwise.
fn zones(scene: &Scene<'_>, network: &Network, diagnostics: &mut Vec<Diagnostic>) -> Vec<String> {
    let count = network.zones as usize;
    let lettered = || {
        let letters = LETTERS.take(count);
        letters
            .map(|letter| format!("{}{letter}", scene.region()))
            .collect()
    };
    let Some(value) = scene.setting("zones") else {
        return lettered();
    };
    let named = texts(value).filter(|zones| {
        let different: BTreeSet<&String> = zones.iter().collect();
        zones.len() == count && different.len() == count
    });
    named.unwrap_or_else(|| {
        let expected =
            format!("the names of {count} different zones, as many as `zones` of the network says");
        diagnostics.push(wrong(scene, "zones", &expected));
        lettered()
    })
}
