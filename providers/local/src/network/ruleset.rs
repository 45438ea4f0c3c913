//! What may pass between segments, as text for `nft` and back from what `nft` lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::names::device;

/// The only table of a router.
const TABLE: &str = "infra";
/// The name of the segment that stands for everybody outside.
pub const INTERNET: &str = "internet";

/// Who connects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// Anybody outside.
    Internet,
    /// Some outside, by their addresses.
    Range(Ipv4Net),
    /// A segment.
    Segment(String),
}

impl Source {
    /// Returns the segment in which such a peer is.
    #[must_use]
    pub fn segment(&self) -> &str {
        match self {
            Self::Internet | Self::Range(_) => INTERNET,
            Self::Segment(name) => name,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => write!(formatter, "{range}"),
            Self::Internet | Self::Segment(_) => formatter.write_str(self.segment()),
        }
    }
}

impl From<&str> for Source {
    /// No segment's name holds a slash, and every range does.
    fn from(text: &str) -> Self {
        match text.parse() {
            Ok(range) => Self::Range(range),
            Err(_) if text == INTERNET => Self::Internet,
            Err(_) => Self::Segment(text.to_owned()),
        }
    }
}

/// All ports that one peer may reach in one segment, by who and where.
pub type Allowed = BTreeMap<(Source, String), BTreeSet<u16>>;

/// One permission, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// Who connects: a segment, `internet`, or a range of addresses.
    pub from: String,
    /// The segment connected to.
    pub to: String,
    /// The ports, in order.
    pub ports: Vec<u16>,
}

/// Returns permissions as a list, in one order.
#[must_use]
pub fn to_list(allowed: &Allowed) -> Vec<Permission> {
    let one = |((from, to), ports): (&(Source, String), &BTreeSet<u16>)| Permission {
        from: from.to_string(),
        to: to.clone(),
        ports: ports.iter().copied().collect(),
    };
    allowed.iter().map(one).collect()
}

/// Returns permissions from a list in any order; several for the same peers are one.
#[must_use]
pub fn from_list(list: Vec<Permission>) -> Allowed {
    let mut allowed = Allowed::new();
    for permission in list {
        let peers = (Source::from(permission.from.as_str()), permission.to);
        allowed.entry(peers).or_default().extend(permission.ports);
    }
    allowed
}

/// How many packets took a way, by the segments they came from and went to.
pub type Packets = BTreeMap<(String, String), u64>;

/// What a router's rules turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadBack {
    /// The permissions in it.
    pub allowed: Allowed,
    /// Whether what is not permitted is dropped.
    pub denies_the_rest: bool,
    /// Packets that were permitted.
    pub passed: Packets,
    /// Packets that were denied.
    pub denied: Packets,
    /// All of it, without numbers that differ from look to look.
    pub normal: Value,
}

/// Returns the rules as one transaction for `nft -f`: they replace those before, or nothing changes.
///
/// Permissions go by the router's links, not by addresses: a segment cannot pretend to be another. Replies
/// are permitted rule by rule, so that taking a rule away also cuts what is connected. What is denied is
/// counted for each pair of segments, which proves that it was denied here, and refused, so that a program
/// fails at once and does not wait; what no rule names is dropped by the policy.
#[must_use]
pub fn render(allowed: &Allowed, segments: &BTreeSet<String>) -> String {
    let permissions: String = allowed
        .iter()
        .map(|(peers, ports)| permit(peers, ports))
        .collect();
    let mut refusals = String::new();
    for from in segments {
        for to in segments.iter().filter(|to| *to != from) {
            let (from, to) = (device(from), device(to));
            let _ = writeln!(
                refusals,
                "iifname \"{from}\" oifname \"{to}\" meta l4proto tcp counter reject with tcp reset"
            );
        }
    }
    format!(
        "table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
chain input {{
type filter hook input priority 0; policy drop;
}}
chain forward {{
type filter hook forward priority 0; policy drop;
ct state invalid drop
ct state related accept
{permissions}{refusals}reject with icmpx type admin-prohibited
}}
}}
"
    )
}

fn permit((source, to): &(Source, String), ports: &BTreeSet<u16>) -> String {
    let (from, to) = (device(source.segment()), device(to));
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let ports = ports.join(", ");
    let (sender, receiver) = match source {
        Source::Range(range) => (format!("ip saddr {range} "), format!("ip daddr {range} ")),
        _ => (String::new(), String::new()),
    };
    format!(
        "iifname \"{from}\" oifname \"{to}\" {sender}tcp dport {{ {ports} }} counter accept
iifname \"{to}\" oifname \"{from}\" {receiver}tcp sport {{ {ports} }} ct direction reply accept
"
    )
}

