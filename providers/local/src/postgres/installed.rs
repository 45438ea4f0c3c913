//! What is remembered in a server's folder beside its data, and the server that follows from it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use infra_model::value::{Attributes, Value};
use infra_provider::ownership::OwnershipTag;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::certificate::{self, CertificateError};
use super::configuration::{CertificateFiles, Configuration, ServerFiles, Upstream};
use super::listening::network_name;
use super::marker::{self, Marker, MarkerError, Phase};
use super::server::Server;
use super::site::PostgresSite;
use super::slot;
use super::tools::Tools;
use crate::host::disk::DiskError;
use crate::host::launch::Place;
use crate::host::run_directory::RunDirectoryError;
use crate::network::address::attach;
use crate::network::error::NetworkError;

/// What a stack wants of a server, primary or replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the environment, and that of its folders.
    pub name: String,
    /// The major version; a replica has its primary's.
    pub major: Option<u16>,
    /// The segment that it joins; without one it is reached from this machine alone.
    pub segment: Option<String>,
    /// Its port, if the stack fixes one.
    pub port: Option<u16>,
    /// Server parameters, those for a reload and those for a restart.
    pub parameters: BTreeMap<String, String>,
    /// For how many days archived log is kept.
    pub archive_days: u32,
    /// The server that it follows, if it is a replica.
    pub primary: Option<String>,
}

/// The attribute that cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("The attribute `{0}` is not understood")]
pub struct Malformed(pub &'static str);

impl Wanted {
    /// Reads what a stack wants from the inputs of a resource.
    ///
    /// # Errors
    /// [`Malformed`] when lowering and this reader disagree.
    pub fn read(inputs: &Attributes) -> Result<Self, Malformed> {
        let text = |name| inputs.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut parameters = texts(inputs, "parameters")?;
        parameters.extend(texts(inputs, "static_parameters")?);
        Ok(Self {
            name: text("name")
                .filter(|name| is_name(name))
                .ok_or(Malformed("name"))?,
            major: whole(inputs, "version")?,
            segment: text("segment"),
            port: whole(inputs, "port")?,
            parameters,
            archive_days: whole(inputs, "archive_days")?.unwrap_or(1),
            primary: text("primary"),
        })
    }
}

/// Returns a whole number that fits, or nothing where none is set.
pub(crate) fn whole<T: TryFrom<i64>>(
    inputs: &Attributes,
    name: &'static str,
) -> Result<Option<T>, Malformed> {
    match inputs.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_int().and_then(|number| T::try_from(number).ok());
            number.map(Some).ok_or(Malformed(name))
        }
    }
}

/// Returns a map of texts; numbers and truth values count as the text that a configuration file would have.
pub(super) fn texts(inputs: &Attributes, name: &'static str) -> Result<BTreeMap<String, String>, Malformed> {
    let Some(value) = inputs.get(name).filter(|value| !value.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let entries = value.as_map().ok_or(Malformed(name))?;
    let text = |value: &Value| parameter_text(value).ok_or(Malformed(name));
    entries
        .iter()
        .map(|(key, value)| Ok((key.clone(), text(value)?)))
        .collect()
}

/// Returns a parameter's value as a configuration file would have it; nothing for what is no plain value.
#[must_use]
pub fn parameter_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("on".to_owned()),
        Value::Bool(false) => Some("off".to_owned()),
        _ => None,
    }
}

/// A name becomes a folder and a part of paths: it may not lead anywhere else.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// What a server was made with and last changed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Installed {
    /// The inputs that were applied last; a server's inputs hold no secret.
    pub inputs: Attributes,
    /// The cluster that its data belongs to.
    pub cluster: String,
    /// The major version of its data.
    pub major: u16,
    /// The address on which it listens.
    pub host: IpAddr,
    /// The port on which it listens.
    pub port: u16,
    /// Whether it offers TLS.
    pub tls: bool,
}

