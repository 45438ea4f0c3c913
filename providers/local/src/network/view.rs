//! Reads what the kernel says of a namespace: links, addresses, routes, rules.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde::Deserialize;
use serde_json::Value;

use super::error::NetworkError;
use super::site::{Script, Site};
use crate::host::launch::Place;

/// One line each: links with addresses, routes.
const LOOK_AT_SEGMENT: &str = "ip -json address show; ip -json -4 route show default";
/// One line each: links with addresses, the switch of forwarding, all rules.
pub(super) const LOOK_AT_ROUTER: &str =
    "ip -json address show; cat /proc/sys/net/ipv4/ip_forward; nft -j list ruleset";

/// A link of a namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Link {
    #[serde(default, rename = "ifname")]
    pub(super) name: String,
    #[serde(default, rename = "ifindex")]
    index: u32,
    /// The number of the other end, in its own namespace.
    #[serde(default, rename = "link_index")]
    peer: Option<u32>,
    #[serde(default)]
    flags: BTreeSet<String>,
    #[serde(default, rename = "addr_info")]
    addresses: Vec<LinkAddress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct LinkAddress {
    #[serde(default)]
    local: Option<std::net::IpAddr>,
}

impl Link {
    /// Tells whether two links are the ends of one pair.
    pub(super) fn is_peer_of(&self, other: &Self) -> bool {
        self.peer == Some(other.index) && other.peer == Some(self.index)
    }

    /// Tells whether it is switched on.
    pub(super) fn is_up(&self) -> bool {
        self.flags.contains("UP")
    }

    /// Returns its addresses.
    pub(super) fn addresses(&self) -> BTreeSet<Ipv4Addr> {
        let ours = self.addresses.iter().filter_map(|found| match found.local {
            Some(std::net::IpAddr::V4(address)) => Some(address),
            _ => None,
        });
        ours.collect()
    }
}

/// What a segment's namespace holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentView {
    pub(super) links: Vec<Link>,
    pub(super) gateway: Option<Ipv4Addr>,
}

/// What a router's namespace holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RouterView {
    pub(super) links: Vec<Link>,
    pub(super) forwards: bool,
    pub(super) ruleset: Value,
}

/// Returns the link with a name.
pub(super) fn link<'a>(links: &'a [Link], name: &str) -> Option<&'a Link> {
    links.iter().find(|link| link.name == name)
}

pub(super) async fn segment(site: &Site, place: &Place) -> Result<SegmentView, NetworkError> {
    #[derive(Deserialize)]
    struct Route {
        #[serde(default)]
        gateway: Option<Ipv4Addr>,
    }
    let answer = site
        .script(place, Script::new("look at a segment", LOOK_AT_SEGMENT))
        .await?;
    let mut lines = answer.lines();
    let links = parse("ip", lines.next())?;
    let routes: Vec<Route> = parse("ip", lines.next())?;
    Ok(SegmentView {
        links,
        gateway: routes.into_iter().find_map(|route| route.gateway),
    })
}

pub(super) async fn router(site: &Site, place: &Place) -> Result<RouterView, NetworkError> {
    parse_router(
        &site
            .script(place, Script::new("look at a router", LOOK_AT_ROUTER))
            .await?,
    )
}

/// Reads what [`LOOK_AT_ROUTER`] printed.
pub(super) fn parse_router(answer: &str) -> Result<RouterView, NetworkError> {
    let mut lines = answer.lines();
    let links = parse("ip", lines.next())?;
    let forwards = lines.next() == Some("1");
    Ok(RouterView {
        links,
        forwards,
        ruleset: parse("nft", lines.next())?,
    })
}

/// `ip` prints nothing where there is nothing.
fn parse<T: serde::de::DeserializeOwned>(
    program: &'static str,
    line: Option<&str>,
) -> Result<T, NetworkError> {
    let line = line
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .unwrap_or("[]");
    serde_json::from_str(line).map_err(|source| NetworkError::Answer { program, source })
}