/// Reads what `nft -j list ruleset` printed; `None` when our table is not in it.
#[must_use]
pub fn read_back(listed: &Value, segments: &BTreeSet<String>) -> Option<ReadBack> {
    let entries = listed.get("nftables")?.as_array()?;
    let kept: Vec<&Value> = entries
        .iter()
        .filter(|entry| entry.get("metainfo").is_none())
        .collect();
    kept.iter()
        .find(|entry| entry["table"]["name"] == TABLE && entry["table"]["family"] == "inet")?;
    let by_device: BTreeMap<String, &str> = segments
        .iter()
        .map(|name| (device(name), name.as_str()))
        .collect();
    let (mut allowed, mut passed, mut denied) = (Allowed::new(), Packets::new(), Packets::new());
    for rule in kept.iter().map(|entry| Rule(&entry["rule"])) {
        let Some((from, to)) = rule.segments(&by_device) else {
            continue;
        };
        if let Some((source, ports)) = rule.permission(&from) {
            allowed.entry((source, to.clone())).or_default().extend(ports);
            *passed.entry((from, to)).or_default() += rule.packets();
        } else if rule.has("reject") {
            *denied.entry((from, to)).or_default() += rule.packets();
        }
    }
    let denies_the_rest = kept.iter().any(|entry| {
        let chain = &entry["chain"];
        chain["table"] == TABLE && chain["hook"] == "forward" && chain["policy"] == "drop"
    });
    let normal = Value::Array(kept.into_iter().map(without_numbers).collect());
    Some(ReadBack {
        allowed,
        denies_the_rest,
        passed,
        denied,
        normal,
    })
}

/// A rule as `nft` lists it.
struct Rule<'a>(&'a Value);

impl Rule<'_> {
    fn expressions(&self) -> impl Iterator<Item = &Value> {
        let ours = self.0["chain"] == "forward" && self.0["table"] == TABLE;
        self.0["expr"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(move |_| ours)
    }

    fn has(&self, name: &str) -> bool {
        self.expressions()
            .any(|expression| expression.get(name).is_some())
    }

    fn compared(&self, left: &Value) -> Option<&Value> {
        self.expressions()
            .map(|it| &it["match"])
            .find(|it| it["left"] == *left)
            .map(|it| &it["right"])
    }

    fn segments(&self, by_device: &BTreeMap<String, &str>) -> Option<(String, String)> {
        let meta = |key: &str| serde_json::json!({ "meta": { "key": key } });
        let named = |key: &str| by_device.get(self.compared(&meta(key))?.as_str()?).copied();
        Some((named("iifname")?.to_owned(), named("oifname")?.to_owned()))
    }

    /// A permission compares target ports, perhaps senders, and accepts.
    fn permission(&self, from: &str) -> Option<(Source, BTreeSet<u16>)> {
        let payload = |protocol: &str, field: &str| serde_json::json!({ "payload": { "protocol": protocol, "field": field } });
        let ports = ports(self.compared(&payload("tcp", "dport"))?)?;
        let source = match self.compared(&payload("ip", "saddr")) {
            Some(range) => Source::Range(parse_range(range)?),
            None => Source::from(from),
        };
        self.has("accept").then_some((source, ports))
    }

    fn packets(&self) -> u64 {
        self.expressions()
            .find_map(|it| it["counter"]["packets"].as_u64())
            .unwrap_or_default()
    }
}

fn ports(right: &Value) -> Option<BTreeSet<u16>> {
    let one = |value: &Value| u16::try_from(value.as_u64()?).ok();
    match right.get("set") {
        Some(set) => set.as_array()?.iter().map(one).collect(),
        None => Some(BTreeSet::from([one(right)?])),
    }
}

/// One address is listed as text, several as a prefix.
fn parse_range(right: &Value) -> Option<Ipv4Net> {
    if let Some(address) = right.as_str() {
        return address.parse::<Ipv4Addr>().ok().map(Ipv4Net::from);
    }
    let prefix = right.get("prefix")?;
    let length = u8::try_from(prefix["len"].as_u64()?).ok()?;
    Ipv4Net::new(prefix["addr"].as_str()?.parse().ok()?, length).ok()
}

/// Handles count up with each load, counters with each packet.
fn without_numbers(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter(|(name, _)| *name != "handle");
            let one = |(name, field): (&String, &Value)| {
                let field = if name == "counter" {
                    Value::Null
                } else {
                    without_numbers(field)
                };
                (name.clone(), field)
            };
            Value::Object(kept.map(one).collect())
        }
        Value::Array(values) => Value::Array(values.iter().map(without_numbers).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
