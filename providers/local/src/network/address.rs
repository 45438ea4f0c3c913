//! Which server of a segment has which address. Remembered in a file, so that a server keeps its address when
//! the machine was started again and all namespaces are made anew.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::error::NetworkError;
use super::segment::{place, remembered};
use super::site::{Script, Site};
use super::subnet::Subnet;
use crate::host::launch::Place;

/// The file of a segment that says which server has which address.
const ADDRESSES_FILE: &str = "addresses.json";
/// Gives the segment's link another address.
const ADD: &str = r#"ip address replace "$1/24" dev eth0"#;
/// Takes an address away; one that is not there is fine.
const REMOVE: &str =
    r#"if ip -oneline address show dev eth0 | grep -qF " $1/"; then ip address delete "$1/24" dev eth0; fi"#;

/// A server's place in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Where it runs.
    pub place: Place,
    /// Its own address, on which all ports are its own.
    pub address: Ipv4Addr,
}

/// Gives a server an address in a segment; the same server gets the same one again.
///
/// # Errors
/// [`NetworkError`] when the segment does not exist or has no free address.
pub async fn attach(site: &Site, segment: &str, server: &str) -> Result<Attachment, NetworkError> {
    let place = place(site, segment)?;
    let address = reserve(site, segment, server).await?;
    if place != Place::Host {
        let action = format!("give `{server}` the address {address}");
        let script = Script {
            arguments: &[&address.to_string()],
            ..Script::new(action, ADD)
        };
        site.script(&place, script).await?;
    }
    Ok(Attachment { place, address })
}

/// Takes a server's address back; a server or segment that is gone is success.
///
/// # Errors
/// [`NetworkError`] when the address stays.
pub async fn detach(site: &Site, segment: &str, server: &str) -> Result<(), NetworkError> {
    let _one_at_a_time = site.changes.lock().await;
    let mut given = read(site, segment)?;
    let Some(address) = given.remove(server) else {
        return Ok(());
    };
    match place(site, segment) {
        Ok(Place::Host) | Err(NetworkError::SegmentGone { .. }) => {}
        Ok(place) => {
            let action = format!("take the address {address} back");
            let script = Script {
                arguments: &[&address.to_string()],
                ..Script::new(action, REMOVE)
            };
            site.script(&place, script).await?;
        }
        Err(other) => return Err(other),
    }
    site.keep(segment, ADDRESSES_FILE, &given)
}

/// Returns the address that a server has in a segment, if it has one.
///
/// # Errors
/// [`NetworkError`] when the file cannot be read.
pub fn of(site: &Site, segment: &str, server: &str) -> Result<Option<Ipv4Addr>, NetworkError> {
    Ok(read(site, segment)?.get(server).copied())
}

/// Returns all addresses that servers of a segment have.
///
/// # Errors
/// [`NetworkError`] when the file cannot be read.
pub fn given(site: &Site, segment: &str) -> Result<BTreeSet<Ipv4Addr>, NetworkError> {
    Ok(read(site, segment)?.into_values().collect())
}

/// Remembered before the link has it: a crash between leaves an address to add again, never two servers with
/// one.
async fn reserve(site: &Site, segment: &str, server: &str) -> Result<Ipv4Addr, NetworkError> {
    let _one_at_a_time = site.changes.lock().await;
    let mut given = read(site, segment)?;
    if let Some(address) = given.get(server) {
        return Ok(*address);
    }
    let taken = given.values().copied().collect();
    let full = || NetworkError::Full {
        segment: segment.to_owned(),
    };
    let subnet = subnet(site, segment)?.ok_or_else(full)?;
    let address = subnet.server(server, &taken).ok_or_else(full)?;
    given.insert(server.to_owned(), address);
    site.keep(segment, ADDRESSES_FILE, &given)?;
    Ok(address)
}

fn subnet(site: &Site, segment: &str) -> Result<Option<Subnet>, NetworkError> {
    Ok(remembered(site, segment)?.and_then(|file| file.cidr.parse().ok()))
}

fn read(site: &Site, segment: &str) -> Result<BTreeMap<String, Ipv4Addr>, NetworkError> {
    Ok(site.kept(segment, ADDRESSES_FILE)?.unwrap_or_default())
}
