//! Where servers and poolers listen: in a segment on an address of their own, else on a free port of this machine.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use super::site::PostgresSite;
use crate::network::address::{attach, detach};
use crate::network::error::NetworkError;

/// The port of a server that has an address of its own.
pub const STANDARD_PORT: u16 = 5432;

/// Returns the name under which a server or pooler has its address in a segment.
#[must_use]
pub fn network_name(name: &str) -> String {
    format!("postgres/{name}")
}

/// Where a new server listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// Its address.
    pub host: IpAddr,
    /// Its port.
    pub port: u16,
}

/// What decides where a new server or pooler listens.
#[derive(Debug, Clone, Copy)]
pub struct ListenRequest<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its segment.
    pub segment: Option<&'a str>,
    /// Its port, if the stack fixes one.
    pub port: Option<u16>,
    /// The port where it has an address of its own.
    pub standard_port: u16,
}

/// Decides where a new server listens: in a segment on an address of its own, else on a free port of this machine.
///
/// # Errors
/// [`NetworkError`] when the segment has no place for it.
pub async fn listen(site: &PostgresSite, request: &ListenRequest<'_>) -> Result<Listening, NetworkError> {
    if let Some(segment) = request.segment {
        let attachment = attach(&site.network, segment, &network_name(request.name)).await?;
        let port = request.port.unwrap_or(request.standard_port);
        return Ok(Listening {
            host: IpAddr::V4(attachment.address),
            port,
        });
    }
    let port = request
        .port
        .unwrap_or_else(|| free_port(&site.folder_of(request.name)));
    Ok(Listening {
        host: IpAddr::V4(Ipv4Addr::LOCALHOST),
        port,
    })
}

/// Takes a server's or pooler's address back.
///
/// # Errors
/// [`NetworkError`] when it stays.
pub async fn leave(site: &PostgresSite, name: &str, segment: Option<&str>) -> Result<(), NetworkError> {
    match segment {
        Some(segment) => detach(&site.network, segment, &network_name(name)).await,
        None => Ok(()),
    }
}

/// The range from which servers without a segment get their port: below the one from which the kernel takes ports for
/// outgoing connections.
const FREE_PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Returns a port that nobody listens on, the same one for the server of a folder as long as it is free.
#[must_use]
pub fn free_port(folder: &Path) -> u16 {
    let hash = blake3::hash(folder.as_os_str().as_encoded_bytes());
    let [low, high, ..] = *hash.as_bytes();
    let offset = u16::from_le_bytes([low, high]) % (FREE_PORTS.end - FREE_PORTS.start);
    let first = FREE_PORTS.start + offset;
    let is_free = |port: &u16| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    (first..FREE_PORTS.end)
        .chain(FREE_PORTS.start..first)
        .find(is_free)
        .unwrap_or(first)
}
