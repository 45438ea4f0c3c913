//! Where servers listen: in a segment on an address of their own, else on a free port of this machine.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, TcpListener};

use super::site::RedisSite;
use crate::network::address::{attach, detach};
use crate::network::error::NetworkError;

/// The port of a server that has an address of its own.
pub const STANDARD_PORT: u16 = 6379;
/// The range from which servers without a segment get their port: below the one from which the kernel takes ports for
/// outgoing connections.
const FREE_PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Returns the name under which a server has its address in a segment.
#[must_use]
pub fn network_name(name: &str) -> String {
    format!("redis/{name}")
}

/// Where a server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// Its address.
    pub host: IpAddr,
    /// Its port.
    pub port: u16,
}

/// What decides where a server listens.
#[derive(Debug, Clone, Copy)]
pub struct ListenRequest<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its segment.
    pub segment: Option<&'a str>,
    /// Its port, if the stack fixes one.
    pub port: Option<u16>,
}

/// Decides where a server listens.
///
/// # Errors
/// [`NetworkError`] when the segment has no place for it.
pub async fn listen(site: &RedisSite, request: &ListenRequest<'_>) -> Result<Listening, NetworkError> {
    if let Some(segment) = request.segment {
        let attachment = attach(&site.network, segment, &network_name(request.name)).await?;
        return Ok(Listening {
            host: IpAddr::V4(attachment.address),
            port: request.port.unwrap_or(STANDARD_PORT),
        });
    }
    let port = request
        .port
        .unwrap_or_else(|| free_port(site, request.name, &BTreeSet::new()));
    Ok(Listening {
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port,
    })
}

/// Takes a server's address back.
///
/// # Errors
/// [`NetworkError`] when it stays.
pub async fn leave(site: &RedisSite, name: &str, segment: Option<&str>) -> Result<(), NetworkError> {
    match segment {
        Some(segment) => detach(&site.network, segment, &network_name(name)).await,
        None => Ok(()),
    }
}

/// Returns a port that nobody listens on and that is not taken, the same one for the same name as long as it is free.
pub fn free_port(site: &RedisSite, name: &str, taken: &BTreeSet<u16>) -> u16 {
    let hash = blake3::hash(site.folder_of(name).as_os_str().as_encoded_bytes());
    let [low, high, ..] = *hash.as_bytes();
    let offset = u16::from_le_bytes([low, high]) % (FREE_PORTS.end - FREE_PORTS.start);
    let first = FREE_PORTS.start + offset;
    let is_free =
        |port: &u16| !taken.contains(port) && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (first..FREE_PORTS.end)
        .chain(FREE_PORTS.start..first)
        .find(is_free)
        .unwrap_or(first)
}