/// Why what is remembered of a server cannot be used.
#[derive(Debug, Error)]
pub enum InstalledError {
    /// Its marker is foreign or damaged.
    #[error(transparent)]
    Marker(#[from] MarkerError),
    /// A file cannot be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Its inputs are not understood.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// There is no place for its socket.
    #[error(transparent)]
    Run(#[from] RunDirectoryError),
    /// It cannot join its segment.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// It has no certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// It is not there.
    #[error("The server `{name}` does not exist")]
    Gone {
        /// Its name.
        name: String,
    },
}

/// Returns what is remembered of a server, whoever owns it; nothing when there is none.
///
/// # Errors
/// [`MarkerError`] when something foreign is in its place.
pub fn read(site: &PostgresSite, name: &str) -> Result<Option<Marker<Installed>>, MarkerError> {
    marker::read(&site.folder_of(name))
}

/// Returns what is remembered of a server that must be there and whole.
///
/// # Errors
/// [`InstalledError::Gone`] when it is not.
pub fn require(site: &PostgresSite, name: &str) -> Result<Marker<Installed>, InstalledError> {
    let found = read(site, name)?.filter(|marker| marker.phase == Phase::Made);
    found.ok_or_else(|| InstalledError::Gone {
        name: name.to_owned(),
    })
}

/// Returns the marker of a server that is being made, new or from an earlier attempt.
///
/// # Errors
/// [`InstalledError`] when somebody else's server is in its place.
pub fn begin(
    site: &PostgresSite,
    tag: &OwnershipTag,
    installed: Installed,
) -> Result<Marker<Installed>, InstalledError> {
    let wanted = Wanted::read(&installed.inputs)?;
    let folder = site.folder_of(&wanted.name);
    // Refuses what is not ours; what is ours and half made is made anew.
    marker::read_own::<Installed>(&folder, tag)?;
    let marker = Marker::making(tag, installed);
    crate::host::folder::private_directory(&site.folder)?;
    marker::write(&folder, &marker)?;
    Ok(marker)
}

/// Returns where a server's files are.
///
/// # Errors
/// [`RunDirectoryError`] when no directory is short enough for its socket.
pub fn files(
    site: &PostgresSite,
    name: &str,
    primary: Option<&str>,
) -> Result<ServerFiles, RunDirectoryError> {
    Ok(ServerFiles {
        folder: site.folder_of(name),
        sockets: site.sockets(name)?,
        archive: site.folder_of(primary.unwrap_or(name)).join("archive"),
    })
}

/// Returns the server that follows from what is remembered, ready to be started.
///
/// Joins the segment and makes a certificate where they are missing; both keep what they have.
///
/// # Errors
/// [`InstalledError`] when the segment or the primary is gone.
pub async fn server(
    site: &PostgresSite,
    marker: &Marker<Installed>,
    tools: &Tools,
) -> Result<Server, InstalledError> {
    let place = place(site, &Wanted::read(&marker.applied.inputs)?).await?;
    assembled(site, marker, tools, place)
}

/// Returns the same server outside its segment, with no address: only we reach it, at its socket.
///
/// # Errors
/// [`InstalledError`] when the primary is gone.
pub fn withdrawn(
    site: &PostgresSite,
    marker: &Marker<Installed>,
    tools: &Tools,
) -> Result<Server, InstalledError> {
    let mut server = assembled(site, marker, tools, Place::Host)?;
    server.configuration.listen.clear();
    Ok(server)
}

fn assembled(
    site: &PostgresSite,
    marker: &Marker<Installed>,
    tools: &Tools,
    place: Place,
) -> Result<Server, InstalledError> {
    let installed = &marker.applied;
    let wanted = Wanted::read(&installed.inputs)?;
    let files = files(site, &wanted.name, wanted.primary.as_deref())?;
    site.make_run_directory()?;
    let tls = match installed.tls {
        true => Some(certificate(&files, &wanted.name, installed.host)?),
        false => None,
    };
    let upstream = match &wanted.primary {
        Some(primary) => Some(upstream(site, primary, &wanted.name)?),
        None => None,
    };
    Ok(Server {
        configuration: Configuration {
            name: wanted.name,
            files,
            listen: vec![installed.host],
            port: installed.port,
            parameters: wanted.parameters,
            tls,
            upstream,
            peer: tools.peers.seen_from(&place).to_owned(),
            archive_days: wanted.archive_days,
        },
        major: installed.major,
        cluster: installed.cluster.clone(),
        owner: marker.owner.clone(),
        place,
    })
}

fn certificate(files: &ServerFiles, name: &str, host: IpAddr) -> Result<CertificateFiles, CertificateError> {
    certificate::ensure(&files.folder.join("tls"), name, &[host])
}

fn upstream(site: &PostgresSite, primary: &str, name: &str) -> Result<Upstream, InstalledError> {
    let port = require(site, primary)?.applied.port;
    Ok(Upstream {
        sockets: site.sockets(primary)?,
        port,
        slot: slot::name(name),
    })
}

async fn place(site: &PostgresSite, wanted: &Wanted) -> Result<Place, NetworkError> {
    match &wanted.segment {
        Some(segment) => Ok(attach(&site.network, segment, &network_name(&wanted.name))
            .await?
            .place),
        None => Ok(Place::Host),
    }
}

/// Returns the names of all folders of servers and poolers, whatever they hold.
#[must_use]
pub fn names(site: &PostgresSite) -> Vec<String> {
    let entries: Vec<PathBuf> = std::fs::read_dir(&site.folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    entries
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()))
        .collect()
}
