//! Gives each segment its range of addresses, from its name alone: adding a segment must not renumber others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// All addresses of segments in namespaces: the range of benchmark networks (RFC 2544), which nothing else on a
/// machine uses. Addresses of 10.0.0.0/8 have been seen to leak to the host's default gateway.
pub const NAMESPACE_RANGE: &str = "198.18.0.0/15";
/// All addresses of segments on the loopback device: a part of its network that no distribution uses.
pub const LOOPBACK_RANGE: &str = "127.64.0.0/10";

const NAMESPACE_POOL: Pool = Pool {
    first: Ipv4Addr::new(198, 18, 0, 0),
    subnets: 512,
};
const LOOPBACK_POOL: Pool = Pool {
    first: Ipv4Addr::new(127, 64, 0, 0),
    subnets: 16384,
};
/// The hosts of a subnet that servers may have; below are the router and the segment itself.
const SERVER_HOSTS: std::ops::RangeInclusive<u8> = 10..=250;

/// A range of 256 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    first: Ipv4Addr,
}

/// The text is not a subnet of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a range of 256 addresses, such as `198.18.7.0/24`")]
pub struct SubnetError {
    text: String,
}

#[derive(Clone, Copy)]
struct Pool {
    first: Ipv4Addr,
    subnets: u32,
}

impl Subnet {
    /// Returns the address of the router in the segment.
    #[must_use]
    pub fn router(self) -> Ipv4Addr {
        self.host(1)
    }

    /// Returns the address of the segment itself, which no server has.
    #[must_use]
    pub fn segment(self) -> Ipv4Addr {
        self.host(2)
    }

    /// Returns a free address for a server; always the same one if that is free.
    #[must_use]
    pub fn server(self, name: &str, taken: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Addr> {
        let hosts: Vec<u8> = SERVER_HOSTS.collect();
        let preferred = hash(name) as usize % hosts.len();
        let in_turn = hosts.iter().cycle().skip(preferred).take(hosts.len());
        in_turn
            .map(|host| self.host(*host))
            .find(|address| !taken.contains(address))
    }

    fn host(self, host: u8) -> Ipv4Addr {
        let [a, b, c, _] = self.first.octets();
        Ipv4Addr::new(a, b, c, host)
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/24", self.first)
    }
}

impl FromStr for Subnet {
    type Err = SubnetError;

    fn from_str(text: &str) -> Result<Self, SubnetError> {
        let error = || SubnetError {
            text: text.to_owned(),
        };
        let first: Ipv4Addr = text
            .strip_suffix("/24")
            .and_then(|it| it.parse().ok())
            .ok_or_else(error)?;
        if first.octets()[3] == 0 {
            Ok(Self { first })
        } else {
            Err(error())
        }
    }
}

/// Returns the ranges of a network's segments in their namespaces, which no other network sees.
#[must_use]
pub fn in_namespaces<'a>(segments: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, Subnet> {
    assign(segments, NAMESPACE_POOL, "")
}

/// Returns the ranges of a network's segments on the loopback device, which all environments share.
///
/// The network's identity keeps those of two environments apart, most probably; servers that still meet see a
/// busy port.
#[must_use]
pub fn on_loopback<'a>(
    network: &str,
    segments: impl IntoIterator<Item = &'a str>,
) -> BTreeMap<String, Subnet> {
    assign(segments, LOOPBACK_POOL, network)
}

/// Where two names want the same range, the one later in the alphabet gives way.
fn assign<'a>(names: impl IntoIterator<Item = &'a str>, pool: Pool, salt: &str) -> BTreeMap<String, Subnet> {
    let names: BTreeSet<&str> = names.into_iter().collect();
    let mut taken = BTreeSet::new();
    let mut assigned = BTreeMap::new();
    for name in names {
        let preferred = hash(&format!("{salt}/{name}")) % pool.subnets;
        let slot = (0..pool.subnets).map(|step| (preferred + step) % pool.subnets);
        if let Some(free) = slot.into_iter().find(|slot| !taken.contains(slot)) {
            taken.insert(free);
            assigned.insert(name.to_owned(), pool.subnet(free));
        }
    }
    assigned
}

impl Pool {
    fn subnet(self, slot: u32) -> Subnet {
        Subnet {
            first: Ipv4Addr::from(u32::from(self.first) + (slot << 8)),
        }
    }
}

fn hash(text: &str) -> u32 {
    let bytes = *blake3::hash(text.as_bytes()).as_bytes();
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_segment_does_not_renumber_the_first_ones() {
        let few = in_namespaces(["app", "data", "edge"]);
        let more = in_namespaces(["aaa", "app", "data", "edge", "zzz"]);
        assert!(few.iter().all(|(name, subnet)| more[name] == *subnet));
        assert!(few.values().all(|subnet| subnet.to_string().starts_with("198.1")));
    }

    #[test]
    fn every_segment_of_a_large_network_has_its_own_range() {
        let names: Vec<String> = (0..400).map(|number| format!("segment-{number}")).collect();
        let assigned = in_namespaces(names.iter().map(String::as_str));
        assert_eq!(assigned.values().collect::<BTreeSet<_>>().len(), 400);
    }

    #[test]
    fn two_environments_differ_on_the_loopback_device() {
        assert_ne!(
            on_loopback("infra-1-main", ["data"]),
            on_loopback("infra-2-main", ["data"])
        );
    }

    #[test]
    fn servers_get_distinct_addresses_until_none_is_left() {
        let subnet: Subnet = "198.18.7.0/24".parse().unwrap();
        let mut taken = BTreeSet::new();
        while let Some(address) = subnet.server("postgres.main", &taken) {
            assert!(taken.insert(address));
        }
        assert_eq!(taken.len(), 241);
        assert!(!taken.contains(&subnet.router()) && !taken.contains(&subnet.segment()));
    }

    #[test]
    fn a_range_is_read_back_as_written() {
        let subnet: Subnet = "198.18.7.0/24".parse().unwrap();
        assert_eq!(subnet.to_string(), "198.18.7.0/24");
        assert!("198.18.7.1/24".parse::<Subnet>().is_err());
        assert!("198.18.0.0/16".parse::<Subnet>().is_err());
    }
}
